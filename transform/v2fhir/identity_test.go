package v2fhir

import (
	"slices"
	"strings"
	"testing"
)

// By what the resources of a segment are known, the most trusted first.
func TestIdentities(t *testing.T) {
	for _, c := range []struct{ name, event, segments, typ, want string }{
		{"each of PID-3, then PID-2 and PID-4", "ADT^A08^ADT_A01", "PID||B^^^N|A^^^M^MR~C|D", "Patient", "A of M as MR; C; B of N; D"},
		{"a namespace before its OID", "ADT^A08^ADT_A01", "PID|||A^^^M&1.2.3&ISO", "Patient", "A of M"},
		{"an OID alone", "ADT^A08^ADT_A01", "PID|||A^^^&1.2.3&ISO", "Patient", "A of 1.2.3"},
		{"a visit by its numbers", "ADT^A08^ADT_A01", "PID|||A\rPV1||I|||||||||||||||||V1^^^N|||||||||||||||||||||||||||||||V2", "Encounter", "V1 of N; V2"},
		{"a visit by its beginning", "ADT^A08^ADT_A01", "PID|||A\rPV1||I||||||||||||||||||||||||||||||||||||||||||20240301", "Encounter", "PV1-44/20240301 within Patient-1"},
		{"a next of kin by relation and name", "ADT^A08^ADT_A01", "PID|||A\rNK1|1|Doe^Jo|MTH", "RelatedPerson", "NK1/MTH/Doe/Jo within Patient-1"},
		{"an allergy by its code", "ADT^A08^ADT_A01", "PID|||A\rAL1|1||X^Dust", "AllergyIntolerance", "AL1/X within Patient-1"},
		{"by its set id where it has none", "ADT^A08^ADT_A01", "PID|||A\rAL1|7|DA", "AllergyIntolerance", "AL1/7 within Patient-1"},
		{"an order by the filler's number first", "ORU^R01^ORU_R01", "PID|||A\rOBR|1|P1^OE|F1^LAB|GLU", "ServiceRequest", "F1 of LAB as FILL (order); P1 of OE as PLAC (order)"},
		{"a report with its service", "ORU^R01^ORU_R01", "PID|||A\rOBR|1|P1|F1|GLU", "DiagnosticReport", "F1/GLU as FILL (order); P1/GLU as PLAC (order)"},
		{"a result in its report", "ORU^R01^ORU_R01", "PID|||A\rOBR|1||F1|GLU\rOBX|3|NM|K|a|4", "Observation", "K/a within DiagnosticReport-1"},
		{"a specimen by both its numbers", "ORU^R01^ORU_R01", "PID|||A\rOBR|1||F1|GLU\rSPM|1|S1&OE^S2&LAB", "Specimen", "S1 of OE as PGN; S2 of LAB as FGN"},
		{"a subscriber within the patient", "ADT^A08^ADT_A01", "PID|||A\rIN1|1|PL||||||||||||||Doe^Jo|SPO", "RelatedPerson", "Doe^Jo as name within Patient-1"},
		{"a place within the next larger one", "ADT^A08^ADT_A01", "PID|||A\rPV1||I|W^^B||||||||||||||||V1", "Location", "W; B within Location-1"},
		{"a place of nothing but a description", "ADT^A08^ADT_A01", "PID|||A\rPV1||I|^^^^^^^^The hall||||||||||||||||V1", "Location", "The hall as description"},
		{"a practitioner by the namespace, whatever the system is", "ADT^A08^ADT_A01", "PID|||A\rPV1||I|||||D^Doe^^^^^^^N&1.2.3&ISO||||||||||||V1", "Practitioner", "D of N"},
	} {
		a, _ := convert(t, Config{}, slices.Concat([]string{head(c.event)}, strings.Split(c.segments, "\r"))...)
		var got []string
		for _, r := range a.Resources {
			if r.Type != c.typ {
				continue
			}
			for _, id := range r.Identities {
				got = append(got, describe(id))
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: got %s, want %s", c.name, strings.Join(got, "; "), c.want)
		}
	}
}
