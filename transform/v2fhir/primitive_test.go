package v2fhir

import "testing"

func TestURN(t *testing.T) {
	for _, c := range []struct {
		text, want string
		ok         bool
	}{
		{"urn:oid:1.2.3", "urn:oid:1.2.3", true},
		{"urn:oid:1.2.TBD", "urn:oid:1.2.TBD", false},
		{"urn:oid:3.1", "urn:oid:3.1", false},
		{"urn:uuid:1EC9A0F2-7B1E-4C5D-9B0A-6A4D2F1E3C5B", "urn:uuid:1ec9a0f2-7b1e-4c5d-9b0a-6a4d2f1e3c5b", true},
		{"urn:uuid:1ec9", "urn:uuid:1ec9", false},
		{"urn:ietf:rfc:3986", "urn:ietf:rfc:3986", true},
	} {
		if got, ok := urn(c.text); got != c.want || ok != c.ok {
			t.Errorf("urn(%q): got %q, %v, want %q, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}

func TestTableCovers(t *testing.T) {
	sex := &table{systems: []string{"HL70001"}}
	for system, want := range map[string]bool{"": true, "HL70001": true, "0001": true, "HL70002": false, "L": false} {
		if got := sex.covers(system); got != want {
			t.Errorf("covers(%q): got %v, want %v", system, got, want)
		}
	}
}

func TestSystemURI(t *testing.T) {
	for _, c := range []struct{ name, oid, want string }{
		{"", "", ""},
		{"", "1.2.3", "urn:oid:1.2.3"},
		{"HL70001", "", "http://terminology.hl7.org/CodeSystem/v2-0001"},
		{"LN", "9.9.9", "http://loinc.org"},
		{"99X", "1.2.3", "urn:oid:1.2.3"},
		{"1.2.3", "", "urn:oid:1.2.3"},
		{"http://example.org/codes", "", "http://example.org/codes"},
		{"99 X", "", "urn:x-handover-code-system:lab%201:99%20X"},
	} {
		if got := shared().systemURI(c.name, c.oid, "lab 1"); got != c.want {
			t.Errorf("systemURI(%q, %q): got %q, want %q", c.name, c.oid, got, c.want)
		}
	}
}
