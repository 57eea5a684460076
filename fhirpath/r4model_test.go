package fhirpath_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"handover/fhirpath"
	"handover/internal/shareddata"
)

// r4Model is FHIR R4 as the suite needs it, read from the official
// StructureDefinitions: both a fhirpath.Model and a jsontree.Schema.
type r4Model struct {
	base     map[string]string                     // type → its base, "" at the top
	elements map[string]map[string]r4Element       // type → element
	property map[string]map[string]r4ChoiceElement // type → property of a choice
}

type r4Element struct{ types []string }

type r4ChoiceElement struct{ name, typ string }

type structureDefinition struct {
	Type, Kind, Derivation, BaseDefinition string
	Snapshot                               struct {
		Element []struct {
			Path, ContentReference string
			Type                   []struct {
				Code      string
				Extension []struct{ URL, ValueURL string }
			}
		}
	}
}

var loadR4 = sync.OnceValues(func() (*r4Model, error) {
	f, err := os.Open(r4File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	m := &r4Model{map[string]string{}, map[string]map[string]r4Element{}, map[string]map[string]r4ChoiceElement{}}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 32<<20)
	for lines.Scan() {
		var sd structureDefinition
		if err := json.Unmarshal(lines.Bytes(), &sd); err != nil {
			return nil, err
		}
		if sd.Derivation != "constraint" && sd.Kind != "logical" {
			m.add(sd)
		}
	}
	return m, lines.Err()
})

var r4File string

// r4 returns the model, and skips the test where the definitions are absent.
func r4(t testing.TB) *r4Model {
	t.Helper()
	r4File = filepath.Join(shareddata.Dir(t, "fhir-r4-core-4.0.1"), "StructureDefinition.ndjson.gz")
	m, err := loadR4()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *r4Model) add(sd structureDefinition) {
	m.base[sd.Type] = sd.BaseDefinition[strings.LastIndex(sd.BaseDefinition, "/")+1:]
	for _, e := range sd.Snapshot.Element {
		dot := strings.LastIndex(e.Path, ".")
		if dot < 0 {
			continue
		}
		owner, name := e.Path[:dot], e.Path[dot+1:]
		var types []string
		for _, t := range e.Type {
			code := t.Code
			for _, x := range t.Extension {
				if strings.HasSuffix(x.URL, "structuredefinition-fhir-type") {
					code = x.ValueURL
				}
			}
			if code == "BackboneElement" || code == "Element" && strings.Contains(owner, ".") || code == "Element" && sd.Kind == "complex-type" {
				m.base[e.Path] = code
				code = e.Path
			}
			types = append(types, code)
		}
		if e.ContentReference != "" {
			types = []string{strings.TrimPrefix(e.ContentReference, "#")}
		}
		if name == "id" && sd.Kind == "resource" && !strings.Contains(owner, ".") {
			types = []string{"id"} // R4's page says id; the definition says string, an erratum
		}
		m.addElement(owner, name, types)
	}
}

func (m *r4Model) addElement(owner, name string, types []string) {
	if m.elements[owner] == nil {
		m.elements[owner] = map[string]r4Element{}
		m.property[owner] = map[string]r4ChoiceElement{}
	}
	name, choice := strings.CutSuffix(name, "[x]")
	m.elements[owner][name] = r4Element{types}
	if !choice {
		m.property[owner][name] = r4ChoiceElement{name, strings.Join(types, "|")}
		return
	}
	for _, t := range types {
		m.property[owner][name+strings.ToUpper(t[:1])+t[1:]] = r4ChoiceElement{name, t}
	}
}

func fhirType(name string) fhirpath.TypeName { return fhirpath.TypeName{Namespace: "FHIR", Name: name} }

func (m *r4Model) Base(t fhirpath.TypeName) (fhirpath.TypeName, bool) {
	base, ok := m.base[t.Name]
	if !ok || t.Namespace != "FHIR" {
		return fhirpath.TypeName{}, false
	}
	if base == "" {
		return fhirpath.TypeName{}, true
	}
	return fhirType(base), true
}

func (m *r4Model) Element(t fhirpath.TypeName, name string) ([]fhirpath.TypeName, bool) {
	e, ok := m.elements[t.Name][name]
	if !ok {
		return nil, false
	}
	var types []fhirpath.TypeName
	for _, t := range e.types {
		if t == "Resource" {
			return nil, true
		}
		types = append(types, fhirType(t))
	}
	return types, true
}

func (m *r4Model) Property(t fhirpath.TypeName, property string) (string, fhirpath.TypeName, bool) {
	p, ok := m.property[t.Name][property]
	if !ok {
		return "", fhirpath.TypeName{}, false
	}
	return p.name, fhirType(p.typ), true
}
