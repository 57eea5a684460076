package handover

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// said is an Assertions with every member, and lineage that repeats.
func said() Assertions {
	origins := func(n string) []Origin {
		return []Origin{
			{Path: "valueQuantity.value", Field: "OBX[" + n + "]-5.1", Rule: "segment/OBX-Observation:7"},
			{Path: "valueQuantity.unit", Field: "OBX[" + n + "]-6", Rule: "segment/OBX-Observation:31 > CWE-Quantity:4"},
			{Path: "subject", Field: "PID-3[2].4", Rule: "message/ORU_R01:63"},
		}
	}
	return Assertions{
		Source: "lab", Event: "ORU^R01", EventTime: time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600)),
		SentTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Digest: []byte{0, 255, 7},
		Resources: []ResourceAssertion{
			{Type: "Observation", Handle: "Observation-1", Correction: true, Patient: "Patient-1",
				Identities: []Identity{{Authority: "A\"\\\n\x01é\u2028", Type: "FILL", Value: "1", Scope: "Patient-1", Order: true}},
				Elements: []Element{
					{Name: "value", Property: "valueQuantity", Value: json.RawMessage(`{"value":1.50}`), From: origins("1")},
					{Name: "value", Property: "valueQuantity", Extra: json.RawMessage(`{"id":"x"}`), From: origins("20")},
					{Name: "status", Removed: true, From: []Origin{{Field: "OBX[]-11"}, {Field: "OBX[0]-11"}, {Field: "OBX[7"}, {Field: "OBX[3]"}}},
					{Name: "note"},
					{Name: "note", Part: "NTE-3\"", Value: json.RawMessage(`[{"text":"a"}]`), From: origins("1")},
					{Name: "note", Part: "NTE-13", Removed: true},
					{Name: "contact", Part: "NK1/", Removed: true, Listed: true},
				}},
			{Type: "Patient", Handle: "Patient-1", Renamed: true, Identities: []Identity{{Value: ""}}},
		},
		Merges: []Merge{{Kind: "move", Event: "ADT^A45", Survivor: "a", Loser: "b", Moved: "c"}},
		Left:   []Left{{Field: "ZPD-3", Reason: "no-map: \u0000"}},
	}
}

func TestAssertionsReadBack(t *testing.T) {
	for name, want := range map[string]Assertions{"full": said(), "empty": {}} {
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(name, err)
		}
		var got Assertions
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: read back otherwise (-want +got):\n%s", name, d)
		}
	}
}

// Lineage that repeats but for the segment's number is written once.
func TestLineageIsWrittenOnce(t *testing.T) {
	var a Assertions
	for _, n := range []string{"1", "2", "30"} {
		a.Resources = append(a.Resources, ResourceAssertion{Elements: []Element{{Name: "status", From: []Origin{{Field: "OBX[" + n + "]-11", Rule: "r"}}}}})
	}
	var body assertionsBody
	if err := json.Unmarshal(a.AppendJSON(nil), &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Origins) != 1 || len(body.Rules) != 1 {
		t.Errorf("%d templates and %d rules, want one of each", len(body.Origins), len(body.Rules))
	}
}

func TestLineageOutOfRange(t *testing.T) {
	for _, bad := range []string{
		`{"resources":[{"elements":[{"from":[0]}]}]}`,
		`{"resources":[{"elements":[{"from":[-1]}]}],"origins":[[]]}`,
		`{"resources":[{"elements":[{"from":[0]}]}],"origins":[[["a","b",1]]],"rules":["r"]}`,
		`{"resources":[{"elements":[{"from":[0]}]}],"origins":[[["a","b",-1]]],"rules":["r"]}`,
		`{"resources":[{"elements":[{"from":["x"]}]}]}`,
	} {
		if err := new(Assertions).UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("no error for %s", bad)
		}
	}
}

// writesByReflection has the members of Writes and none of its methods.
type writesByReflection Writes

func TestWritesReadAsBefore(t *testing.T) {
	for name, w := range map[string]Writes{"empty": {}, "full": {
		Writes: []Write{
			{Type: "Patient", ID: "p", Handles: []string{"Patient-1", "Patient-2"}, Version: 3, Patient: "p",
				Aliases: []Alias{{Authority: "A", Value: "1"}}, Content: json.RawMessage(`{"resourceType":"Patient"}`),
				Sources: []ElementSource{{Source: "pas", From: 7}, {Element: "name", Part: "PID-5", Source: "lab", From: 9}}},
			{Type: "Task"},
		},
		Same: []Stale{{Type: "A", ID: "1", Handle: "A-1", Reason: "r", Aliases: []Alias{{}}}}, Older: []Stale{{}},
		Parked: []Stale{{Type: "B"}}, Flagged: []Stale{{Type: "C"}, {Type: "D"}},
		United: []United{{Type: "Patient", ID: "p", Into: "q"}, {Type: "A", ID: "1", Aliases: []Alias{{Authority: "A of Patient/q", Value: "1"}}}},
	}} {
		got, err := json.Marshal(w)
		if err != nil {
			t.Fatal(name, err)
		}
		want, err := json.Marshal(writesByReflection(w))
		if err != nil {
			t.Fatal(name, err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: wrote\n%s\nwant\n%s", name, got, want)
		}
	}
}

func FuzzAssertions(f *testing.F) {
	f.Add("OBX[2]-5", "segment/X:1", "OBX[2]-6", "a\x80b")
	f.Add("OBX[]-5", "", "OBX[07]-5", "\"")
	f.Fuzz(func(t *testing.T, field, rule, field2, value string) {
		clean := func(s string) string { return string([]rune(s)) } // what is no UTF-8 cannot come back
		want := Assertions{Source: clean(value), Resources: []ResourceAssertion{{Type: "A", Handle: clean(rule),
			Identities: []Identity{{Value: clean(value)}},
			Elements: []Element{{Name: "x", From: []Origin{{Field: clean(field), Rule: clean(rule)}, {Field: clean(field2)}}},
				{Name: "y", From: []Origin{{Field: clean(field2), Path: clean(value)}}}}}}}
		var got Assertions
		if err := json.Unmarshal(want.AppendJSON(nil), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}
