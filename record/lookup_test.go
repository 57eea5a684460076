package record

import (
	"math/rand/v2"
	"testing"

	"handover/internal/store"
)

// Sweeping moves rows, and loses and doubles none, wherever it begins; the small
// tree stays small.
func TestSweep(t *testing.T) {
	r := open(t, store.Place{Dir: t.TempDir()}, Config{})
	random := rand.New(rand.NewPCG(3, 4))
	l := newLookups()
	want, rid := map[lookupRow]bool{}, int64(0)
	for range 200 {
		err := r.db.Write(t.Context(), func(tx *store.Tx) error {
			rows := make([]lookupRow, 1500)
			for i := range rows {
				rid++
				rows[i] = lookupRow{int64(random.Uint64()), rid}
				want[rows[i]] = true
			}
			return l.add(t.Context(), tx, rows)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var recent int64
	err := r.db.Read(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Get(t.Context(), []any{&recent}, `SELECT COUNT(*) FROM lookup_recent`); err != nil {
			return err
		}
		return tx.Each(t.Context(), `SELECT hash, rid FROM lookup`, nil, func(scan func(...any) error) error {
			var row lookupRow
			if err := scan(&row.hash, &row.rid); err != nil {
				return err
			}
			if !want[row] {
				t.Errorf("%v is there twice, or was never added", row)
			}
			delete(want, row)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) > 0 {
		t.Errorf("%d rows are gone", len(want))
	}
	if recent > sweepRound {
		t.Errorf("%d rows wait, of %d that came", recent, rid)
	}
}
