package record

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// reading gives the ledger's entries as a journal would.
func (l *ledger) reading(_ context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	rest := l.entries[min(int(after), len(l.entries)):]
	return rest[:min(limit, len(rest))], nil
}

func (l *ledger) verify() []Difference {
	l.t.Helper()
	diffs, err := l.r.Verify(context.Background(), store.Place{Dir: l.t.TempDir()}, l.reading, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return diffs
}

// TestTheFactsAloneGiveTheSameTables composes a shuffled day with rules, applies
// it in batches of any size, and lets Verify build it again from the facts,
// without rules, one batch.
func TestTheFactsAloneGiveTheSameTables(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		random := rand.New(rand.NewPCG(1, 2))
		day := aDay()
		random.Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
		l := newLedger(t, open(t, at, Config{Rules: dayRules}))
		for _, m := range day {
			l.compose(m)
			if random.IntN(3) == 0 {
				l.apply()
			}
		}
		l.apply()
		if diffs := l.verify(); len(diffs) > 0 {
			t.Errorf("differences: %v", diffs)
		}
	})
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	for name, harm := range map[string]string{
		"version":   `DELETE FROM version`,
		"resource":  `UPDATE resource SET patient = 0 WHERE rid = 2`,
		"token":     `INSERT INTO token (param, value, rid, system) VALUES (1, 'x', 1, 0)`,
		"reference": `DELETE FROM reference`,
		"pack":      `UPDATE pack SET body = x'00'`,
	} {
		l := sqlite(t, Rules{})
		l.hear(message("pas", "ADT^A01", 1).patient("1").encounter("V1", "in-progress"))
		l.hear(message("pas", "ADT^A03", 2).patient("1").encounter("V1", "finished"))
		if diffs := l.verify(); len(diffs) > 0 {
			t.Fatalf("%s: differences before: %v", name, diffs)
		}
		err := l.r.db.Write(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(context.Background(), harm)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		diffs := l.verify()
		if len(diffs) == 0 || diffs[0].Table != name {
			t.Errorf("%s: got %v", name, diffs)
		}
	}
}

func TestRebuildAndGoOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{Rules: dayRules}))
		day := aDay()
		l.hear(day[:15]...)
		if err := l.r.Rebuild(context.Background()); err != nil {
			t.Fatal(err)
		}
		if l.r.Applied() != 0 {
			t.Fatalf("applied %d after emptying", l.r.Applied())
		}
		l.apply()
		l.hear(day[15:]...)
		whole := newLedger(t, open(t, storetest.SQLite(t), Config{Rules: dayRules}))
		whole.hear(aDay()...)
		if !slices.Equal(contents(t, l.r), contents(t, whole.r)) {
			t.Error("a record that was built again goes on differently")
		}
	})
}

func TestApplyAgainChangesNothing(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1"), message("pas", "ADT^A08", 2).patient("1", set("gender", `"male"`)))
	l.apply()
	l.apply()
	p := l.current("Patient", patientID("1"))
	want(t, "version", p["meta"].(map[string]any)["versionId"], "2")
}

func TestAnAssertedFactWaitsForItsWrittenFact(t *testing.T) {
	ctx := context.Background()
	dir := store.Place{Dir: t.TempDir()}
	r, err := Open(ctx, Config{Place: dir, SiteKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	l := newLedger(t, r)
	l.compose(message("pas", "ADT^A01", 1).patient("1"))
	if err := r.Apply(ctx, l.entries[:2]); err != nil {
		t.Fatal(err)
	}
	if r.Applied() != 1 {
		t.Errorf("applied %d, so that a restart would miss the asserted fact", r.Applied())
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, Config{})
	if err := again.Apply(ctx, l.entries[again.Applied():]); err != nil {
		t.Fatal(err)
	}
	if again.Applied() != 3 {
		t.Errorf("applied %d of 3", again.Applied())
	}
	l.r = again
	l.current("Patient", patientID("1"))
}

// TestPass: offsets that hold nothing for the record count as applied, but never
// past an asserted fact whose written one is still to come.
func TestPass(t *testing.T) {
	ctx := context.Background()
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1"))
	if err := l.r.Apply(ctx, l.entries[:2]); err != nil {
		t.Fatal(err)
	}
	if l.r.Pass(9); l.r.Applied() != 1 {
		t.Errorf("applied %d before the written fact came", l.r.Applied())
	}
	l.apply()
	if l.r.Pass(9); l.r.Applied() != 9 {
		t.Errorf("applied %d of 9", l.r.Applied())
	}
	if l.r.Pass(4); l.r.Applied() != 9 {
		t.Errorf("applied fell to %d", l.r.Applied())
	}
}

func TestAWrittenFactAloneIsRefused(t *testing.T) {
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1"))
	err := l.r.Apply(context.Background(), l.entries[2:])
	if handover.KindOf(err) != handover.Invalid {
		t.Errorf("got %v", err)
	}
	if l.r.Applied() != 0 {
		t.Errorf("applied %d", l.r.Applied())
	}
}

func TestCauseMayBeTheAssertedFact(t *testing.T) {
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1"))
	l.entries[2].Cause = 2
	l.apply()
	l.current("Patient", patientID("1"))
	if diffs := l.verify(); len(diffs) > 0 {
		t.Errorf("differences: %v", diffs)
	}
}

func TestResetForgetsWhatWasNotAppended(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1"))
	lost := message("pas", "ADT^A08", 2).patient("1", set("gender", `"male"`))
	if _, err := l.r.Compose(context.Background(), l.next, lost.Assertions); err != nil {
		t.Fatal(err)
	}
	l.r.Reset()
	w := l.hear(message("pas", "ADT^A08", 3).patient("1", set("birthDate", `"1980"`)))
	want(t, "version", w.Writes[0].Version, 2)
	if _, ok := l.content(w, "Patient")["gender"]; ok {
		t.Error("what was never journalled is in the record")
	}
}

func TestComposeSeesWhatIsNotAppliedYet(t *testing.T) {
	l := sqlite(t, Rules{})
	for i := range 5 {
		w := l.compose(message("pas", "ADT^A08", i).patient("1", set("birthDate", fmt.Sprintf(`"198%d"`, i))))
		want(t, "version", w.Writes[0].Version, i+1)
	}
	l.apply()
	if n := len(l.r.overlay.states) + len(l.r.overlay.aliases) + len(l.r.overlay.deltas); n > 0 {
		t.Errorf("%d things stay in memory after they are applied", n)
	}
}

func TestAFailedApplyCanBeTriedAgain(t *testing.T) {
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1").encounter("V1", "planned"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.r.Apply(ctx, l.entries); err == nil {
		t.Fatal("a cancelled apply went through")
	}
	l.apply()
	l.current("Patient", patientID("1"))
	if diffs := l.verify(); len(diffs) > 0 {
		t.Errorf("differences: %v", diffs)
	}
}

func TestAFactWhoseBodyIsGoneStopsTheBuilding(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1"))
	if err := l.r.Rebuild(context.Background()); err != nil {
		t.Fatal(err)
	}
	entries := slices.Clone(l.entries)
	entries[2].Gone, entries[2].Body = true, handover.Body{}
	if err := l.r.Apply(context.Background(), entries); handover.KindOf(err) != handover.Gone {
		t.Errorf("got %v", err)
	}
}
