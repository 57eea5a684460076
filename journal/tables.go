package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
	"handover/internal/store"
)

// sharedSchema adds to the volumes' tables what several processes need.
var sharedSchema = append(append([]string{}, schema...), `
	CREATE TABLE chunk (name TEXT, n INTEGER, data BLOB NOT NULL,
		born INTEGER NOT NULL DEFAULT `+clock+`, PRIMARY KEY (name, n));
	CREATE TABLE lease (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, holder TEXT NOT NULL,
		expires INTEGER NOT NULL, tail INTEGER NOT NULL);
	INSERT INTO lease VALUES (1, 0, '', 0, 0)`)

// clock is the database's own, in milliseconds: the nodes' clocks differ.
const clock = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

// tables is the ledger in PostgreSQL.
type tables struct {
	db     *store.DB
	holder string // this process
	lease  time.Duration
	chunks chunkStore

	mu      sync.Mutex
	epoch   int64 // of the lease that we hold; 0: none
	renewed time.Time
	swept   time.Time
	acked   handover.Offset

	names *nameTable // the appender's
}

func openTables(ctx context.Context, c Config) (*tables, error) {
	db, err := store.Open(ctx, store.Config{Place: store.Place{URL: c.URL}, Name: "journal",
		Schema: sharedSchema, Durable: true, Readers: 8})
	if err != nil {
		return nil, err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	return &tables{db: db, holder: hex.EncodeToString(id[:]), lease: c.Lease, chunks: chunkStore{db}}, nil
}

// acquire takes the lease if nobody holds it, and returns the last offset. Who
// was a moment too late in renewing it has lost it, and must read the
// journal's end again before the next append: errFenced.
func (t *tables) acquire(ctx context.Context) (handover.Offset, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.epoch != 0 {
		return t.acked, nil
	}
	var epoch, tail int64
	err := t.db.Write(ctx, func(tx *store.Tx) error {
		free, err := tx.Get(ctx, []any{&epoch, &tail}, `UPDATE lease
			SET epoch = epoch + 1, holder = ?, expires = `+clock+` + ?
			WHERE id = 1 AND (expires < `+clock+` OR holder = ?) RETURNING epoch, tail`,
			t.holder, t.lease.Milliseconds(), t.holder)
		if err == nil && !free {
			err = errFenced
		}
		if err == nil {
			t.names, err = loadNames(ctx, tx)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	t.epoch, t.acked, t.renewed = epoch, handover.Offset(tail), time.Now()
	return t.acked, nil
}

// holds reports whether we held the lease when we last knew.
func (t *tables) holds() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.epoch != 0
}

func (t *tables) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.epoch = 0
}

// append commits on condition that the lease and the tail are still ours. The
// row of the lease stays locked until the commit, so no one else's facts come
// between, however slow it is.
func (t *tables) append(ctx context.Context, c *commit) error {
	err := t.db.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE lease SET tail = ?, expires = `+clock+` + ?
			WHERE id = 1 AND epoch = ? AND tail = ?`,
			int64(c.last()), t.lease.Milliseconds(), t.epoch, int64(c.first()-1))
		if err == nil && n != 1 {
			err = errFenced
		}
		if err != nil {
			return err
		}
		return insert(ctx, tx, c, t.names)
	})
	var unknown *store.CommitError
	if errors.As(err, &unknown) {
		err = t.resolve(ctx, c, err)
	}
	t.names.settle(err == nil)
	switch {
	case err == nil:
		t.mu.Lock()
		t.acked, t.renewed = c.last(), time.Now()
		t.mu.Unlock()
	case errors.Is(err, errFenced), errors.Is(err, errUnknown):
		t.lose()
	}
	return err
}

// resolve finds out whether a commit whose answer did not come was made: the
// epoch and the tail are ours alone.
func (t *tables) resolve(ctx context.Context, c *commit, cause error) error {
	var epoch, tail int64
	err := t.db.Write(ctx, func(tx *store.Tx) error { // waits for the lost one to end
		_, err := tx.Get(ctx, []any{&epoch, &tail}, `SELECT epoch, tail FROM lease WHERE id = 1 FOR UPDATE`)
		return err
	})
	if err == nil && epoch == t.epoch && tail == int64(c.last()) {
		return nil
	}
	return errors.Join(errUnknown, cause, err)
}

func (t *tables) read(ctx context.Context, from handover.Offset, limit int) (out []fact, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		names, err := t.readNames(ctx, tx)
		if err != nil {
			return err
		}
		out, err = selectFacts(ctx, tx, names, from, endless, limit)
		return err
	})
	return out, err
}

// readNames returns names that are at least as new as the transaction. The
// appender's own serve only while the lease is still its own in this
// transaction: another appender may have given numbers that it does not know.
func (t *tables) readNames(ctx context.Context, tx *store.Tx) (*nameTable, error) {
	t.mu.Lock()
	names, epoch := t.names, t.epoch
	t.mu.Unlock()
	if epoch != 0 {
		var now int64
		if _, err := tx.Get(ctx, []any{&now}, `SELECT epoch FROM lease WHERE id = 1`); err != nil {
			return nil, err
		}
		if now == epoch {
			return names, nil
		}
	}
	return loadNames(ctx, tx)
}

func (t *tables) node(ctx context.Context, level int, n int64) (h tlog.Hash, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		h, err = selectNode(ctx, tx, level, n)
		return err
	})
	return h, err
}

// seal has nothing to do: there are no volumes.
func (t *tables) seal(context.Context) error { return nil }

func (t *tables) marks(ctx context.Context, f func(markBlock) bool) error {
	return t.db.Read(ctx, func(tx *store.Tx) error {
		_, err := selectMarks(ctx, tx, f)
		return err
	})
}

func (t *tables) tail(ctx context.Context) (at handover.Offset, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		at, err = selectTail(ctx, tx, endless)
		return err
	})
	return at, err
}

func (t *tables) large() (largeStore, handover.Offset) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.chunks, t.acked + 1
}

// tend keeps the lease while nothing is appended, and sweeps once an hour.
func (t *tables) tend(ctx context.Context) error {
	if err := t.renew(ctx); err != nil {
		return err
	}
	if !t.holds() || time.Since(t.swept) < time.Hour {
		return nil
	}
	t.swept = time.Now()
	return t.chunks.sweep(ctx)
}

func (t *tables) renew(ctx context.Context) error {
	t.mu.Lock()
	due := t.epoch != 0 && time.Since(t.renewed) > t.lease/3
	epoch := t.epoch
	t.mu.Unlock()
	if !due {
		return nil
	}
	var n int64
	err := t.db.Write(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Exec(ctx, `UPDATE lease SET expires = `+clock+` + ? WHERE id = 1 AND epoch = ?`,
			t.lease.Milliseconds(), epoch)
		return err
	})
	if err != nil {
		return fmt.Errorf("renewing the append lease: %w", err)
	}
	if n == 1 {
		t.mu.Lock()
		t.renewed = time.Now()
		t.mu.Unlock()
	}
	return nil // if it was lost, the next append says so
}

// close gives the lease back, so that another process need not wait for it.
func (t *tables) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var err error
	if t.holds() {
		err = t.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE lease SET expires = 0 WHERE id = 1 AND epoch = ?`, t.epoch)
			return err
		})
	}
	return errors.Join(err, t.db.Close())
}

// expire removes bodies in place, a stretch of facts at a time.
func (t *tables) expire(ctx context.Context, e expiry) (removed int64, err error) {
	for from := handover.Offset(1); ; {
		facts, err := t.read(ctx, from, rewriteBatch)
		if err != nil || len(facts) == 0 || facts[0].head.Time.UnixMilli() >= e.before {
			return removed, err
		}
		n, err := t.expireSome(ctx, facts, e)
		removed += n
		if err != nil {
			return removed, err
		}
		from = facts[len(facts)-1].at + 1
	}
}

func (t *tables) expireSome(ctx context.Context, facts []fact, e expiry) (removed int64, err error) {
	err = t.db.Write(ctx, func(tx *store.Tx) error {
		for i := range facts {
			f := &facts[i]
			if !e.takes(f) {
				continue
			}
			if s, err := parseBody(f.at, f.body); err == nil && s.form == formFile {
				if err := dropChunks(ctx, tx, s.name); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `UPDATE fact SET body = NULL WHERE at = ?`, int64(f.at)); err != nil {
				return err
			}
			removed++
		}
		return nil
	})
	return removed, err
}
