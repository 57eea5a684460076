package v2fhir

import (
	"slices"
	"strings"
	"testing"
)

// Which slot of an element a message speaks of.
func TestSlots(t *testing.T) {
	for _, c := range []struct{ name, segments, typ, element, want string }{
		{"by the field", "PID|||A||||||||||555-1|555-2", "Patient", "telecom", "PID-13 PID-14"},
		{"an ended period", "PID|||A\rPV1||I|||||||||||||||||V1|||||||||||||||||||||||||20240301|20240302", "Encounter", "period", "PV1-44 PV1-45"},
		{"the places of a visit are one", "PID|||A\rPV1||I|W1|||W2|||||||||||||V1", "Encounter", "location", "PV1-3"},
		{"next of kin by who they are", "PID|||A\rNK1|1|Doe^Jo|MTH\rNK1|2|Doe^Al|FTH", "Patient", "contact", "NK1/FTH/Doe/Al NK1/MTH/Doe/Jo"},
		{"diagnoses by their code", "PID|||A\rPV1||I|||||||||||||||||V1\rDG1|1||X^^I10|||W", "Encounter", "diagnosis", "DG1/X/W"},
		{"a participation by role and person", "PID|||A\rPV1||I|||||||||||||||||V1\rPRT||A||AT^^HL70443|D1^Doe", "Encounter", "participant", "PRT/AT/D1"},
		{"none for what is one", "PID|||A||||20010101", "Patient", "birthDate", ""},
	} {
		a, _ := convert(t, Config{}, slices.Concat([]string{`MSH|^~\&|||||20240310||ADT^A08^ADT_A01|1|P|2.7`}, strings.Split(c.segments, "\r"))...)
		var got []string
		for _, r := range a.Resources {
			for _, e := range r.Elements {
				if r.Type == c.typ && e.Name == c.element {
					got = append(got, e.Part)
				}
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
