package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRanks holds the whole module to the table in ARCHITECTURE.md.
func TestRanks(t *testing.T) {
	root := filepath.Join("..", "..")
	ranks, err := ReadRanks(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	broken, err := Check(root, ranks)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// TestCheckFindsBreaches makes a tree that breaks each rule once.
func TestCheckFindsBreaches(t *testing.T) {
	ranks := Ranks{"hl7v2": 0, ".": 1, "wire": 2, "journal": 2, "app": 3}
	cases := []struct{ file, imports, want string }{
		{"hl7v2/a.go", "handover/wire", "hl7v2 may not import handover/wire"},
		{"wire/a.go", "handover/journal", "wire may not import handover/journal"},
		{"hl7v2/b.go", "handover", "hl7v2 may not import handover"},
		{"odd/a.go", "handover", "folder odd has no rank"},
		{"wire/b.go", "handover/odd", "wire may not import handover/odd"},
		{"wire/c.go", "handover/hl7v2", ""},
		{"wire/mllp/d.go", "handover/wire", ""},
		{"hl7v2/d_test.go", "handover/journal", ""},
		{"hl7v2/e_test.go", "handover/app", "hl7v2 may not import handover/app"},
	}
	for _, c := range cases {
		root := t.TempDir()
		path := filepath.Join(root, filepath.FromSlash(c.file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("package p\n\nimport _ \""+c.imports+"\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		broken, err := Check(root, ranks)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(broken, "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s importing %s: got %q, want %q", c.file, c.imports, got, c.want)
		}
	}
}
