package record

import (
	"testing"

	"handover"
)

// A word said again renews only who said it last; older word, other word and
// another voice are heard as ever.
func TestSaidAgain(t *testing.T) {
	l := sqlite(t, Rules{})
	doctor := func(source string, minute int, family string) *said {
		return message(source, "ADT^A08", minute).say("Practitioner", "d", id("HOUSE", "1001"),
			set("name", `[{"family":"`+family+`"}]`), set("active", `true`))
	}
	if w := l.compose(doctor("wards", 10, "Specimen")); len(w.Writes) != 1 {
		t.Fatalf("first word: %+v", w)
	}
	for _, applied := range []bool{false, true} {
		if applied {
			l.apply()
		}
		w := l.compose(doctor("wards", 20, "Specimen"))
		if len(w.Writes) != 0 || len(w.Same) != 1 || w.Same[0].Reason != "" {
			t.Errorf("the same again, applied %t: %+v", applied, w)
		}
	}
	if w := l.compose(doctor("wards", 15, "Specimen")); len(w.Writes) != 0 || len(w.Older) != 1 || w.Older[0].Reason != "newer word stands: name, active" {
		t.Errorf("older word, and the same: %+v", w)
	}
	if w := l.compose(doctor("wards", 15, "Placeholder")); len(w.Writes) != 0 || len(w.Older) != 1 {
		t.Errorf("older word than that said again: %+v", w)
	}
	if w := l.compose(doctor("lab", 12, "Specimen")); len(w.Writes) != 0 || len(w.Older) != 1 {
		t.Errorf("another voice, older: %+v", w)
	}
	if w := l.compose(doctor("wards", 30, "Example")); len(w.Writes) != 1 || w.Writes[0].Version != 2 {
		t.Errorf("other word: %+v", w)
	}
	l.apply()
	want(t, "differences", l.verify(), []Difference(nil))
}

// Composing a message that was expected with other resources, or of which the
// resources came to mean something else since, hears it anew.
func TestExpectedAndChanged(t *testing.T) {
	l := sqlite(t, Rules{})
	visit := func(patient string) *said {
		return message("wards", "ADT^A01", 1).say("Patient", "p", id("HOUSE", patient), set("active", `true`)).
			say("Observation", "o", order("", "7"), of("p"), set("status", `"final"`))
	}
	ids := func(w handover.Writes) (out []string) {
		for _, v := range w.Writes {
			out = append(out, v.ID)
		}
		return out
	}
	expected := visit("1")
	if err := l.r.Expect(t.Context(), []*handover.Assertions{&expected.Assertions}); err != nil {
		t.Fatal(err)
	}
	expected.Resources = expected.Resources[:1]
	got := l.compose(expected)
	again := visit("1")
	want(t, "the first resource alone", ids(got), ids(got)[:1])
	whole := l.compose(again)
	want(t, "the other one afterwards", len(whole.Writes), 1)
	other := l.compose(visit("2"))
	want(t, "another patient's, with numbers of its own", len(other.Writes), 2)
}
