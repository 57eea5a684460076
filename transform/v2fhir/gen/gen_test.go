package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

// The maps in the repository are what gen makes of the published spreadsheets.
func TestMapsAreGenerated(t *testing.T) {
	from := shareddata.Dir(t, "v2-to-fhir/mappings")
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "composed"), os.DirFS("../maps/composed")); err != nil {
		t.Fatal(err)
	}
	if err := run(from, to); err != nil {
		t.Fatal(err)
	}
	made, kept := tree(t, to), tree(t, "../maps")
	for path, text := range made {
		if kept[path] != text {
			t.Errorf("%s differs from what gen makes; run go run ./transform/v2fhir/gen", path)
		}
	}
	for path := range kept {
		if _, ok := made[path]; !ok {
			t.Errorf("%s is not made by gen any more", path)
		}
	}
}

func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Every correction says why.
func TestCorrectionsHaveReasons(t *testing.T) {
	f, err := readFixes()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.list {
		if len(strings.Fields(x.why)) < 2 {
			t.Errorf("%s %s %s: no reason", x.mapID, x.row, x.column)
		}
	}
}

func TestFixesFindTheirRows(t *testing.T) {
	f := &fixes{list: []*fix{
		{mapID: "segment/A", row: "3,5-7", column: "drop"}, {mapID: "message/*", row: "=M", column: "apply"}, {mapID: "segment/B", row: "9", column: "to"},
	}}
	for _, c := range []struct {
		mapID, row, by string
		want           int
	}{
		{"segment/A", "3", "", 1}, {"segment/A", "4", "", 0}, {"segment/A", "6", "", 1}, {"segment/A", "8", "", 0},
		{"message/X", "1", "M", 1}, {"message/X", "1", "N", 0}, {"segment/B", "9", "", 1},
	} {
		if got := len(f.of(c.mapID, c.row, c.by)); got != c.want {
			t.Errorf("%s %s %s: %d corrections, want %d", c.mapID, c.row, c.by, got, c.want)
		}
	}
	if n := len(f.unused()); n != 0 {
		t.Errorf("%d unused", n)
	}
}

func TestCompareRows(t *testing.T) {
	rows := []string{"3", "7", "7a", "12", "900a"}
	for i := 1; i < len(rows); i++ {
		if compareRows(rows[i-1], rows[i]) >= 0 {
			t.Errorf("%s does not come before %s", rows[i-1], rows[i])
		}
	}
}
