package record

import (
	"context"
	"slices"
	"testing"

	"handover"
	"handover/internal/store"
)

func renamed(r *handover.ResourceAssertion) { r.Renamed = true }

// a47 changes the old number to the new one.
func a47(minute int, number, old string) *said {
	m := message("pas", "ADT^A47", minute)
	return m.say("Patient", "p", id("PAS", number), id("PAS", old), renamed, set("name", `[{"family":"Example"}]`))
}

// known is a day of one patient under two numbers, which are found to be of one.
func known() []*said {
	listed := func(minute int, number string) *said {
		return message("pas", "ADT^A01", minute).patient(number).
			say("AllergyIntolerance", "a", scoped("p", "PENI"), of("p"), refer("patient", "p"))
	}
	resulted := func(minute int, number, status string) *said {
		return message("lab", "ORU^R01", minute).patient(number).
			say("DiagnosticReport", "d", order("LAB", "FI-1"), of("p"), refer("subject", "p"), refer("result", "o")).
			say("Observation", "o", scoped("d", "718-7"), of("p"), refer("subject", "p"), set("status", `"`+status+`"`))
	}
	return []*said{
		listed(1, "1"), resulted(2, "1", "preliminary"), listed(3, "2"), resulted(4, "2", "final"),
		message("pas", "ADT^A01", 5).patient("3"), a40(6, "3", "1"), a47(7, "2", "1"), resulted(8, "2", "corrected"),
	}
}

func TestAChangedNumberUnitesWhatBothHad(t *testing.T) {
	for _, apply := range []bool{true, false} {
		l := newLedger(t, nil)
		l.r = open(t, store.Place{Dir: t.TempDir()}, Config{Fact: l.fact})
		for _, m := range known() {
			l.compose(m)
			if apply {
				l.apply()
			}
		}
		l.apply()
		if diffs := l.verify(); diffs != nil {
			t.Errorf("the facts alone give other tables: %+v", diffs)
		}
		now, old := patientID("1"), patientID("2")
		for typ, n := range map[string]int{"Patient": 2, "AllergyIntolerance": 1, "DiagnosticReport": 1, "Observation": 1} {
			if found := l.count(typ); found != n {
				t.Errorf("%s: %d resources, want %d", typ, found, n)
			}
		}
		if found := l.count("Observation", Condition{Param: "patient", Values: []string{old}}); found != 1 {
			t.Errorf("the id that is no longer one finds %d results", found)
		}
		everything := handover.Everything(handover.Engine)
		v, err := l.r.Read(context.Background(), everything, 0, "Patient", old)
		if err != nil || v.ID != now {
			t.Errorf("the old id reads as %s, %v", v.ID, err)
		}
		if v, err = l.r.VRead(context.Background(), everything, 0, "Patient", old, 1); err != nil || v.ID != old {
			t.Errorf("its first version reads as %s, %v", v.ID, err)
		}
		want(t, "link of the one that replaces", l.current("Patient", patientID("3"))["link"],
			[]any{map[string]any{"other": map[string]any{"reference": "Patient/" + now}, "type": "replaces"}})
		lineage, err := l.r.Lineage(context.Background(), everything, 0, "Patient", now, 0)
		if err != nil || !slices.ContainsFunc(lineage.Elements, func(e ElementLineage) bool { return e.Element == "name" }) {
			t.Errorf("nothing says where the name came from: %+v, %v", lineage.Elements, err)
		}
	}
}

// A source whose word on the numbers does not count unites nothing.
func TestAChangedNumberByOneWhoDoesNotOwn(t *testing.T) {
	l := sqlite(t, Rules{Owns: map[string][]string{"crm": {"Patient"}}})
	w := l.hear(known()...)
	if w.United != nil || l.count("Patient") != 3 {
		t.Errorf("united %+v", w.United)
	}
}

func (l *ledger) count(resourceType string, where ...Condition) int {
	l.t.Helper()
	page, err := l.r.Search(context.Background(), handover.Everything(handover.Engine), Query{Type: resourceType, Where: where})
	if err != nil {
		l.t.Fatal(err)
	}
	return len(page.Resources)
}
