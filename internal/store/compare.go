package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// Difference is a key whose rows are not the same on both sides.
type Difference struct {
	Key  int64
	What string
}

// Comparison says what is compared: a query that yields an integer key, and what is
// to be equal for it. The rows of one key may come in any order.
type Comparison struct {
	Query string               // without an order
	Key   string               // the expression that yields the key
	Skip  func(key int64) bool // keys that are not compared; nil: none
	Limit int                  // differences at most
}

// Compare runs the query on what is kept and on what it should be, and returns
// where they differ. Both sides are read at the same time, and sorted only if
// they differ at all: to sort a large table takes more room than all else.
func (c Comparison) Compare(ctx context.Context, kept, should *Tx) ([]Difference, error) {
	same, err := c.same(ctx, kept, should)
	if err != nil || same {
		return nil, err
	}
	ordered := c.Query + ` ORDER BY ` + c.Key
	a, err := newSums(ctx, kept, ordered)
	if err != nil {
		return nil, err
	}
	defer a.rows.Close()
	b, err := newSums(ctx, should, ordered)
	if err != nil {
		return nil, err
	}
	defer b.rows.Close()
	return c.merge(a, b)
}

// same reports whether both sides have the same rows.
func (c Comparison) same(ctx context.Context, kept, should *Tx) (bool, error) {
	var sums [2]digest
	var errs [2]error
	var group sync.WaitGroup
	for i, tx := range []*Tx{kept, should} {
		group.Go(func() { sums[i], errs[i] = c.total(ctx, tx) })
	}
	group.Wait()
	return sums[0] == sums[1], errors.Join(errs[:]...)
}

// total returns the sum of the digests of all rows.
func (c Comparison) total(ctx context.Context, tx *Tx) (digest, error) {
	s, err := newSums(ctx, tx, c.Query)
	if err != nil {
		return digest{}, err
	}
	defer s.rows.Close()
	var sum digest
	for {
		more, err := s.read()
		if err != nil || !more {
			return sum, err
		}
		if c.Skip == nil || !c.Skip(s.next) {
			sum.add(s.part)
		}
	}
}

// digest is the SHA-256 of a row, or the sum of several, which does not depend on
// their order.
type digest [4]uint64

func (d *digest) add(other digest) {
	for i := range d {
		d[i] += other[i]
	}
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
	sum  digest
	more bool
	held bool // a row of the next key was read already
	next int64
	part digest
	dest []any
	vals []any
	text []byte
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
	s.text = strconv.AppendInt(s.text[:0], s.next, 10)
	for _, v := range s.vals {
		s.text = appendValue(s.text, v)
	}
	sum := sha256.Sum256(s.text)
	for i := range s.part {
		s.part[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return true, nil
}

// appendValue writes a value after its length, as both stores give it.
func appendValue(b []byte, value any) []byte {
	before := len(b)
	b = append(b, make([]byte, 8)...)
	switch v := value.(type) {
	case int64:
		b = strconv.AppendInt(b, v, 10)
	case string:
		b = append(b, v...)
	case []byte:
		b = append(b, v...)
	default:
		b = fmt.Append(b, v)
	}
	binary.BigEndian.PutUint64(b[before:], uint64(len(b)-before-8))
	return b
}

// advance goes to the next key.
func (s *sums) advance() error {
	var err error
	if !s.held {
		if s.held, err = s.read(); err != nil {
			return err
		}
	}
	s.more, s.sum = s.held, digest{}
	for s.key = s.next; s.held && s.next == s.key; {
		s.sum.add(s.part)
		if s.held, err = s.read(); err != nil {
			return err
		}
	}
	return nil
}
