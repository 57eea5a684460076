package golden

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what comes into the golden stories instead of comparing")

// Run runs every story below dir (*.txtar) as a subtest named by its path. f
// turns a story's message into JSON and a log. With -update the stories are
// written anew. A folder without stories fails.
func Run(t *testing.T, dir string, f func(t *testing.T, s *Story) (json []byte, log string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".txtar") {
			return err
		}
		n++
		name, _ := filepath.Rel(dir, path)
		t.Run(strings.TrimSuffix(filepath.ToSlash(name), ".txtar"), func(t *testing.T) { runStory(t, path, f) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Fatalf("no stories below %s", dir)
	}
}

func runStory(t *testing.T, path string, f func(*testing.T, *Story) ([]byte, string)) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	gotJSON, gotLog := f(t, s)
	if *update {
		out, err := s.Update(gotJSON, gotLog)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, out, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, ok := s.File(WantJSON); !ok {
		t.Errorf("%s: the story has no %s; run with -update to write it, then read what was written", path, WantJSON)
	}
	for _, d := range s.Compare(gotJSON, gotLog) {
		t.Error(d)
	}
}
