package record

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

func home(value string) option { return part("telecom", "PID-13", `[{"value":"`+value+`"}]`) }
func work14(value string) option {
	return part("telecom", "PID-14", `[{"value":"`+value+`"}]`)
}

// telecom hears the messages and returns the values of Patient.telecom.
func telecom(t *testing.T, rules Rules, messages ...*said) string {
	t.Helper()
	l := sqlite(t, rules)
	l.hear(messages...)
	list, _ := l.current("Patient", patientID("1"))["telecom"].([]any)
	var values []string
	for _, v := range list {
		values = append(values, v.(map[string]any)["value"].(string))
	}
	return strings.Join(values, " ")
}

func TestAPartKeepsItsNewestWord(t *testing.T) {
	pas := func(minute int, o ...option) *said { return message("pas", "ADT^A08", minute).patient("1", o...) }
	crm := func(minute int, o ...option) *said { return message("crm", "ADT^A31", minute).patient("1", o...) }
	both := pas(1, work14("w1"), home("h1"))
	ranked := Rules{Owns: map[string][]string{"pas": {"Patient"}, "crm": {"Patient"}}, Precedence: []string{"crm", "pas"}}
	for name, c := range map[string]struct {
		rules    Rules
		messages []*said
		want     string
	}{
		"in natural order":          {messages: []*said{pas(1, part("telecom", "PID-13", `[{"value":"b"}]`), part("telecom", "PID-2", `[{"value":"a"}]`))}, want: "a b"},
		"silent of one":             {messages: []*said{both, pas(2, home("h2"))}, want: "h2 w1"},
		"silent of all":             {messages: []*said{both, pas(2, set("gender", `"male"`))}, want: "h1 w1"},
		"null for one":              {messages: []*said{both, pas(2, gonePart("telecom", "PID-14"))}, want: "h1"},
		"null for both":             {messages: []*said{both, pas(2, gonePart("telecom", "PID-14")), pas(3, gonePart("telecom", "PID-13"))}, want: ""},
		"null, then said again":     {messages: []*said{both, pas(2, gonePart("telecom", "PID-14")), pas(3, work14("w3"))}, want: "h1 w3"},
		"older news of one":         {messages: []*said{pas(5, home("h5")), both}, want: "h5 w1"},
		"an older null":             {messages: []*said{both, pas(0, gonePart("telecom", "PID-14"))}, want: "h1 w1"},
		"nobody owns: the newest":   {messages: []*said{both, crm(2, work14("w2"))}, want: "h1 w2"},
		"owned: the owner's alone":  {rules: Rules{Owns: map[string][]string{"pas": {"Patient"}}}, messages: []*said{pas(1, home("h1")), crm(2, work14("w2"))}, want: "h1"},
		"ranked: one makes all":     {rules: ranked, messages: []*said{both, crm(2, work14("w2"))}, want: "w2"},
		"ranked: the first silent":  {rules: ranked, messages: []*said{both, crm(2, set("gender", `"male"`))}, want: "h1 w1"},
		"the whole is a part too":   {messages: []*said{pas(1, set("telecom", `[{"value":"a"}]`)), pas(2, home("h2"))}, want: "a h2"},
		"the whole after":           {messages: []*said{pas(1, home("h1")), pas(2, set("telecom", `[{"value":"a"}]`))}, want: "a h1"},
		"null for the whole":        {messages: []*said{pas(1, home("h1"), set("telecom", `[{"value":"a"}]`)), pas(2, gone("telecom"))}, want: "h1"},
		"twice in one message":      {messages: []*said{pas(1, home("h1"), home("h2"))}, want: "h2"},
		"merged: beside what it is": {messages: []*said{both, pas(2, home("h2")), a40(3, "1", "2")}, want: "h2 w1"},
	} {
		if got := telecom(t, c.rules, c.messages...); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		slices.Reverse(c.messages)
		if got := telecom(t, c.rules, c.messages...); got != c.want {
			t.Errorf("%s, the other way round: got %q, want %q", name, got, c.want)
		}
	}
}

func TestPartsOfAnObjectAreMerged(t *testing.T) {
	l := sqlite(t, Rules{})
	w := l.hear(
		message("pas", "ADT^A01", 1).patient("1").encounter("V1", "in-progress", part("period", "PV1-44", `{"start":"2031-03-04"}`),
			part("hospitalization", "PV1-14", `{"admitSource":{"text":"a"}}`)),
		message("pas", "ADT^A03", 2).patient("1").encounter("V1", "finished", part("period", "PV1-45", `{"end":"2031-03-05"}`),
			part("hospitalization", "PV1-36", `{"dischargeDisposition":{"text":"d"}}`)),
	)
	got := l.content(w, "Encounter")
	want(t, "period", got["period"], map[string]any{"start": "2031-03-04", "end": "2031-03-05"})
	want(t, "hospitalization", got["hospitalization"], map[string]any{"admitSource": map[string]any{"text": "a"}, "dischargeDisposition": map[string]any{"text": "d"}})
	w = l.hear(message("pas", "ADT^A13", 3).patient("1").encounter("V1", "in-progress", corrects, gonePart("period", "PV1-45")))
	want(t, "period after A13", l.content(w, "Encounter")["period"], map[string]any{"start": "2031-03-04"})
}

