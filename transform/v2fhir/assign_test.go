package v2fhir

import (
	"testing"

	"handover/hl7v2"
)

// A separator stands between what is valued; "^" keeps the place of what is not.
func TestJoin(t *testing.T) {
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|||||||A^^C\rPID|1||X^Y||^^Z\r"))
	r := newRun(New(Config{}), m)
	defer r.release()
	at := func(field, comp int) setPart { return setPart{ref: &ref{segment: "PID", field: field, comp: comp}} }
	of := func(comp int) setPart { return setPart{ref: &ref{segment: "MSH", field: 9, comp: comp}} }
	text := func(s string) setPart { return setPart{literal: s} }
	r.see("MSH", m.First("MSH"))
	r.see("PID", m.First("PID"))
	for _, c := range []struct {
		name  string
		parts []setPart
		want  string
		ok    bool
	}{
		{"both valued", []setPart{at(3, 1), text(" "), at(3, 2)}, "X Y", true},
		{"the second is not", []setPart{at(3, 1), text(" "), at(3, 3)}, "X", true},
		{"the first is not", []setPart{at(5, 1), text(" "), at(5, 3)}, "Z", true},
		{"a blank between does not stay", []setPart{at(3, 1), text(" "), at(3, 3), text(" "), at(3, 2)}, "X Y", true},
		{"a part that is counted does", []setPart{of(1), text("^"), of(2), text("^"), of(3)}, "A^^C", true},
		{"none at the end", []setPart{of(1), text("^"), of(2)}, "A", true},
		{"a beginning stays", []setPart{text("+"), at(3, 1)}, "+X", true},
		{"nothing valued", []setPart{at(5, 1), text("-"), at(5, 2)}, "", false},
		{"a text alone", []setPart{text("home")}, "home", true},
	} {
		if got, ok := join(c.parts, r.stand(m.First("OBX"))); got != c.want || ok != c.ok {
			t.Errorf("%s: got %q, %v, want %q, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
