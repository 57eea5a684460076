package record

import (
	"context"
	"testing"
	"time"

	"handover"
	"handover/bodies"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// keepAsJournal keeps what was composed as the engine does: shapes, if there are
// new ones, what was asserted, and what was written.
func (l *ledger) keepAsJournal(m *said, w handover.Writes) {
	shapes, asserted, written, _ := l.r.Facts(nil, l.next, &m.Assertions, &w)
	message := l.next
	for kind, body := range [...][]byte{nil, shapes, asserted, written} {
		if kind == 1 && shapes == nil {
			continue
		}
		e := handover.Entry{Offset: l.next, Body: handover.Body{Bytes: body}}
		e.Kind = [...]handover.FactKind{handover.Received, handover.Shaped, handover.Asserted, handover.Written}[kind]
		e.Time, e.Format = day.Add(time.Duration(l.next)*time.Second), bodies.MediaType
		if kind > 1 {
			e.Cause = message
		}
		l.entries = append(l.entries, e)
		l.next++
	}
}

func (l *ledger) composeAsJournal(m *said) {
	l.t.Helper()
	w, err := l.r.Compose(context.Background(), l.next, m.Assertions)
	if err != nil {
		l.t.Fatal(err)
	}
	l.keepAsJournal(m, w)
}

// The record numbers shapes as the journal does, through whatever happens to it.
func TestShapesAreThoseOfTheJournal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		r := open(t, at, Config{})
		l := newLedger(t, r)
		l.composeAsJournal(message("pas", "ADT^A01", 1).patient("7", set("gender", `"male"`)))
		l.apply()
		first := r.form.Shapes.Len()

		// What was composed in vain leaves no numbers behind.
		lost := message("pas", "ADT^A08", 2).patient("7", set("maritalStatus", `{"text":"x"}`))
		w, err := r.Compose(t.Context(), l.next, lost.Assertions)
		if err != nil {
			t.Fatal(err)
		}
		if shapes, _, _, _ := r.Facts(nil, l.next, &lost.Assertions, &w); shapes == nil || r.form.Shapes.Len() == first {
			t.Fatal("the message brought no new shape")
		}
		r.Reset()
		if r.form.Shapes.Len() != first {
			t.Fatalf("%d shapes, want the %d of the journal", r.form.Shapes.Len(), first)
		}
		l.composeAsJournal(message("pas", "ADT^A08", 3).patient("7", set("birthDate", `"1970"`), set("active", `true`)))
		l.apply()

		// Who opens the same tables goes on with the same numbers.
		again := open(t, at, Config{Fact: l.fact})
		if again.form.Shapes.Len() != r.form.Shapes.Len() || again.shapes != r.shapes {
			t.Fatalf("%d shapes after opening, want %d", again.form.Shapes.Len(), r.form.Shapes.Len())
		}
		l.r = again
		l.composeAsJournal(message("pas", "ADT^A08", 4).patient("7", set("gender", `"female"`)))
		if last := l.entries[len(l.entries)-3]; last.Kind != handover.Received {
			t.Errorf("shapes that are known were said again: %s", last.Kind)
		}
		l.apply()
		found, err := again.Verify(t.Context(), store.Place{Dir: t.TempDir()}, l.reading, nil)
		if err != nil || len(found) > 0 {
			t.Errorf("%v, %v", found, err)
		}
		lineage, err := again.Lineage(t.Context(), all, 0, "Patient", patientID("7"), 0)
		if err != nil || len(lineage.Elements) != 4 || lineage.Elements[0].Origins[0].Rule == "" {
			t.Errorf("%+v, %v", lineage, err)
		}
	})
}
