package trace

import (
	"context"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// Difference is a place where the tables do not hold what the facts give.
type Difference struct {
	Table string
	// Key is a message's offset.
	Key  handover.Offset
	What string
}

// MaxDifferences is how many differences Verify reports at most.
const MaxDifferences = 100

const verifyBatch = 500

// Reader reads the journal's entries after an offset, at most limit of them.
type Reader func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)

// Verify builds the trace a second time from the facts, in the scratch place,
// which must be empty, and compares every table row by row. What only the bytes
// of a message said (type, control id, patient, size) cannot be compared where
// retention has removed them. It looks at the trace as it is when Verify
// begins. progress, if not nil, is told how far it is.
func (t *Trace) Verify(ctx context.Context, scratch store.Place, read Reader, progress func(done, total handover.Offset)) ([]Difference, error) {
	again, err := Open(ctx, Config{Place: scratch, Facts: t.facts})
	if err != nil {
		return nil, err
	}
	defer again.Close()
	if at, err := again.Applied(ctx); err != nil || at != 0 {
		return nil, errors.Join(err, &handover.Error{Op: "verifying the trace", Kind: handover.Usage,
			Err: errors.New("the scratch place is not empty")})
	}
	var out []Difference
	err = t.db.Read(ctx, func(kept *store.Tx) error {
		upTo, err := kept.Applied(ctx)
		if err != nil {
			return err
		}
		gone, err := again.follow(ctx, handover.Offset(upTo), read, progress)
		if err != nil {
			return err
		}
		return again.db.Read(ctx, func(should *store.Tx) error {
			out, err = compareTables(ctx, kept, should, gone)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("verifying the trace: %w", err)
	}
	return out, nil
}

// follow applies the facts up to an offset, and notes whose bytes are gone.
func (t *Trace) follow(ctx context.Context, upTo handover.Offset, read Reader, progress func(done, total handover.Offset)) (gone offsets, err error) {
	for at := handover.Offset(0); at < upTo; {
		entries, err := read(ctx, at, verifyBatch)
		if err != nil {
			return gone, err
		}
		for len(entries) > 0 && entries[len(entries)-1].Offset > upTo {
			entries = entries[:len(entries)-1]
		}
		if len(entries) == 0 {
			return gone, &handover.Error{Op: "reading facts", Kind: handover.Invalid, Where: "offset " + at.String(),
				Err: errors.New("the journal ends before what the trace has applied")}
		}
		if err := t.Apply(ctx, entries); err != nil {
			return gone, err
		}
		for _, e := range entries {
			if e.Kind == handover.Received && e.Gone || e.Kind == handover.Repeated && gone.has(e.Cause) {
				gone.add(e.Offset)
			}
		}
		at = entries[len(entries)-1].Offset
		if progress != nil {
			progress(at, upTo)
		}
	}
	return gone, nil
}

// comparisons yield the offset of a message and what is to be equal for it.
// Those that hold what only its bytes said are left out where these are gone.
var comparisons = []struct {
	table, key, query string
	bytes             bool
}{
	{"message", "id", `SELECT id, source, received, state, reason, answer, first FROM message`, false},
	{"message", "id", `SELECT id, type, control, size FROM message`, true},
	{"patient", "id", `SELECT id, identifier FROM patient`, true},
	{"fact", "cause", `SELECT cause, id, kind, time FROM fact`, false},
}

func compareTables(ctx context.Context, kept, should *store.Tx, gone offsets) (out []Difference, err error) {
	for _, t := range comparisons {
		c := store.Comparison{Query: t.query, Key: t.key, Limit: MaxDifferences - len(out)}
		if t.bytes {
			c.Skip = func(key int64) bool { return gone.has(handover.Offset(key)) }
		}
		found, err := c.Compare(ctx, kept, should)
		if err != nil {
			return nil, fmt.Errorf("comparing table %s: %w", t.table, err)
		}
		for _, d := range found {
			out = append(out, Difference{t.table, handover.Offset(d.Key), d.What})
		}
	}
	return out, nil
}

// offsets is a set of offsets, one bit each.
type offsets []uint64

func (o *offsets) add(at handover.Offset) {
	for int64(len(*o)) <= int64(at)/64 {
		*o = append(*o, 0)
	}
	(*o)[at/64] |= 1 << (at % 64)
}

func (o offsets) has(at handover.Offset) bool {
	return int64(at)/64 < int64(len(o)) && o[at/64]>>(at%64)&1 == 1
}

// CopyTo writes the trace as it is at one moment into a new SQLite file.
func (t *Trace) CopyTo(ctx context.Context, path string) error { return t.db.CopyTo(ctx, path) }
