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

var record = []route.Target{{}}

var rules = []route.Rule{
	{Name: "admissions", From: []string{"pas"}, When: "v2('MSH-9.1') = 'ADT'", To: record,
		Filters: []route.Filter{{Name: "training", When: "v2('MSH-11.1') = 'T'"}}},
	{Name: "results", From: []string{"pas", "lab"}, When: "v2('MSH-9.1') = 'ORU'", To: []route.Target{{}, {Destination: "archive"}}},
	{Name: "copies", From: []string{"lab"}, To: []route.Target{{Destination: "archive", Hold: true}}},
}

func tableOf(rules ...route.Rule) (*route.Table, error) {
	return route.New(route.Config{
		Rules: rules, Authorities: map[string][]string{"pas": {"NHS", "QSG"}},
		Mark: func(key string) string { return "<" + key + ">" },
	})
}

// targets lists where a message goes.
func targets(w route.Way) string {
	var all []string
	if w.Record {
		all = append(all, "record")
	}
	for _, d := range w.Deliveries {
		all = append(all, d.To)
	}
	return strings.Join(all, " ")
}

func TestDecide(t *testing.T) {
	table, err := tableOf(rules...)
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
		got := []string{string(w.State), w.Reason, strings.Join(w.Routes, " "), targets(w)}
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
		"route":  {Name: "r", From: []string{"pas"}, When: fails, To: record},
		"filter": {Name: "r", From: []string{"pas"}, To: record, Filters: []route.Filter{{Name: "f", When: fails}}},
	} {
		table, err := tableOf(rule)
		if err != nil {
			t.Fatal(err)
		}
		w := table.Decide("pas", message(t, "ADT^A01", "P"))
		if w.State != handover.StateWaiting || targets(w) != "" || len(w.Problems) == 0 {
			t.Errorf("%s: %+v", name, w)
		}
	}
}

func TestNewNamesTheRule(t *testing.T) {
	_, err := tableOf(route.Rule{Name: "broken", When: "v2('MSH-9.1') ="})
	if err == nil || !strings.Contains(err.Error(), "route broken") {
		t.Errorf("got %v", err)
	}
	_, err = tableOf(route.Rule{Name: "r", Filters: []route.Filter{{Name: "broken", When: "PID.("}}})
	if err == nil || !strings.Contains(err.Error(), "filter broken of route r") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkDecide(b *testing.B) {
	table, err := tableOf(rules...)
	if err != nil {
		b.Fatal(err)
	}
	m, _ := hl7v2.Parse([]byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.5.1\rPID|1||900001^^^QSG^MR\r"))
	for b.Loop() {
		table.Decide("pas", m)
	}
}

// TestDeliveries: what shares a key is sent one after the other, and a merge stands
// between what was said of either patient before and after it.
func TestDeliveries(t *testing.T) {
	const head = "MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.5.1\r"
	cases := map[string]struct{ source, key, segments, keys string }{
		"an identifier with its authority": {"pas", "PID-3", "PID|1||1^^^QSG\r", "<QSG|1>"},
		"the most trusted of several":      {"pas", "PID-3", "PID|1||7^^^X~1^^^QSG~9^^^NHS&2.16&ISO\r", "<NHS|9>"},
		"an authority by its universal id": {"pas", "PID-3", "PID|1||7^^^X~9^^^Y&NHS&DNS\r", "<Y|9>"},
		"none is trusted":                  {"lab", "PID-3", "PID|1||7^^^X~1^^^QSG\r", "<X|7>"},
		"an empty repetition first":        {"lab", "PID-3", "PID|1||~1^^^QSG\r", "<QSG|1>"},
		"without an authority":             {"lab", "PID-3", "PID|1||7\r", "<source:lab|7>"},
		"none at all":                      {"lab", "PID-3", "PV1|1\r", "<source:lab>"},
		"null":                             {"lab", "PID-3", "PID|1||\"\"\r", "<source:lab>"},
		"a merge":                          {"pas", "PID-3", "PID|1||1^^^QSG\rMRG|2^^^QSG\r", "<QSG|1> <QSG|2>"},
		"two patients change beds":         {"pas", "PID-3", "PID|1||1^^^QSG\rPV1|1\rPID|2||2^^^QSG\r", "<QSG|1> <QSG|2>"},
		"one of them":                      {"pas", "PID[2]-3", "PID|1||1^^^QSG\rPV1|1\rPID|2||2^^^QSG\r", "<QSG|2>"},
		"a visit":                          {"pas", "PV1-19", "PID|1||1^^^QSG\rMRG|2^^^QSG||||88^^^V\rPV1|1||||||||||||||||||77^^^V\r", "<V|77> <V|88>"},
		"a component":                      {"pas", "MSH-9.2", "PID|1||1^^^QSG\r", "<source:pas|A01>"},
	}
	for name, c := range cases {
		table, err := tableOf(route.Rule{Name: "r", From: []string{"pas", "lab"}, Key: c.key, To: []route.Target{{Destination: "d", Hold: true}}},
			route.Rule{Name: "again", From: []string{"pas"}, Key: "MSH-10", To: []route.Target{{Destination: "d"}}})
		if err != nil {
			t.Fatal(err)
		}
		m, problems := hl7v2.Parse([]byte(head + c.segments))
		if m == nil {
			t.Fatal(problems)
		}
		w := table.Decide(c.source, m)
		if len(w.Deliveries) != 1 {
			t.Fatalf("%s: %d deliveries", name, len(w.Deliveries))
		}
		d := w.Deliveries[0]
		if got := strings.Join(d.Keys, " "); got != c.keys || d.To != "d" || d.Route != "r" || !d.Hold {
			t.Errorf("%s: %+v, want keys %s", name, d, c.keys)
		}
	}
}

// TestKeys: what is sent by hand has the keys of the route that leads there.
func TestKeys(t *testing.T) {
	table, err := tableOf(route.Rule{Name: "r", From: []string{"pas"}, Key: "PV1-19", To: []route.Target{{Destination: "d"}}})
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, "ADT^A01", "P")
	for _, c := range []struct{ source, to, want string }{{"pas", "d", "<source:pas>"}, {"pas", "other", "<QSG|900001>"}, {"lab", "d", "<QSG|900001>"}} {
		if got := strings.Join(table.Keys(c.source, c.to, m), " "); got != c.want {
			t.Errorf("from %s to %s: %s, want %s", c.source, c.to, got, c.want)
		}
	}
}
