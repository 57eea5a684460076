package fhir

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	deep := `{"resourceType":"Patient","contact":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`
	for _, test := range []struct {
		name string
		o    Options
		text string
		want string // end of the last problem
	}{
		{"bytes", Options{MaxBytes: 10}, `{"resourceType":"Patient"}`, "is longer than 10 bytes"},
		{"depth", Options{}, deep, "is nested deeper than 200 levels"},
		{"depth, lenient", Options{Lenient: true}, deep, "is nested deeper than 200 levels"},
		{"depth of objects", Options{MaxDepth: 5}, `{"resourceType":"Basic","x":` + strings.Repeat(`{"x":`, 9) + "1" + strings.Repeat("}", 10), "is nested deeper than 5 levels"},
		{"values", Options{MaxNodes: 100}, `{"resourceType":"Patient","x":[` + strings.Repeat("1,", 200) + `1]}`, "has more than 100 values"},
		{"problems", Options{MaxProblems: 3}, `{"resourceType":"Patient","x":1,"y":1,"z":1,"a":1,"b":1}`, "there are more problems, which are not listed"},
		{"type that is none", Options{Type: "string"}, `{}`, "there is no resource or data type of the name that was asked for"},
		{"another type", Options{Type: "Patient"}, `{"resourceType":"Basic","id":"a"}`, "must be a Patient"},
		{"data type", Options{Type: "HumanName"}, `{"family":"A"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := problemsOf(t, test.o, test.text)
			if !strings.HasSuffix(strings.TrimSuffix(got, "\n"), test.want) || test.want == "" && got != "" {
				t.Errorf("got %q, want ... %q", got, test.want)
			}
		})
	}
}

// A document that reads each level's rest to find its resourceType must not
// take the square of its length.
func TestLookingForTypesIsBounded(t *testing.T) {
	const levels = 80
	inner := strings.Repeat(" ", 1<<16)
	text := strings.Repeat(`{"contained":[`, levels) + inner + strings.Repeat(`],"resourceType":"Patient"}`, levels)
	got := problemsOf(t, Options{}, text)
	if !strings.Contains(got, "too many resources in one another") {
		t.Errorf("got %q", got)
	}
}

func TestTypeAtTheEndOfEachEntryIsWithinTheBound(t *testing.T) {
	entry := `{"resource":{"id":"a","active":true,"resourceType":"Patient"}}`
	text := `{"type":"collection","entry":[` + strings.Repeat(entry+",", 500) + entry + `],"resourceType":"Bundle"}`
	if got := problemsOf(t, Options{}, text); got != "" {
		t.Error(got)
	}
}

// Each of these takes long if anything is done once for each pair of values.
func TestWideDocumentsTakeLinearTime(t *testing.T) {
	const n = 50_000
	var keys strings.Builder
	for i := range n {
		keys.WriteString(`"k` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + `":1,`)
	}
	for name, text := range map[string]string{
		"unknown keys":  `{"resourceType":"Patient",` + keys.String() + `"z":1}`,
		"doubled keys":  `{"resourceType":"Patient",` + strings.Repeat(`"gender":"male",`, n) + `"active":true}`,
		"siblings":      `{"resourceType":"Patient",` + strings.Repeat(`"_gender":{"id":"a"},`, n) + `"active":true}`,
		"nulls":         `{"resourceType":"Patient","name":[{"given":[` + strings.Repeat("null,", n) + `null]}]}`,
		"bad bytes":     `{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("\xff ", n) + `"}]}`,
		"empty objects": `{"resourceType":"Patient","name":[` + strings.Repeat("{},", n) + `{}]}`,
		"backslashes":   `{"resourceType":"Patient","name":[{"text":"` + strings.Repeat(`\\`, n) + `"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			r, problems := Parse([]byte(text))
			if r == nil || len(problems) > 1001 {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}

// Content must not come out of a parser that reports problems.
func TestProblemsHoldNoContent(t *testing.T) {
	const secret = "Geheimnis"
	for _, text := range []string{
		`{"resourceType":"Patient","` + secret + `":1}`,
		`{"resourceType":"` + secret + `"}`,
		`{"resourceType":"Patient","gender":"` + secret + ` ","birthDate":"` + secret + `","id":"` + secret + `_"}`,
		`{"resourceType":"Patient","` + secret + `":{"` + secret + `":[null,{"gender":{}}]},"active":` + secret + `}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"` + secret + `","` + secret + `":[[]]}]}`,
		`{"resourceType":"Patient","multipleBirthInteger":1e` + secret + `}`,
	} {
		_, problems := Parse([]byte(text))
		if len(problems) == 0 {
			t.Errorf("no problem in %s", text)
		}
		for _, p := range problems {
			if strings.Contains(p.String(), secret) {
				t.Errorf("content in %s", p)
			}
		}
	}
}
