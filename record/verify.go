package record

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// Difference is a resource or pack for which the tables do not hold what the
// facts give.
type Difference struct {
	Table string
	Key   int64 // row of the resource, or pack
	What  string
}

// Facts reads the journal's entries after an offset, at most limit of them.
type Facts func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)

// MaxDifferences is how many differences Verify reports at most.
const MaxDifferences = 100

const verifyBatch = 500

// Rebuild empties the tables. The facts must then be applied again from the
// first.
func (r *Record) Rebuild(ctx context.Context) error {
	r.composing.Lock()
	defer r.composing.Unlock()
	r.applying.Lock()
	defer r.applying.Unlock()
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		for _, table := range []string{"name", "resource", "version", "pack", "alias", "contest", "token", "date", "reference"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		return tx.SetApplied(ctx, 0)
	})
	if err != nil {
		return &handover.Error{Op: "emptying the record", Kind: kindOf(err), Err: err}
	}
	r.overlay.clear()
	r.states.clear()
	r.packs.clear()
	r.pending = nil
	return r.remember(ctx)
}

// Verify builds the record a second time from the facts, in the scratch place,
// which must be empty, and compares every table row by row, bodies included.
// Facts wait to be applied while it runs. progress, if not nil, is told the
// offset reached.
func (r *Record) Verify(ctx context.Context, scratch store.Place, facts Facts, progress func(handover.Offset)) ([]Difference, error) {
	const op = "verifying the record"
	r.applying.Lock()
	defer r.applying.Unlock()
	again, err := Open(ctx, Config{Place: scratch, Name: "verify", SiteKey: r.siteKey, Index: r.index})
	if err != nil {
		return nil, err
	}
	defer again.Close()
	if again.Applied() != 0 {
		return nil, &handover.Error{Op: op, Kind: handover.Usage, Err: errors.New("the scratch place is not empty")}
	}
	upTo := r.applied.at()
	for at := handover.Offset(0); at < upTo; {
		entries, err := facts(ctx, at, verifyBatch)
		if err != nil {
			return nil, &handover.Error{Op: op, Kind: kindOf(err), Err: err}
		}
		for len(entries) > 0 && entries[len(entries)-1].Offset > upTo {
			entries = entries[:len(entries)-1]
		}
		if len(entries) == 0 {
			return nil, &handover.Error{Op: op, Kind: handover.Invalid, Where: "offset " + at.String(),
				Err: errors.New("the journal ends before what the record has applied")}
		}
		if err := again.Apply(ctx, entries); err != nil {
			return nil, err
		}
		at = entries[len(entries)-1].Offset
		if progress != nil {
			progress(at)
		}
	}
	var out []Difference
	for _, t := range verifyTables {
		diffs, err := compareTable(ctx, r.db, again.db, t.name, t.query)
		if err != nil {
			return nil, &handover.Error{Op: op, Kind: kindOf(err), Err: err}
		}
		out = append(out, diffs...)
	}
	return out[:min(len(out), MaxDifferences)], nil
}

// verifyTables yield a key and what is to be equal for it. Numbers of names are
// resolved, for they may be given in another order.
var verifyTables = []struct{ name, query string }{
	{"resource", `SELECT r.rid, t.name, r.id, r.version, r.pack, r.place, r.held, r.heldat, r.patient, s.name
		FROM resource r LEFT JOIN name t ON t.id = r.type LEFT JOIN name s ON s.id = r.source ORDER BY r.rid`},
	{"version", `SELECT rid, version, pack, place FROM version ORDER BY rid`},
	{"pack", `SELECT pack, time, message, asserted, body FROM pack ORDER BY pack`},
	{"alias", `SELECT rid, key FROM alias ORDER BY rid`},
	{"contest", `SELECT rid, patient FROM contest ORDER BY rid`},
	{"token", `SELECT x.rid, p.name, x.value, s.name FROM token x
		LEFT JOIN name p ON p.id = x.param LEFT JOIN name s ON s.id = x.system ORDER BY x.rid`},
	{"date", `SELECT x.rid, p.name, x.low, x.high FROM date x LEFT JOIN name p ON p.id = x.param ORDER BY x.rid`},
	{"reference", `SELECT x.rid, p.name, x.target FROM reference x LEFT JOIN name p ON p.id = x.param ORDER BY x.rid`},
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
	vals []any
}

func compareTable(ctx context.Context, one, two *store.DB, table, query string) (out []Difference, err error) {
	err = one.Read(ctx, func(tx1 *store.Tx) error {
		return two.Read(ctx, func(tx2 *store.Tx) error {
			a, err := newSums(ctx, tx1, query)
			if err != nil {
				return err
			}
			defer a.rows.Close()
			b, err := newSums(ctx, tx2, query)
			if err != nil {
				return err
			}
			defer b.rows.Close()
			out, err = compareSums(table, a, b)
			return err
		})
	})
	return out, err
}

func compareSums(table string, a, b *sums) (out []Difference, err error) {
	if err := errors.Join(a.advance(), b.advance()); err != nil {
		return nil, err
	}
	for (a.more || b.more) && len(out) < MaxDifferences {
		switch {
		case !b.more || a.more && a.key < b.key:
			out = append(out, Difference{table, a.key, "the facts do not give it"})
			err = a.advance()
		case !a.more || b.key < a.key:
			out = append(out, Difference{table, b.key, "it is missing"})
			err = b.advance()
		default:
			if a.sum != b.sum {
				out = append(out, Difference{table, a.key, "it differs from what the facts give"})
			}
			err = errors.Join(a.advance(), b.advance())
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newSums(ctx context.Context, tx *store.Tx, query string) (*sums, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	s := &sums{rows: rows, vals: make([]any, len(columns))}
	return s, nil
}

// read takes one row in.
func (s *sums) read() (bool, error) {
	if !s.rows.Next() {
		return false, s.rows.Err()
	}
	dest := make([]any, len(s.vals))
	dest[0] = &s.next
	for i := 1; i < len(dest); i++ {
		dest[i] = &s.vals[i]
	}
	if err := s.rows.Scan(dest...); err != nil {
		return false, err
	}
	h := sha256.New()
	for _, v := range s.vals[1:] {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		fmt.Fprintf(h, "%v\x00", v)
	}
	sum := h.Sum(nil)
	for i := range s.part {
		s.part[i] = 0
		for _, c := range sum[8*i : 8*i+8] {
			s.part[i] = s.part[i]<<8 | uint64(c)
		}
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
