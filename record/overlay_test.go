package record

import (
	"bytes"
	"context"
	"testing"

	"handover"
	"handover/internal/store"
)

// What waits to be applied is as it was composed, whether it was encoded by then
// or not, and the next message finds it.
func TestSlimStatesAreWhole(t *testing.T) {
	ctx := context.Background()
	r, err := Open(ctx, Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: testKey, Rules: dayRules})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for i, m := range aDay() {
		at := handover.Offset(i + 1)
		if _, err := r.Compose(ctx, at, m.Assertions); err != nil {
			t.Fatal(err)
		}
		d := r.overlay.delta(at)
		d.encoded()
		for _, c := range d.changes {
			got := r.overlay.state(c.after.ref)
			if c.after.packed == nil || got.packed != nil || !bytes.Equal(encodedState(got), c.after.packed) || got.rid != c.after.rid ||
				!bytes.Equal(got.content, c.after.content) || got.version != c.after.version || got.patient != c.after.patient {
				t.Errorf("message %d: %s is not what was composed", i, c.after.ref)
			}
			if c.before != nil {
				t.Errorf("message %d: %s is held as it was before", i, c.after.ref)
			}
			n++
		}
	}
	if n == 0 {
		t.Error("nothing was composed")
	}
}