// A result that belongs to another patient is left out, and the others are not.
func TestAPartThatRefersToAnotherPatientIsLeftOut(t *testing.T) {
	l := sqlite(t, Rules{})
	report := func(minute int, patient string) *said {
		return message("lab", "ORU^R01", minute).patient(patient).
			say("Observation", "a", id("LAB", "A"), of("p"), set("status", `"final"`)).
			say("Observation", "b", id("LAB", fmt.Sprint("B", patient)), of("p"), set("status", `"final"`)).
			say("DiagnosticReport", "d", id("LAB", fmt.Sprint("F", patient)), of("p"), set("status", `"final"`),
				part("result", "LAB|A", `[{"reference":"urn:handover:a"}]`), part("result", "LAB|B", `[{"reference":"urn:handover:b"}]`))
	}
	want(t, "results", len(l.content(l.hear(report(1, "1")), "DiagnosticReport")["result"].([]any)), 2)
	w := l.hear(report(2, "2"))
	want(t, "results of the other", len(l.content(w, "DiagnosticReport")["result"].([]any)), 1)
	flagged := slices.ContainsFunc(w.Flagged, func(s handover.Stale) bool { return strings.HasPrefix(s.Reason, "result refers to") })
	want(t, "flagged", flagged, true)
}

func TestReasonsNameElementsOnce(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A08", 5).patient("1", home("h5"), work14("w5")).encounter("V1", "finished"))
	w := l.hear(message("pas", "ADT^A08", 1).patient("1", home("h1"), work14("w1")))
	want(t, "older", w.Older[0].Reason, "newer word stands: identifier, telecom")
	w = l.hear(message("pas", "ADT^A08", 7).patient("1").encounter("V1", "in-progress"))
	want(t, "status", w.Older[0].Reason, "a status falls by corrections only: status")
	lab := func(minute int, status, value string) *said {
		return message("lab", "ORU^R01", minute).patient("1").say("Observation", "o", id("LAB", "1"), of("p"),
			set("status", status), set("value", value))
	}
	w = l.hear(lab(1, `"final"`, "7"), lab(2, `"preliminary"`, "5"))
	want(t, "result", w.Older[len(w.Older)-1].Reason, "said under a lower status, which falls by corrections only: status, value")
}

