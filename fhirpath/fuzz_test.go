package fhirpath_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover/fhirpath"
	"handover/fhirpath/jsontree"
)

// seeds adds the language files' expressions to a fuzz target's corpus.
func seeds(f *testing.F, add func(expr string)) {
	files, _ := filepath.Glob("testdata/language/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if expr, _, ok := cutLast(strings.TrimSpace(line), " => ", " =>", " !! "); ok {
				add(expr)
			}
		}
	}
}

// FuzzCompile: an expression compiles, or its errors lie within it; and what
// compiles still does with space and comments around it.
func FuzzCompile(f *testing.F) {
	seeds(f, func(expr string) { f.Add(expr) })
	f.Add("Patient.name.where(use = 'official' and given.exists()).select(given | family)")
	f.Fuzz(func(t *testing.T, expr string) {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err == nil {
			if e.String() != expr {
				t.Errorf("String() is %q", e)
			}
			if _, err := fhirpath.Compile("/* a */ "+expr+" \n// b", fhirpath.Options{}); err != nil && len(expr) < 60_000 {
				t.Errorf("%q does not compile among comments: %v", expr, err)
			}
			return
		}
		all, ok := errors.AsType[fhirpath.Errors](err)
		if !ok || len(all) == 0 {
			t.Fatalf("%q: %v", expr, err)
		}
		lines := strings.Count(expr, "\n") + 1
		for _, e := range all {
			if e.Line < 1 || e.Line > lines || e.Column < 1 || e.Column > len(expr)+1 {
				t.Errorf("%q: error outside of it: %v", expr, e)
			}
		}
	})
}

// FuzzEvaluate: evaluation ends, twice with the same result, and leaves errors
// as *Error.
func FuzzEvaluate(f *testing.F) {
	seeds(f, func(expr string) { f.Add(expr, person) })
	f.Add("descendants().where($this.exists()) | name.given.sort()", `{"a": [1, [2, {"b": null}], "x"], "_a": [null, {"c": 1e400}]}`)
	f.Fuzz(func(t *testing.T, expr, data string) {
		root, err := jsontree.Parse([]byte(data), nil)
		if err != nil {
			return
		}
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			return
		}
		ctx := fhirpath.Context{Root: root, MaxSteps: 20_000, Now: fixedNow}
		start := time.Now()
		first, err := e.Evaluate(ctx)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q takes %v", expr, took)
		}
		second, again := e.Evaluate(ctx)
		if (err == nil) != (again == nil) || join(first) != join(second) {
			t.Errorf("%q yields %q, then %q", expr, join(first), join(second))
		}
		if err != nil {
			if _, ok := errors.AsType[*fhirpath.Error](err); !ok {
				t.Errorf("%q: %T", expr, err)
			}
		}
	})
}

// FuzzTemporal: what parses prints as something that parses to the same.
func FuzzTemporal(f *testing.F) {
	for _, s := range []string{"2014", "2014-01", "2014-01-25", "2014-01-25T14", "2014-01-25T14:30:14.559+02:00", "14:30:14.559", "2014-01-25T14:30Z", "2016-12-31T23:59:60Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := fhirpath.ParseDate(s); err == nil {
			if again, err := fhirpath.ParseDate(d.Text()); err != nil || again != d {
				t.Errorf("date %q: %q, %v", s, d.Text(), err)
			}
		}
		if d, err := fhirpath.ParseDateTime(s); err == nil {
			again, err := fhirpath.ParseDateTime(d.Text())
			if err != nil || again != d {
				t.Errorf("date and time %q: %q, %v", s, d.Text(), err)
			}
			if from, before := d.Bounds(time.UTC); !from.Before(before) {
				t.Errorf("%q: bounds %v and %v", s, from, before)
			}
		}
		if d, err := fhirpath.ParseTime(s); err == nil {
			if again, err := fhirpath.ParseTime(d.Text()); err != nil || again != d {
				t.Errorf("time %q: %q, %v", s, d.Text(), err)
			}
		}
	})
}
