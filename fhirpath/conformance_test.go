package fhirpath_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"handover/fhirpath"
	"handover/fhirpath/jsontree"
	"handover/internal/shareddata"
)

// suiteCase is one case of the official suite.
type suiteCase struct {
	Name       string `xml:"name,attr"`
	Input      string `xml:"inputfile,attr"`
	Predicate  string `xml:"predicate,attr"`
	Ordered    string `xml:"ordered,attr"`
	Expression struct {
		Text    string `xml:",chardata"`
		Invalid string `xml:"invalid,attr"`
	} `xml:"expression"`
	Outputs []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"output"`
}

// TestSuite runs the official R4 suite. What does not pass stands, with its
// reason, in testdata/waiting.txt; an entry there that passes is a failure.
func TestSuite(t *testing.T) {
	dir := shareddata.Dir(t, "suites")
	s := &suite{model: r4(t), dir: dir, trees: map[string]fhirpath.Node{}}
	waiting := readWaiting(t)
	passed, own := 0, 0
	for _, c := range readSuite(t, filepath.Join(dir, "fhirpath", "tests-fhir-r4.xml")) {
		err := s.run(c)
		reason, waits := waiting[c.Name]
		switch {
		case err == nil && waits:
			t.Errorf("%s passes: take it out of testdata/waiting.txt", c.Name)
		case err == nil:
			passed++
		case !waits:
			t.Errorf("%s: %s\n\t%v", c.Name, strings.Join(strings.Fields(c.Expression.Text), " "), err)
		default:
			s.waited = append(s.waited, c.Name+": "+reason)
		}
		s.total++
		if s.own[c.Input] {
			own++
		}
	}
	slices.Sort(s.waited)
	t.Logf("FHIRPath R4 suite: %d of %d pass, %d wait (%d cases read inputs of our own, testdata/inputs)\n%s",
		passed, s.total, len(s.waited), own, strings.Join(s.waited, "\n"))
	if s.total != 935 {
		t.Errorf("the suite has %d cases, not 935", s.total)
	}
}

func readSuite(t *testing.T, file string) []suiteCase {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Groups []struct {
			Tests []suiteCase `xml:"test"`
		} `xml:"group"`
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var cases []suiteCase
	for _, g := range doc.Groups {
		cases = append(cases, g.Tests...)
	}
	return cases
}

// readWaiting reads lines of "name: reason".
func readWaiting(t *testing.T) map[string]string {
	data, err := os.ReadFile("testdata/waiting.txt")
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("testdata/waiting.txt: no reason in %q", line)
		}
		waiting[name] = reason
	}
	return waiting
}

type suite struct {
	model  *r4Model
	dir    string
	trees  map[string]fhirpath.Node
	own    map[string]bool
	total  int
	waited []string
}

// input finds a case's resource: the suite's own file, its JSON form, the
// official example of that name, or one of ours.
func (s *suite) input(name string) (fhirpath.Node, error) {
	if n, ok := s.trees[name]; ok || name == "" {
		return n, nil
	}
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	examples := filepath.Join(s.dir, "fhirpath", "examples")
	upper := "Appointment" + strings.TrimPrefix(stem, "appointment")
	for _, file := range []string{
		filepath.Join(examples, stem+".xml"), filepath.Join(examples, stem+".json"),
		filepath.Join(s.dir, "r4-examples", upper+".json"), filepath.Join("testdata", "inputs", stem+".json"),
	} {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil && strings.HasSuffix(file, ".xml") {
			data, err = xmlToJSON(bytes.NewReader(data), s.model)
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(file, "testdata") {
			if s.own == nil {
				s.own = map[string]bool{}
			}
			s.own[name] = true
		}
		root, err := jsontree.Parse(data, s.model)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		s.trees[name] = root
		return root, nil
	}
	return nil, fmt.Errorf("no input %s", name)
}

func (s *suite) run(c suiteCase) error {
	root, err := s.input(c.Input)
	if err != nil {
		return err
	}
	// Strict throughout: what is right must also pass the check of paths.
	opts := fhirpath.Options{Model: s.model, Strict: true}
	if root != nil {
		opts.Root = root.Type()
	}
	e, err := fhirpath.Compile(c.Expression.Text, opts)
	if err != nil {
		return expected(c, err)
	}
	if c.Expression.Invalid == "syntax" {
		return errors.New("compiles, but is no FHIRPath")
	}
	ctx := fhirpath.Context{Root: root, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC) }}
	if c.Predicate == "true" {
		value, known, err := e.Bool(ctx)
		if err != nil {
			return expected(c, err)
		}
		return match(c, fhirpath.Collection{fhirpath.Boolean(value && known)})
	}
	got, err := e.Evaluate(ctx)
	if err != nil {
		return expected(c, err)
	}
	return match(c, got)
}

// expected accepts an error where the case wants one.
func expected(c suiteCase, err error) error {
	if c.Expression.Invalid == "" {
		return err
	}
	return nil
}

func match(c suiteCase, got fhirpath.Collection) error {
	if c.Expression.Invalid != "" {
		return fmt.Errorf("wants an error (%s), got %s", c.Expression.Invalid, show(got))
	}
	if len(got) != len(c.Outputs) {
		return fmt.Errorf("wants %d items, got %s", len(c.Outputs), show(got))
	}
	have := make([]string, len(got))
	want := make([]string, len(got))
	for i, o := range c.Outputs {
		have[i], want[i] = describe(got[i], o.Type), strings.TrimLeft(strings.TrimPrefix(o.Text, "@"), "T")
		if o.Type == "string" {
			want[i] = o.Text
		}
		want[i] = o.Type + " " + want[i]
	}
	if c.Ordered == "false" {
		slices.Sort(have)
		slices.Sort(want)
	}
	if !slices.Equal(have, want) {
		return fmt.Errorf("wants %v, got %v", want, have)
	}
	return nil
}

// describe writes an item as the suite does; a type other than the wanted one
// shows.
func describe(n fhirpath.Node, wantType string) string {
	t := n.Type()
	name := t.Name
	if t.Namespace == "System" && name != "Quantity" {
		name = strings.ToLower(name[:1]) + name[1:]
	}
	if wantType == "" {
		name = ""
	}
	v, ok := n.Value()
	if !ok {
		return name + " (no value)"
	}
	return name + " " + v.Text()
}

func show(c fhirpath.Collection) string {
	var items []string
	for _, n := range c {
		items = append(items, describe(n, "any"))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
