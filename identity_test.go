package handover_test

import (
	"regexp"
	"testing"

	"handover"
)

// TestResourceID fixes the id's form. The values are part of what is on disk:
// if this test has to change, so has the record's format.
func TestResourceID(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	id := handover.ResourceID(key, "Patient", "PAS", "900001")
	if !regexp.MustCompile(`^[a-z2-7]{32}$`).MatchString(id) {
		t.Fatalf("id %q is not 32 characters of base32", id)
	}
	if id != handover.ResourceID(key, "Patient", "PAS", "900001") {
		t.Error("not stable")
	}
	// Lengths keep the parts apart, so that no two triples run together.
	different := [][3]string{
		{"Patient", "PAS9", "00001"}, {"PatientP", "AS", "900001"}, {"Patient", "", "PAS900001"},
		{"Encounter", "PAS", "900001"}, {"Patient", "PAS", "900002"},
	}
	for _, d := range different {
		if handover.ResourceID(key, d[0], d[1], d[2]) == id {
			t.Errorf("%v has the same id", d)
		}
	}
	if handover.ResourceID([]byte("another key"), "Patient", "PAS", "900001") == id {
		t.Error("the key does not matter")
	}
}
