package route_test

import (
	"strings"
	"testing"

	"handover"
	"handover/hl7v2"
	"handover/route"
)

func message(t *testing.T, msh9, msh11 string) *hl7v2.Message {
	t.Helper()
	m, problems := hl7v2.Parse([]byte("MSH|^~\\&|A|B|C|D|20260302||" + msh9 + "|1|" + msh11 + "|2.5.1\rPID|1||900001^^^QSG^MR\r"))
	if m == nil {
		t.Fatal(problems)
	}
	return m
}

var rules = []route.Rule{
	{Name: "admissions", From: []string{"pas"}, When: "v2('MSH-9.1') = 'ADT'", To: []string{"record"},
		Filters: []route.Filter{{Name: "training", When: "v2('MSH-11.1') = 'T'"}}},
	{Name: "results", From: []string{"pas", "lab"}, When: "v2('MSH-9.1') = 'ORU'", To: []string{"record", "archive"}},
	{Name: "copies", From: []string{"lab"}, To: []string{"archive"}},
}

func TestDecide(t *testing.T) {
	table, err := route.New(rules)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		source, msh9, msh11 string
		state               handover.State
		reason, routes, to  string
	}{
		{"pas", "ADT^A01", "P", handover.StateRouted, "", "admissions", "record"},
		{"pas", "ADT^A01", "T", handover.StateFiltered, "admissions/training", "", ""},
		{"pas", "SIU^S12", "P", handover.StateWaiting, "no-route", "", ""},
		{"lab", "ORU^R01", "P", handover.StateRouted, "", "results copies", "record archive"},
		{"lab", "ADT^A01", "T", handover.StateRouted, "", "copies", "archive"},
		{"gp", "ADT^A01", "P", handover.StateWaiting, "no-route", "", ""},
	}
	for _, c := range cases {
		w := table.Decide(c.source, message(t, c.msh9, c.msh11))
		got := []string{string(w.State), w.Reason, strings.Join(w.Routes, " "), strings.Join(w.To, " ")}
		want := []string{string(c.state), c.reason, c.routes, c.to}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s %s %s: got %q, want %q", c.source, c.msh9, c.msh11, got, want)
		}
	}
}

// TestFailingConditionWaits: a condition that cannot be evaluated on a message
// neither passes nor drops it.
func TestFailingConditionWaits(t *testing.T) {
	const fails = "(v2('MSH-9.1') | v2('MSH-9.2')).single() = 'ADT'"
	for name, rule := range map[string]route.Rule{
		"route":  {Name: "r", From: []string{"pas"}, When: fails, To: []string{"record"}},
		"filter": {Name: "r", From: []string{"pas"}, To: []string{"record"}, Filters: []route.Filter{{Name: "f", When: fails}}},
	} {
		table, err := route.New([]route.Rule{rule})
		if err != nil {
			t.Fatal(err)
		}
		w := table.Decide("pas", message(t, "ADT^A01", "P"))
		if w.State != handover.StateWaiting || len(w.To) != 0 || len(w.Problems) == 0 {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func TestNewNamesTheRule(t *testing.T) {
	_, err := route.New([]route.Rule{{Name: "broken", When: "v2('MSH-9.1') ="}})
	if err == nil || !strings.Contains(err.Error(), "route broken") {
		t.Errorf("got %v", err)
	}
	_, err = route.New([]route.Rule{{Name: "r", Filters: []route.Filter{{Name: "broken", When: "PID.("}}}})
	if err == nil || !strings.Contains(err.Error(), "filter broken of route r") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkDecide(b *testing.B) {
	table, err := route.New(rules)
	if err != nil {
		b.Fatal(err)
	}
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.5.1\rPID|1||900001^^^QSG^MR\r"))
	for b.Loop() {
		table.Decide("pas", m)
	}
}
