package v2fhir

import (
	"slices"
	"strings"
	"testing"

	"handover"
)

// A role and a practitioner of one requester are the role and who has it,
// whichever comes first; what takes the place of another is listed, and what
// nothing refers to any more is not there.
func TestRequester(t *testing.T) {
	const orc, obr = "ORC|NW|P1|||||||||", "OBR|1|P1||GLU||||||||||||"
	for _, c := range []struct {
		name     string
		segments []string
		want     string // the handles of the mentioned persons and organizations
		left     string
	}{
		{"a practitioner alone", []string{"ORC|NW|P1", obr + "D1^Doe"}, "Practitioner-1", ""},
		{"a facility alone", []string{orc + "||||||||||Clinic", "OBR|1|P1||GLU"}, "Organization-1 PractitionerRole-1", ""},
		{"both", []string{orc + "||||||||||Clinic", obr + "D1^Doe"}, "Organization-1 Practitioner-1 PractitionerRole-1", ""},
		{"ORC-12 before OBR-16", []string{orc + "|D1^Doe", obr + "D2^Roe"}, "Practitioner-1 PractitionerRole-1", "OBR-16"},
		{"a participation takes the place", []string{orc + "|D1^Doe", "PRT||A||OP^^HL70443|D3^Poe"}, "Practitioner-2 PractitionerRole-1", "ORC-12"},
	} {
		a, _ := convert(t, Config{}, slices.Concat([]string{`MSH|^~\&|||||20240310||OML^O21^OML_O21|1|P|2.7`, "PID|1||A1"}, c.segments)...)
		var got []string
		for _, r := range a.Resources {
			if mentioned[r.Type] && r.Type != "Device" && r.Type != "Location" && refersTo(&a, "ServiceRequest", r.Handle) {
				got = append(got, r.Handle)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
		if left := slices.ContainsFunc(a.Left, func(l handover.Left) bool { return c.left != "" && strings.HasPrefix(l.Field, c.left) }); left != (c.left != "") {
			t.Errorf("%s: left %v, want %q among it", c.name, a.Left, c.left)
		}
		checkAssertions(t, c.name, &a)
	}
}

// refersTo reports whether a resource of the type leads to the handle, by
// whatever way.
func refersTo(a *handover.Assertions, typ, handle string) bool {
	reached, next := map[string]bool{}, []string{}
	for _, r := range a.Resources {
		if r.Type == typ {
			next = append(next, r.Handle)
		}
	}
	for len(next) > 0 {
		from := next[0]
		next = next[1:]
		for _, to := range references(a, from) {
			if !reached[to] {
				reached[to] = true
				next = append(next, to)
			}
		}
	}
	return reached[handle]
}

// references returns the handles that a resource refers to.
func references(a *handover.Assertions, handle string) []string {
	var to []string
	for _, r := range a.Resources {
		if r.Handle != handle {
			continue
		}
		for _, e := range r.Elements {
			for _, part := range strings.Split(string(e.Value)+string(e.Extra), `"reference":"`+handover.HandleScheme)[1:] {
				found, _, _ := strings.Cut(part, `"`)
				to = append(to, found)
			}
		}
	}
	return to
}

// PRT and ROL are about what they stand behind; a group for which the map has no
// place has none in another.
func TestParticipations(t *testing.T) {
	for _, c := range []struct{ name, segment, of string }{
		{"behind PID", "PRT||A||PP^^HL70443|D1^Doe", "Patient"},
		{"behind PV1", "PV1|1|I|||||||||||||||||V1\rPRT||A||AT^^HL70443|D1^Doe", "Encounter"},
		{"ROL behind PV1", "PV1|1|I|||||||||||||||||V1\rROL||AD|AT^^HL70443|D1^Doe", "Encounter"},
		{"behind PR1", "PV1|1|I|||||||||||||||||V1\rPR1|1||X1\rPRT||A||AT^^HL70443|D1^Doe", "Procedure"},
		{"ROL behind PR1", "PV1|1|I|||||||||||||||||V1\rPR1|1||X1\rROL||AD|AT^^HL70443|D1^Doe", "Procedure"},
		{"behind IN1", "PV1|1|I|||||||||||||||||V1\rIN1|1|PL\rPRT||A||AT^^HL70443|D1^Doe", ""},
		{"behind a visit that is not made", "PV1|1|I\rPRT||A||AT^^HL70443|D1^Doe", ""},
	} {
		a, _ := convert(t, Config{}, `MSH|^~\&|||||20240310||ADT^A01^ADT_A01|1|P|2.7`, "EVN||20240310", "PID|1||A1", c.segment)
		for _, typ := range []string{"Patient", "Encounter", "Procedure"} {
			if got := refersTo(&a, typ, "Practitioner-1"); got != (typ == c.of) && !(typ == "Encounter" && c.of == "Procedure") {
				t.Errorf("%s: %s refers to the person: %v", c.name, typ, got)
			}
		}
		if there := slices.ContainsFunc(a.Resources, func(r handover.ResourceAssertion) bool { return r.Type == "Practitioner" }); there != (c.of != "") {
			t.Errorf("%s: the person is there: %v", c.name, there)
		}
		checkAssertions(t, c.name, &a)
	}
}
