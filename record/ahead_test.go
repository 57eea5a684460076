package record

import (
	"context"
	"encoding/json"
	"testing"

	"handover"
	"handover/internal/store"
)

// Whether what composing needs was read ahead or not, and whether the facts are
// applied soon or late, the same is written.
func TestExpectChangesNothing(t *testing.T) {
	day := aDay()
	for _, batch := range []int{1, 3, 8, len(day)} {
		want := writesOf(t, day, batch, false, 1<<12)
		for _, cached := range []int{1, 1 << 12} {
			got := writesOf(t, day, batch, true, cached)
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("batches of %d, %d states cached, message %d:\ngot  %s\nwant %s", batch, cached, i, got[i], want[i])
				}
			}
		}
	}
}

// writesOf composes the day in batches, each twice as far as is applied, and
// returns what was written.
func writesOf(t *testing.T, day []*said, batch int, expect bool, cached int) (out []string) {
	t.Helper()
	ctx := context.Background()
	r, err := Open(ctx, Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: testKey, Rules: dayRules,
		CachedStates: cached, StateBytes: cached << 6})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var late []handover.Entry
	for from := 0; from < len(day); from += batch {
		var messages []*handover.Assertions
		for _, m := range day[from:min(from+batch, len(day))] {
			messages = append(messages, &m.Assertions)
		}
		if expect {
			if err := r.Expect(ctx, messages); err != nil {
				t.Fatal(err)
			}
		}
		before := late
		late = nil
		for i, a := range messages {
			at := handover.Offset(3*(from+i) + 1)
			if i == len(messages)/2 { // in the middle, as the applier may
				if err := r.Apply(ctx, before); err != nil {
					t.Fatal(err)
				}
			}
			w, err := r.Compose(ctx, at, *a)
			if err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(body))
			late = append(late,
				handover.Entry{Offset: at + 1, Header: handover.Header{Kind: handover.Asserted, Cause: at}},
				handover.Entry{Offset: at + 2, Header: handover.Header{Kind: handover.Written, Cause: at}})
		}
	}
	return out
}

// What Expect found missing is found once another message has made it.
func TestExpectAfterTheFact(t *testing.T) {
	ctx := context.Background()
	r, err := Open(ctx, Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: testKey, Rules: dayRules, CachedStates: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, second := message("pas", "ADT^A01", 1).patient("1"), message("pas", "ADT^A08", 2).patient("1", set("gender", `"female"`))
	if err := r.Expect(ctx, []*handover.Assertions{&second.Assertions}); err != nil {
		t.Fatal(err)
	}
	if len(r.ahead.states) == 0 {
		t.Fatal("nothing was found missing")
	}
	if _, err := r.Compose(ctx, 1, first.Assertions); err != nil {
		t.Fatal(err)
	}
	facts := []handover.Entry{
		{Offset: 2, Header: handover.Header{Kind: handover.Asserted, Cause: 1}},
		{Offset: 3, Header: handover.Header{Kind: handover.Written, Cause: 1}},
	}
	if err := r.Apply(ctx, facts); err != nil {
		t.Fatal(err)
	}
	r.states.clear() // as if it had been pushed out
	w, err := r.Compose(ctx, 4, second.Assertions)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Writes) != 1 || w.Writes[0].Version != 2 {
		t.Errorf("the second message did not find the patient of the first: %d writes", len(w.Writes))
	}
}