func TestLineageOfParts(t *testing.T) {
	l := newLedger(t, nil)
	l.r = open(t, storetest.SQLite(t), Config{Fact: l.fact})
	trace := func() (out []string) {
		got, err := l.r.Lineage(context.Background(), all, 0, "Patient", patientID("1"), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got.Elements {
			if e.Element == "telecom" {
				out = append(out, fmt.Sprintf("%s %s@%d %s=%s", e.Part, e.Source, e.Message, e.Origins[0].Field, e.Origins[0].Path))
			}
		}
		return out
	}
	l.hear(message("pas", "ADT^A28", 1).patient("1", work14("w1"), part("telecom", "PID-13", `[{"value":"h1"},{"value":"h2"}]`)))
	want(t, "one message", trace(), []string{"PID-13 pas@1 PID-13=telecom[0]", "PID-14 pas@1 PID-14=telecom[2]"})
	l.hear(message("pas", "ADT^A08", 2).patient("1", home("h3")))
	want(t, "two messages", trace(), []string{"PID-13 pas@4 PID-13=telecom[0]", "PID-14 pas@1 PID-14=telecom[1]"})
	l.hear(message("crm", "ADT^A31", 3).patient("1", gonePart("telecom", "PID-13")))
	want(t, "one removed", trace(), []string{"PID-14 pas@1 PID-14=telecom[0]"})
}

// A part that was removed must not be traced to the message that holds all else.
func TestLineageWithoutWhatWasRemoved(t *testing.T) {
	l := newLedger(t, nil)
	l.r = open(t, storetest.SQLite(t), Config{Fact: l.fact})
	l.hear(message("pas", "ADT^A28", 1).patient("1", home("h1"), work14("w1"), set("gender", `"male"`), set("active", "true")),
		message("pas", "ADT^A08", 2).say("Patient", "p", id("PAS", "1"), gonePart("telecom", "PID-14")))
	got, err := l.r.Lineage(context.Background(), all, 0, "Patient", patientID("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got.Elements {
		if e.Part == "PID-14" {
			t.Errorf("a removed part is traced: %+v", e)
		}
	}
	want(t, "elements", len(got.Elements), 4)
}

// A merge that says most of a version is found too.
func TestLineageOfAMergeThatSaysMost(t *testing.T) {
	l := newLedger(t, nil)
	l.r = open(t, storetest.SQLite(t), Config{Fact: l.fact})
	l.hear(a40(1, "1", "2"))
	got, err := l.r.Lineage(context.Background(), all, 0, "Patient", patientID("2"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range got.Elements {
		names = append(names, e.Element+" "+e.Origins[0].Rule)
	}
	for _, must := range []string{"active merge/ADT^A40", "link merge/ADT^A40"} {
		if !slices.Contains(names, must) {
			t.Errorf("%q is not in %q", must, names)
		}
	}
}

// anyParts makes up a day in which three sources say and unsay parts of one
// patient, visit and report, and wholes between them.
func anyParts(random *rand.Rand) []*said {
	some := func(options ...option) option {
		return func(r *handover.ResourceAssertion) {
			for _, o := range options {
				if random.IntN(3) == 0 {
					o(r)
				}
			}
		}
	}
	number := func() string { return fmt.Sprint(random.IntN(5)) }
	var day []*said
	for minute := range 20 {
		m := message([]string{"pas", "lab", "crm"}[random.IntN(3)], "ADT^A08", minute).patient(fmt.Sprint(1+random.IntN(2)),
			some(home(number()), work14(number()), gonePart("telecom", "PID-13"), gonePart("telecom", "PID-14"),
				set("telecom", `[{"value":"`+number()+`"}]`), gone("telecom"), part("link", "PID-4", `[{"type":"seealso"}]`)))
		m.encounter("V1", []string{"planned", "in-progress", "finished"}[random.IntN(3)],
			some(part("period", "PV1-44", `{"start":"`+number()+`"}`), part("period", "PV1-45", `{"end":"`+number()+`"}`),
				part("period", "PV2-9", `{"end":"x`+number()+`"}`), gonePart("period", "PV1-45"), corrects))
		m.say("Observation", "o", id("LAB", number()), of("p"), set("status", `"final"`))
		m.say("DiagnosticReport", "d", id("LAB", "F"+number()), of("p"), set("status", []string{`"preliminary"`, `"final"`}[random.IntN(2)]),
			some(part("result", "LAB|"+m.Resources[2].Identities[0].Value, `[{"reference":"urn:handover:o"}]`), corrects))
		day = append(day, m)
	}
	return append(day, a40(100, "1", "2"))
}

func TestPartsShuffledEndInTheSameRecord(t *testing.T) {
	rules := Rules{Owns: map[string][]string{"pas": {"Encounter", "Patient.telecom"}, "crm": {"Patient.telecom"}}, Precedence: []string{"crm", "pas"}}
	for seed := range uint64(25) {
		var first []string
		for turn := range uint64(4) {
			day := anyParts(rand.New(rand.NewPCG(seed, 17)))
			if turn > 0 {
				rand.New(rand.NewPCG(seed, turn)).Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
			}
			l := newLedger(t, open(t, store.Place{Dir: t.TempDir()}, Config{Rules: []Rules{{}, rules}[seed%2]}))
			l.hear(day...)
			got := contents(t, l.r)
			if turn == 0 {
				first = got
			}
			if !slices.Equal(got, first) {
				t.Errorf("seed %d, turn %d", seed, turn)
				compare(t, got, first)
				return
			}
		}
	}
}

// Tables built from the facts alone are the same, and so are states read back.
func TestPartsSurviveTheTables(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		random := rand.New(rand.NewPCG(5, 6))
		l := newLedger(t, open(t, at, Config{CachedStates: 1, CachedPacks: 1}))
		for _, m := range anyParts(random) {
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

// A part's value that stands in the content is not written again.
func TestPartsAreNotWrittenTwice(t *testing.T) {
	long := strings.Repeat("x", 100)
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A08", 1).patient("1", home("1"+long), work14("2"+long),
		part("photo", "A", `{"title":"`+long+`"}`), part("photo", "B", `{"url":"`+long+`"}`)))
	l.r.overlay.each(func(s *state) {
		b := encodedState(s)
		if bytes.Contains(b, []byte(long)) {
			t.Errorf("the state repeats a value: %q", b)
		}
		again, err := decode(b, s.ref, s.content)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range again.elements {
			if w := s.elements[i]; e.name != w.name || e.part != w.part || !bytes.Equal(e.items[0].value, w.items[0].value) {
				t.Errorf("%s %s: got %s, want %s", e.name, e.part, e.items[0].value, w.items[0].value)
			}
		}
	})
}
