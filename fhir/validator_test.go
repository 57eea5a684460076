package fhir

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

// The JSON documents of FHIR's own validation cases: in a valid one we find
// nothing, in a badly formed one something.
func TestValidatorCases(t *testing.T) {
	dir := shareddata.Dir(t, "suites/validator")
	manifest, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, File, Module string
		Valid              bool
	}
	if err := json.Unmarshal(manifest, &cases); err != nil {
		t.Fatal(err)
	}
	valid, broken := 0, 0
	for _, c := range cases {
		if !strings.HasSuffix(c.File, ".json") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, "files", c.File))
		if err != nil {
			t.Fatal(err)
		}
		_, problems := Parse(data)
		switch {
		case c.Valid && len(problems) > 0:
			t.Errorf("%s: %v", c.Name, problems)
		case c.Valid:
			valid++
		case c.Module == "fmt" && len(problems) == 0:
			t.Errorf("%s: nothing found", c.Name)
		case len(problems) > 0:
			broken++
		}
	}
	t.Logf("%d valid documents without a problem, %d wrong ones with", valid, broken)
	if valid < 40 {
		t.Errorf("only %d valid documents", valid)
	}
}
