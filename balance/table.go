package balance

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// schema: see docs/formats/balance.md.
var schema = []string{`
CREATE TABLE total (
	hour INTEGER NOT NULL,
	part TEXT NOT NULL,
	name TEXT NOT NULL,
	what TEXT NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (part, hour, name, what)
) WITHOUT ROWID;
CREATE TABLE hour (
	hour  INTEGER PRIMARY KEY,
	first INTEGER NOT NULL
);
CREATE TABLE chunk (
	chunk    INTEGER PRIMARY KEY,
	messages INTEGER NOT NULL,
	weight   INTEGER NOT NULL,
	versions INTEGER NOT NULL,
	touched  INTEGER NOT NULL,
	body     BLOB NOT NULL
);
CREATE TABLE book (
	part INTEGER PRIMARY KEY,
	body BLOB NOT NULL
);
`}

// load reads the book as it was written last.
func load(ctx context.Context, db *store.DB) (*book, error) {
	b := newBook()
	b.ledger.read = func(n int64) (body []byte, err error) {
		err = db.Read(ctx, func(tx *store.Tx) error {
			return tx.Each(ctx, `SELECT body FROM chunk WHERE chunk = ?`, []any{n}, func(scan func(...any) error) error { return scan(&body) })
		})
		return body, err
	}
	err := db.Read(ctx, func(tx *store.Tx) error {
		var body []byte
		if err := tx.Each(ctx, `SELECT body FROM book`, nil, func(scan func(...any) error) error { return scan(&body) }); err != nil {
			return err
		}
		if len(body) > 0 {
			if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&b.kept); err != nil {
				return fmt.Errorf("reading the book: %w", err)
			}
		}
		if err := tx.Each(ctx, `SELECT hour, first FROM hour ORDER BY hour`, nil, func(scan func(...any) error) error {
			var h hour
			err := scan(&h.hour, &h.first)
			b.hours = append(b.hours, h)
			return err
		}); err != nil {
			return err
		}
		return tx.Each(ctx, `SELECT chunk, messages, weight, versions, touched FROM chunk ORDER BY chunk`, nil, func(scan func(...any) error) error {
			var n int64
			var s summary
			err := scan(&n, &s.messages, &s.weight, &s.versions, &s.touched)
			for int64(len(b.ledger.sums)) < n {
				b.ledger.sums = append(b.ledger.sums, summary{})
			}
			b.ledger.sums = append(b.ledger.sums, s)
			return err
		})
	})
	b.begin()
	return b, err
}

// save writes what has changed.
func (b *book) save(ctx context.Context, db *store.DB) error {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(&b.kept); err != nil {
		return err
	}
	var totals, hours [][]any
	for k, n := range b.totals {
		totals = append(totals, []any{k.hour, k.part, k.name, k.what, n})
	}
	for _, h := range b.hours[len(b.hours)-b.newHours:] {
		hours = append(hours, []any{h.hour, int64(h.first)})
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.ExecEach(ctx, `INSERT INTO total (hour, part, name, what, n) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (part, hour, name, what) DO UPDATE SET n = total.n + excluded.n`, totals),
			tx.Insert(ctx, "hour", []string{"hour", "first"}, hours),
			b.ledger.write(ctx, tx),
			tx.ExecEach(ctx, `INSERT INTO book (part, body) VALUES (0, ?) ON CONFLICT (part) DO UPDATE SET body = excluded.body`, [][]any{{body.Bytes()}}),
			tx.SetApplied(ctx, int64(b.kept.At)),
		)
	})
	if err != nil {
		return &handover.Error{Op: "writing the balance", Kind: handover.Unavailable, Err: err}
	}
	clear(b.totals)
	b.newHours = 0
	b.ledger.written()
	return nil
}
