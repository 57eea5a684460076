package fhir

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzParseJSON holds, for any bytes: nothing panics; places are within the
// text; what parses without problems is JSON to the standard library too,
// comes back the same, and its canonical form is stable.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"active":true}`,
		`{"valueQuantity":{"value":1.00,"unit":"\u00b5g"},"resourceType":"Observation"}`,
		`{"resourceType":"Bundle","entry":[{"resource":{"id":"1","resourceType":"Patient"}}]}`,
		`{"resourceType":"Patient","birthDate":"1970-01","_birthDate":{"extension":[{"url":"http://example.org","valueDecimal":1e-3}]}}`,
		`{"resourceType":"Patient","contained":[{"resourceType":"List"},[],{}],"x":[nul,"\ud83d\ude00"],}`,
		"\ufeff{\"resourceType\":\"Basic\",\"\xff\":\"\\q\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		strict, problems := Parse(data)
		for _, p := range problems {
			if p.Byte < 0 || p.Byte > len(data) || p.Line < 1 || p.Column < 1 || p.Text == "" {
				t.Errorf("a problem without place or text: %+v", p)
			}
		}
		lenient, broken := Options{Lenient: true}.Parse(data)
		if (strict == nil) != (lenient == nil) {
			t.Error("strict and lenient reading disagree on whether it can be read")
		}
		if len(broken) == 0 && lenient != nil {
			holdsRoundTrip(t, data, lenient)
		}
		if strict != nil {
			walkNodes(strict.Root(), func(n *Node) {
				if n.Text() == "" && n.HasValue() && len(n.Raw()) > 2 {
					t.Error("a value without text at", n.Byte())
				}
				_ = n.Path()
			})
		}
	})
}

func holdsRoundTrip(t *testing.T, data []byte, r *Resource) {
	if !json.Valid(data) || !utf8.Valid(data) {
		t.Error("accepted what is not JSON")
		return
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, data)
	got := r.Root().AppendJSON(nil)
	again, problems := Options{Lenient: true}.Parse(got)
	if len(problems) > 0 || !bytes.Equal(again.Root().AppendJSON(nil), got) {
		t.Errorf("did not come back: %v\n%s\n%s", problems, compact.Bytes(), got)
	}
	canonical := again.Root().AppendCanonical(nil)
	third, problems := Options{Lenient: true}.Parse(canonical)
	if len(problems) > 0 || !bytes.Equal(third.Root().AppendCanonical(nil), canonical) {
		t.Errorf("canonical is not stable: %v\n%s", problems, canonical)
	}
}

// walkNodes visits every node that can be reached by reading.
func walkNodes(n *Node, do func(*Node)) {
	do(n)
	for m := range n.Members() {
		for item := range m.All() {
			walkNodes(item, do)
		}
	}
}
