package meaning

import (
	"slices"
	"testing"

	"handover/record"
)

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	idB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	idC = "cccccccccccccccccccccccccccccccc"
)

func patientAnd(patient, result, name string) []record.Resource {
	return []record.Resource{
		{Type: "Patient", ID: patient, Content: []byte(`{"resourceType":"Patient","id":"` + patient +
			`","meta":{"versionId":"3","lastUpdated":"2031-03-04T08:00:00.000Z"},"name":[{"family":"` + name + `"}]}`)},
		{Type: "Observation", ID: result, Content: []byte(`{"resourceType":"Observation","id":"` + result +
			`","meta":{"versionId":"1","lastUpdated":"2031-03-04T08:00:00.000Z"},"subject":{"reference":"Patient/` + patient + `"}}`)},
	}
}

// Ids do not count, whatever they lead to does.
func TestContents(t *testing.T) {
	one := contents(patientAnd(idA, idB, "Testperson"))
	if other := contents(patientAnd(idC, idA, "Testperson")); !slices.Equal(one, other) {
		t.Errorf("other ids make another content:\n%q\n%q", one, other)
	}
	renamed := contents(patientAnd(idA, idB, "Otherwise"))
	for i := range one {
		if one[i] == renamed[i] {
			t.Errorf("the patient's name does not count in %q", one[i])
		}
	}
	both := append(patientAnd(idA, idB, "Testperson"), patientAnd(idC, idC, "Otherwise")...)
	if swapped := contents(append(slices.Clone(both[:1]), both[3:]...)); slices.Equal(swapped, one) {
		t.Error("which patient a result refers to does not count")
	}
}
