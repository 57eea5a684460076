package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// Difference is a key whose rows are not the same on both sides.
type Difference struct {
	Key  int64
	What string
}

// Comparison says what is compared: a query that yields an integer key, by
// which it is ordered, and what is to be equal for it. The rows of one key may
// come in any order.
type Comparison struct {
	Query string
	Skip  func(key int64) bool // keys that are not compared; nil: none
	Limit int                  // differences at most
}

// Compare runs the query on what is kept and on what it should be, and returns
// where they differ.
func (c Comparison) Compare(ctx context.Context, kept, should *Tx) ([]Difference, error) {
	a, err := newSums(ctx, kept, c.Query)
	if err != nil {
		return nil, err
	}
	defer a.rows.Close()
	b, err := newSums(ctx, should, c.Query)
	if err != nil {
		return nil, err
	}
	defer b.rows.Close()
	return c.merge(a, b)
}

func (c Comparison) merge(kept, should *sums) (out []Difference, err error) {
	err = errors.Join(kept.advance(), should.advance())
	for err == nil && (kept.more || should.more) && len(out) < c.Limit {
		d := Difference{Key: kept.key}
		switch {
		case !should.more || kept.more && kept.key < should.key:
			d.What, err = "the facts do not give it", kept.advance()
		case !kept.more || should.key < kept.key:
			d.Key = should.key
			d.What, err = "it is missing", should.advance()
		default:
			if kept.sum != should.sum {
				d.What = "it differs from what the facts give"
			}
			err = errors.Join(kept.advance(), should.advance())
		}
		if d.What != "" && (c.Skip == nil || !c.Skip(d.Key)) {
			out = append(out, d)
		}
	}
	return out, err
}

// sums is a stream of (key, sum of the rows' digests), by rising key.
type sums struct {
	rows *sql.Rows
	key  int64
	sum  [4]uint64
	more bool
	held bool // a row of the next key was read already
	next int64
	part [4]uint64
	dest []any
	vals []any
}

func newSums(ctx context.Context, tx *Tx, query string) (*sums, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	s := &sums{rows: rows, vals: make([]any, len(columns)-1)}
	s.dest = []any{&s.next}
	for i := range s.vals {
		s.dest = append(s.dest, &s.vals[i])
	}
	return s, nil
}

// read takes one row in.
func (s *sums) read() (bool, error) {
	if !s.rows.Next() {
		return false, s.rows.Err()
	}
	if err := s.rows.Scan(s.dest...); err != nil {
		return false, err
	}
	h := sha256.New()
	for _, v := range s.vals {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		text := fmt.Sprint(v)
		fmt.Fprintf(h, "%d %s\n", len(text), text)
	}
	sum := h.Sum(nil)
	for i := range s.part {
		s.part[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return true, nil
}

// advance goes to the next key. Digests of a key's rows are added up, so that
// their order does not count.
func (s *sums) advance() error {
	var err error
	if !s.held {
		if s.held, err = s.read(); err != nil {
			return err
		}
	}
	s.more, s.sum = s.held, [4]uint64{}
	for s.key = s.next; s.held && s.next == s.key; {
		for i := range s.sum {
			s.sum[i] += s.part[i]
		}
		if s.held, err = s.read(); err != nil {
			return err
		}
	}
	return nil
}
