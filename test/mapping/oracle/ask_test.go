package oracle

import (
	"strings"
	"testing"

	"handover/hl7v2"
	"handover/internal/shareddata"
	"handover/test/mapping/forest"
)

func read(t *testing.T) *Sheets {
	t.Helper()
	sheets, err := Read(shareddata.Dir(t, "v2-to-fhir/mappings"))
	if err != nil {
		t.Fatal(err)
	}
	return sheets
}

// Of HL7's conditions only those that name nothing to compare with are not
// understood.
func TestEveryConditionIsUnderstood(t *testing.T) {
	for _, line := range read(t).Unusable {
		if strings.Contains(line, " IF ") {
			t.Error(line)
		}
	}
}

// What is asked of a small admission, leaf by leaf as a person reads it from
// the sheets.
func TestAskOfAdmission(t *testing.T) {
	m, _ := hl7v2.Parse([]byte(strings.Join([]string{
		`MSH|^~\&|A|F|||20240102030405+0100||ADT^A01^ADT_A01|1|P|2.5.1`,
		`PID|1||77^^^H^MR~88||TEST^ANNA^B||19800203|F|||||^PRN^PH^^^555^1234`,
		`PV1|1|I|W^R^B||||12^DOC^DORA`,
	}, "\r")))
	asked, sheet := read(t).Ask(m, Options{})
	if sheet != "ADT_A01" {
		t.Fatalf("by the sheet %q", sheet)
	}
	for path, want := range map[string]string{
		"Patient.identifier.value":               "77 88",
		"Patient.identifier.type.coding.code":    "MR",
		"Patient.name.family":                    "TEST",
		"Patient.name.given":                     "ANNA B",
		"Patient.birthDate":                      "1980-02-03",
		"Patient.gender":                         "female",
		"Patient.telecom.value":                  "555 1234",
		"Patient.telecom.use":                    "home",
		"Encounter.class.code":                   "IMP",
		"Encounter.status":                       "in-progress",
		"Encounter.location.status":              "active",
		"Encounter.participant.type.coding.code": "ATND",
		"Encounter.subject":                      "->Patient",
		"Practitioner.name.family":               "DOC",
		"Location.identifier.value":              "B R W",
		"MessageHeader.eventCoding.code":         "A01",
	} {
		if got := strings.Join(leaves(asked, path), " "); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{"Account.status", "Patient.maritalStatus.coding.code", "Encounter.period.start"} {
		if got := leaves(asked, path); got != nil {
			t.Errorf("%s is asked for: %q", path, got)
		}
	}
}

// leaves returns the values of a path, in the order in which they were made.
func leaves(all []*forest.Resource, path string) []string {
	var values []string
	for _, r := range all {
		r.Walk(func(p string, leaf *forest.Node) {
			switch {
			case r.Type+"."+p != path:
			case leaf.Ref != nil:
				values = append(values, "->"+leaf.Ref.Type)
			default:
				values = append(values, leaf.Value)
			}
		})
	}
	return values
}
