package fhir

import (
	"os"
	"path/filepath"
	"testing"

	"handover/internal/shareddata"
)

func TestOfficialExamplesParse(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shareddata.Dir(t, "suites/r4-examples"), "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, problems := Parse(data)
		for _, p := range problems {
			t.Errorf("%s: %s", filepath.Base(name), p)
		}
	}
}
