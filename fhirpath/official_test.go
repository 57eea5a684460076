package fhirpath_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/fhirpath"
	"handover/internal/shareddata"
)

// officialExpression is one that FHIR R4 itself publishes.
type officialExpression struct {
	where, text string
	root        string // type it is evaluated on
}

// TestOfficialExpressions compiles every search parameter and every invariant
// of FHIR R4, following its paths through the model.
func TestOfficialExpressions(t *testing.T) {
	dir := shareddata.Dir(t, "fhir-r4-core-4.0.1")
	model := r4(t)
	for kind, exprs := range map[string][]officialExpression{
		"search parameters": searchExpressions(t, dir),
		"invariants":        invariantExpressions(t, dir),
	} {
		failed, faulty := 0, 0
		for _, e := range exprs {
			_, err := fhirpath.Compile(e.text, fhirpath.Options{Model: model, Strict: true, Root: fhirType(e.root), AsFilters: true})
			_, known := knownFaults[e.where]
			if known {
				faulty++
			}
			if err != nil && !known {
				failed++
				t.Errorf("%s: %s\n\t%v", e.where, e.text, err)
			} else if err == nil && known {
				t.Errorf("%s compiles: take it out of knownFaults", e.where)
			}
		}
		t.Logf("%d %s: %d compile, %d are known faults", len(exprs), kind, len(exprs)-failed-faulty, faulty)
	}
}

// knownFaults are official expressions that cannot be right, with the reason.
var knownFaults = map[string]string{
	"example-extension": "an example whose base is Patient and whose path is DocumentReference's",
	"questionnaireresponse-extensions-QuestionnaireResponse-item-subject": "hasExtension() is not a function of FHIRPath or FHIR R4",
	"ChargeItemDefinition cid-0":                                          "ChargeItemDefinition has no name in R4",
	"Narrative.div txt-1":                                                 "htmlChecks() is not there yet",
	"Narrative.div txt-2":                                                 "htmlChecks() is not there yet",
}

// lines calls visit with every line of a file of the definitions.
func lines(t *testing.T, dir, name string, visit func(line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 32<<20)
	for s.Scan() {
		visit(s.Bytes())
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
}

func searchExpressions(t *testing.T, dir string) (all []officialExpression) {
	lines(t, dir, "SearchParameter", func(line []byte) {
		var p struct {
			ID, Expression string
			Base           []string
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if p.Expression != "" && len(p.Base) == 1 {
			all = append(all, officialExpression{p.ID, p.Expression, p.Base[0]})
		}
	})
	return all
}

func invariantExpressions(t *testing.T, dir string) (all []officialExpression) {
	lines(t, dir, "StructureDefinition", func(line []byte) {
		var d struct {
			Type, Derivation, Kind string
			Snapshot               struct {
				Element []struct {
					Path, ContentReference string
					Type                   []struct{ Code string }
					Constraint             []struct{ Key, Expression, Source string }
				}
			}
		}
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		if d.Derivation == "constraint" || d.Kind == "logical" {
			return
		}
		for _, e := range d.Snapshot.Element {
			root := e.Path
			if len(e.Type) == 1 && e.Type[0].Code != "BackboneElement" && e.Type[0].Code != "Element" {
				root = e.Type[0].Code
			}
			if e.ContentReference != "" {
				root = strings.TrimPrefix(e.ContentReference, "#")
			}
			for _, c := range e.Constraint {
				if c.Expression != "" && !strings.HasPrefix(root, "http") && !strings.HasSuffix(root, "[x]") {
					all = append(all, officialExpression{e.Path + " " + c.Key, c.Expression, root})
				}
			}
		}
	})
	return all
}
