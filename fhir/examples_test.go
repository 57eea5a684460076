package fhir

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/internal/shareddata"
)

// examples returns the official R4 example instances by file name. The
// folder's package.json is no instance.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	all := readAll(t, filepath.Join(shareddata.Dir(t, "suites/r4-examples"), "*.json"), 1000)
	delete(all, "package.json")
	if len(all) < 300 {
		t.Fatalf("only %d examples", len(all))
	}
	return all
}

// readAll reads the first files that match, at most limit.
func readAll(t testing.TB, pattern string, limit int) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, name := range names[:min(limit, len(names))] {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = data
	}
	return all
}

func TestOfficialExamplesParseAndComeBack(t *testing.T) {
	for name, data := range examples(t) {
		t.Run(name, func(t *testing.T) { comesBack(t, data) })
	}
}

func TestSyntheaBundlesParseAndComeBack(t *testing.T) {
	for name, data := range readAll(t, filepath.Join(shareddata.Dir(t, "synthea"), "*.json"), 8) {
		t.Run(name, func(t *testing.T) { comesBack(t, data) })
	}
}

// comesBack parses without problems, and holds both encodings against the
// standard library's reading of the source.
func comesBack(t *testing.T, data []byte) {
	r, problems := Parse(data)
	for _, p := range problems {
		t.Error(p)
	}
	if r == nil {
		return
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if got := r.Root().AppendJSON(nil); !bytes.Equal(got, compact.Bytes()) {
		t.Errorf("encoded differs: %s", cmp.Diff(compact.String(), string(got)))
	}
	canonical := r.Root().AppendCanonical(nil)
	if diff := cmp.Diff(decode(t, data), decode(t, canonical)); diff != "" {
		t.Error("canonical differs:", diff)
	}
	again, problems := Parse(canonical)
	if len(problems) > 0 || !bytes.Equal(again.Root().AppendCanonical(nil), canonical) {
		t.Error("canonical is not stable:", problems)
	}
}

// decode reads JSON as the standard library does, numbers as text.
func decode(t *testing.T, data []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
