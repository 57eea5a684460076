package record

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"handover"
	"handover/internal/store"
)

// Whether what composing needs was read ahead or not, before the messages that
// come first are composed, or meanwhile, and whether the facts are applied soon or
// late, the same is written.
func TestExpectChangesNothing(t *testing.T) {
	day := aDay()
	for _, batch := range []int{1, 3, 8, len(day)} {
		want := writesOf(t, day, batch, never, 1<<12)
		for _, cached := range []int{1, 1 << 12} {
			for _, expected := range []expectation{justBefore, meanwhile} {
				got := writesOf(t, day, batch, expected, cached)
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("batches of %d, expected %d, %d states cached, message %d:\ngot  %s\nwant %s", batch, expected, cached, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// expectation says when messages are expected: not at all, right before they are
// composed, or while those before them are.
type expectation int

const (
	never expectation = iota
	justBefore
	meanwhile
)

// writesOf composes the day in batches, each twice as far as is applied, and
// returns what was written.
func writesOf(t *testing.T, day []*said, batch int, expected expectation, cached int) (out []string) {
	t.Helper()
	ctx := context.Background()
	r, err := Open(ctx, Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: testKey, Rules: dayRules,
		CachedStates: cached, StateBytes: cached << 6})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var batches [][]*handover.Assertions
	for i, m := range day {
		if i%batch == 0 {
			batches = append(batches, nil)
		}
		batches[i/batch] = append(batches[i/batch], &m.Assertions)
	}
	expect := func(n int) {
		if n < len(batches) {
			if err := r.Expect(ctx, batches[n]); err != nil {
				t.Error(err)
			}
		}
	}
	var late []handover.Entry
	at := handover.Offset(1)
	for n, messages := range batches {
		var others sync.WaitGroup
		switch expected {
		case justBefore:
			expect(n)
		case meanwhile:
			others.Go(func() { expect(n + 1) })
		}
		before := late
		late = nil
		for i, a := range messages {
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
			at += 3
		}
		others.Wait()
	}
	return out
}

// What is composed while messages are expected counts, and not what Expect read
// before: at each point between, the states it read and keeps are of now.
func TestExpectKeepsNothingOld(t *testing.T) {
	old, now := &state{ref: ref{"Patient", "old"}}, &state{ref: ref{"Patient", "now"}}
	found := func() *ahead {
		return &ahead{
			found: map[ref]*state{old.ref: old, now.ref: now}, leads: map[string]ref{"k": old.ref, "l": now.ref},
			states: map[ref]bool{{"Encounter", "new"}: true}, aliases: map[string]bool{"m": true},
			messages: map[*handover.ResourceAssertion]*composition{{}: nil},
		}
	}
	d := &delta{
		changes: []change{newChange(old, &state{ref: old.ref}), newChange(nil, &state{ref: ref{"Encounter", "new"}})},
		aliases: []aliasRow{{"k", old.ref}, {"m", old.ref}},
	}
	check := func(t *testing.T, f *foresight) {
		t.Helper()
		_, k := f.lead("k")
		_, l := f.lead("l")
		if f.state(old.ref) != nil || f.state(now.ref) == nil || k || !l || f.absent(ref{"Encounter", "new"}) || len(f.unseen([]string{"m"})) == 0 {
			t.Error("what was composed still stands as it was before, or what was not does not")
		}
	}
	t.Run("composed while it reads", func(t *testing.T) {
		var f foresight
		var kept []*state
		f.begin()
		f.made(d)
		f.end(found(), []*state{old, now}, func(s *state) { kept = append(kept, s) })
		check(t, &f)
		if len(kept) != 1 || kept[0] != now {
			t.Error("a state that is old was kept, or another was not")
		}
	})
	t.Run("composed afterwards", func(t *testing.T) {
		var f foresight
		f.begin()
		f.end(found(), nil, func(*state) {})
		f.made(d)
		check(t, &f)
	})
	t.Run("everything is otherwise", func(t *testing.T) {
		var f foresight
		f.begin()
		f.clear()
		f.end(found(), []*state{now}, func(*state) { t.Error("a state was kept") })
		if f.state(now.ref) != nil {
			t.Error("what was found still stands")
		}
	})
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
	if len(r.foresight.all[0].states) == 0 {
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
