package record

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"handover/internal/store"
)

// lookups keeps the table in which every id and every key of an identifier is
// found by its hash. Hashes come in no order, so that in one large tree each new
// one writes a page of its own. Those that are new therefore go into a small
// tree, lookup_recent, and a sweep takes them over into the large one, one
// stretch of hashes after the other: each of its pages is then written once for
// many rows. Queries ask the view over both.
type lookups struct {
	at   int64 // where the next sweep begins
	owed int   // rows that came since the last
}

const (
	// sweepRound is how many new rows go into one sweep over all hashes: on
	// average half as many are in the small tree.
	sweepRound = 1 << 17
	// sweepEach is how many new rows a sweep waits for.
	sweepEach = 1 << 11
)

// newLookups begins anywhere: what was swept last is not kept, and whoever starts
// often must not begin at the same place each time.
func newLookups() lookups { return lookups{at: int64(rand.Uint64())} }

// lookupRow is one row: the hash of a resource, or of what an identifier's key
// would be called, and the resource that it leads to.
type lookupRow struct{ hash, rid int64 }

// add writes rows, and sweeps if it is time to.
func (l *lookups) add(ctx context.Context, tx *store.Tx, rows []lookupRow) error {
	slices.SortFunc(rows, func(a, b lookupRow) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.rid, b.rid))
	})
	args := make([][]any, len(rows))
	for i, r := range rows {
		args[i] = []any{r.hash, r.rid}
	}
	if err := tx.Insert(ctx, "lookup_recent", []string{"hash", "rid"}, args); err != nil {
		return err
	}
	l.owed += len(rows)
	if l.owed < sweepEach {
		return nil
	}
	return l.sweep(ctx, tx)
}

// sweep takes over the hashes from where the last one ended, as many of all as the
// rows that came are of a round. After a failure nothing is lost by going on with
// the next stretch.
func (l *lookups) sweep(ctx context.Context, tx *store.Tx) error {
	from, last := l.at, int64(math.MaxInt64)
	width := int64(math.MaxInt64)
	if l.owed < sweepRound/2 {
		width = math.MaxInt64 / (sweepRound / 2) * int64(l.owed)
	}
	if from <= math.MaxInt64-width {
		last = from + width - 1
	}
	l.at, l.owed = last+1, 0 // after the last hash comes the first
	for _, query := range []string{
		`INSERT INTO lookup_settled SELECT hash, rid FROM lookup_recent WHERE hash BETWEEN ? AND ? ORDER BY hash, rid`,
		`DELETE FROM lookup_recent WHERE hash BETWEEN ? AND ?`,
	} {
		if _, err := tx.Exec(ctx, query, from, last); err != nil {
			return err
		}
	}
	return nil
}
