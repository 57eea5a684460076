package trace_test

import (
	"context"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/trace"
)

func (f *facts) after(_ context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	rest := (*f)[min(int(after), len(*f)):]
	return rest[:min(len(rest), limit)], nil
}

func verify(t *testing.T, tr *trace.Trace, f *facts) []trace.Difference {
	t.Helper()
	var done, total handover.Offset
	diffs, err := tr.Verify(t.Context(), store.Place{Dir: t.TempDir()}, f.after, func(d, of handover.Offset) { done, total = d, of })
	if err != nil {
		t.Fatal(err)
	}
	if done != total || int(total) != len(*f) {
		t.Errorf("ended at %d of %d, want %d", done, total, len(*f))
	}
	return diffs
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, place store.Place) {
		f := day()
		tr := open(t, place, f)
		if err := tr.Apply(t.Context(), *f); err != nil {
			t.Fatal(err)
		}
		if diffs := verify(t, tr, f); len(diffs) != 0 {
			t.Fatalf("nothing was changed, found %v", diffs)
		}
		db, err := store.Open(t.Context(), store.Config{Place: place, Name: "trace", Schema: trace.Schema})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, c := range []struct {
			change string
			want   trace.Difference
		}{
			{`DELETE FROM message WHERE id = 8`, trace.Difference{Table: "message", Key: 8, What: "it is missing"}},
			{`DELETE FROM patient WHERE id = 6`, trace.Difference{Table: "patient", Key: 6, What: "it is missing"}},
			{`UPDATE message SET state = 'routed' WHERE id = 6`, trace.Difference{Table: "message", Key: 6, What: "it differs from what the facts give"}},
			{`INSERT INTO fact VALUES (9, 77, 4, 0)`, trace.Difference{Table: "fact", Key: 9, What: "it differs from what the facts give"}},
			{`INSERT INTO fact VALUES (99, 77, 4, 0)`, trace.Difference{Table: "fact", Key: 99, What: "the facts do not give it"}},
		} {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), c.change)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, d := range verify(t, tr, f) {
				found = found || d == c.want
			}
			if !found {
				t.Errorf("%s: not found", c.change)
			}
		}
	})
}

// TestVerifyAfterRetention: what was read from bytes that are gone stays in the
// trace, and is no fault; what the facts still say is compared.
func TestVerifyAfterRetention(t *testing.T) {
	f := day()
	tr := open(t, store.Place{Dir: t.TempDir()}, f)
	if err := tr.Apply(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	for i := range *f {
		if (*f)[i].Kind == handover.Received {
			(*f)[i].Body, (*f)[i].Gone = handover.Body{}, true
		}
	}
	if diffs := verify(t, tr, f); len(diffs) != 0 {
		t.Errorf("found %v", diffs)
	}
	(*f)[0].Source = "lab"
	if diffs := verify(t, tr, f); len(diffs) != 1 || diffs[0].Key != 1 {
		t.Errorf("another source: found %v", diffs)
	}
}

// TestVerifyOfTooShortJournal: a trace that is ahead of its journal is told.
func TestVerifyOfTooShortJournal(t *testing.T) {
	f := day()
	tr := open(t, store.Place{Dir: t.TempDir()}, f)
	if err := tr.Apply(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	short := (*f)[:5]
	_, err := tr.Verify(t.Context(), store.Place{Dir: t.TempDir()}, (&short).after, nil)
	if handover.KindOf(err) != handover.Invalid {
		t.Errorf("verified: %v", err)
	}
}
