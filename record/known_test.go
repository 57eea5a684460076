package record

import (
	"context"
	"fmt"
	"testing"

	"handover"
	"handover/internal/store"
)

// After a start, ids that are in the tables are known as soon as any is told to
// be unknown, and hardly any other is taken for known.
func TestKnownIDsAfterAStart(t *testing.T) {
	ctx := context.Background()
	place := store.Place{Dir: t.TempDir()}
	r, err := Open(ctx, Config{Place: place, SiteKey: testKey, Rules: dayRules})
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(t, r)
	l.hear(aDay()...)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(ctx, Config{Place: place, SiteKey: testKey, Rules: dayRules}); err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.known.unknown("nobody") {
		t.Fatal("an id is unknown before the tables were looked at")
	}
	for range 3 {
		if err := r.Expect(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !r.known.unknown("nobody") {
		t.Error("an id that nothing has is taken for known")
	}
	count := 0
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(ctx, `SELECT id FROM resource UNION ALL SELECT key FROM alias`, nil, func(scan func(...any) error) error {
			var id string
			if err := scan(&id); err != nil {
				return err
			}
			if count++; r.known.unknown(id) {
				t.Errorf("%s is in the tables and taken for unknown", id)
			}
			return nil
		})
	})
	if err != nil || count == 0 {
		t.Fatal(count, err)
	}
}

// No id that was added is ever unknown, and of others few are known, however
// many layers there are.
func TestKnownIDs(t *testing.T) {
	k := &knownIDs{ready: true}
	name := func(i int) string { return handover.ResourceID(testKey, "Patient", "TEST", fmt.Sprint(i)) }
	const n = 5 * firstLayer
	for i := range n {
		k.add(name(i))
	}
	for i := range n {
		if k.unknown(name(i)) {
			t.Fatalf("id %d is taken for unknown", i)
		}
	}
	wrong := 0
	for i := range n {
		if !k.unknown(name(n + i)) {
			wrong++
		}
	}
	if wrong > n/20 {
		t.Errorf("%d of %d ids are taken for known", wrong, n)
	}
	if len(k.layers) != 3 {
		t.Errorf("%d layers", len(k.layers))
	}
	k.clear()
	if !k.unknown(name(0)) {
		t.Error("an id is known after clear")
	}
}
