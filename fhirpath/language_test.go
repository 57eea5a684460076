package fhirpath_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover/fhirpath"
)

// TestLanguage reads testdata/language: each entry is "expression => result",
// items joined by ", ", or "expression !! error", of which the beginning is
// enough. An entry goes on over lines that have no arrow.
func TestLanguage(t *testing.T) {
	files, err := filepath.Glob("testdata/language/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata/language", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			expr := ""
			for line := range strings.Lines(string(data)) {
				if expr == "" && (strings.TrimSpace(line) == "" || strings.HasPrefix(line, "# ") && !strings.Contains(line, "!!")) {
					continue
				}
				expr += line
				checkEntry(t, &expr)
			}
		})
	}
}

func checkEntry(t *testing.T, entry *string) {
	t.Helper()
	text := strings.TrimSuffix(*entry, "\n")
	expr, want, ok := cutLast(text, " => ", " =>")
	if ok {
		*entry = ""
		if got, err := run(expr); err != nil || got != want {
			t.Errorf("%s\n\tgot  %q, error %v\n\twant %q", expr, got, err, want)
		}
		return
	}
	if expr, want, ok = cutLast(text, " !! "); ok {
		*entry = ""
		if got, err := run(expr); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n\tgot  %q, error %v\n\twant error %q", expr, got, err, want)
		}
	}
}

// cutLast cuts at the last of one of the arrows.
func cutLast(s string, arrows ...string) (before, after string, ok bool) {
	for _, arrow := range arrows {
		if i := strings.LastIndex(s, arrow); i >= 0 {
			return s[:i], s[i+len(arrow):], true
		}
	}
	return s, "", false
}

func fixedNow() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.FixedZone("", 2*3600))
}

// run evaluates without a tree and joins the texts of the result.
func run(expr string) (string, error) {
	e, err := fhirpath.Compile(expr, fhirpath.Options{})
	if err != nil {
		return "", err
	}
	c, err := e.Evaluate(fhirpath.Context{Now: fixedNow, MaxSteps: 100_000})
	if err != nil {
		return "", err
	}
	return join(c), nil
}

func join(c fhirpath.Collection) string {
	texts := make([]string, len(c))
	for i, n := range c {
		texts[i] = n.Type().String()
		if v, ok := n.Value(); ok {
			texts[i] = v.Text()
		}
	}
	return strings.Join(texts, ", ")
}
