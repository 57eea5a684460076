package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

// TestDataIsWhatTheSourcesSay generates the dictionary again and compares it
// with the files of the repository.
func TestDataIsWhatTheSourcesSay(t *testing.T) {
	shared := filepath.Dir(shareddata.Dir(t, "v2-to-fhir"))
	shareddata.Dir(t, "terminology")
	out := t.TempDir()
	standard, err := os.ReadFile("../data/standard.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "standard.txt"), standard, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := generate(shared, out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dictionary.txt", "tables.txt.gz"} {
		if !bytes.Equal(content(t, filepath.Join(out, name)), content(t, filepath.Join("../data", name))) {
			t.Errorf("data/%s is not what the sources say; run go run ./gen in hl7v2", name)
		}
	}
}

// content reads a file, unpacked: packing may differ between Go versions.
func content(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) != ".gz" {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseField(t *testing.T) {
	for line, want := range map[string]field{
		"XPN!* @0200 Patient Name": {"Patient Name", "XPN", "0200", true, true},
		"ST Text":                  {"Text", "ST", "", false, false},
		"*! Column Value":          {"Column Value", "*", "", true, false},
		"** Observation Value":     {"Observation Value", "*", "", false, true},
		"- Withdrawn":              {"Withdrawn", "", "", false, false},
	} {
		if got, err := parseField(strings.Fields(line)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{"XPN", "long Title", "X! Title"} {
		if _, err := parseField(strings.Fields(line)); err == nil {
			t.Errorf("%s is read", line)
		}
	}
}

func TestPlaceOf(t *testing.T) {
	for id, want := range map[string]string{"PID-5": "segment PID", " CX.4": "type CX", "FT-1": "", "PID": "", "PID-5.1": ""} {
		if got, _, _ := placeOf(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
