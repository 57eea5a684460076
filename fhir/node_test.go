package fhir

import (
	"strings"
	"testing"

	"handover/fhirpath"
)

const observed = `{
  "resourceType": "Observation",
  "id": "o1",
  "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}, {"code": "x"}], "text": "H\u00e4moglobin \"a\""},
  "valueQuantity": {"value": 7.20, "system": "http://unitsofmeasure.org", "code": "g/dL"},
  "effectiveDateTime": "2020-01-02",
  "_effectiveDateTime": {"id": "e1", "extension": [{"url": "http://example.org/x", "valueBoolean": true}]},
  "_issued": {"extension": [{"url": "http://example.org/y", "valueInteger": 3}]},
  "performer": [{"display": "A"}, {"display": "B"}],
  "contained": [{"id": "p", "resourceType": "Patient", "name": [{"given": ["Eins", null, "Drei"], "_given": [null, {"id": "g2"}, {"id": "g3"}]}]}]
}`

func parsed(t testing.TB, text string) *Node {
	t.Helper()
	r, problems := Parse([]byte(text))
	for _, p := range problems {
		t.Error(p)
	}
	if r == nil {
		t.FailNow()
	}
	return r.Root()
}

func TestNodeReads(t *testing.T) {
	n := parsed(t, observed)
	if r := n.doc; r.Type() != "Observation" || r.ID() != "o1" || string(r.Bytes()) != observed {
		t.Error("the resource does not know itself")
	}
	for path, want := range map[string]string{
		"status": "final", "code.text": `Hämoglobin "a"`, "code.coding[1].code": "x", "code.coding.code": "718-7",
		"value.value": "7.20", "valueQuantity.code": "g/dL", "performer[1].display": "B",
		"contained[0].name[0].given[0]": "Eins", "contained.name.given[1]": "", "contained.name.given[2]": "Drei",
		"effective": "2020-01-02", "effectiveDateTime.id": "e1", "effective.extension.valueBoolean": "true",
		"issued.extension.value": "3", "contained.name.given[1].id": "g2",
		"performer[2].display": "", "nothing": "", "performer.": "", "code.text.x": "", "resourceType": "",
	} {
		if got := n.At(path).Text(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if n.Get("performer").Len() != 2 || n.Get("status").Len() != 1 || n.Get("nothing").Len() != 0 {
		t.Error("wrong lengths")
	}
	if string(n.At("code.coding[1]").Raw()) != `{"code": "x"}` {
		t.Errorf("raw is %s", n.At("code.coding[1]").Raw())
	}
}

func TestNodeKnowsItsDefinition(t *testing.T) {
	n := parsed(t, observed)
	value := n.Get("value")
	if value.Property() != "valueQuantity" || value.Name() != "value" || value.Element().Name != "value[x]" || value.Def().Name != "Quantity" {
		t.Errorf("value is %s %s", value.Property(), value.Name())
	}
	issued := n.Get("_issued")
	if !issued.IsPrimitive() || issued.HasValue() || issued.IsObject() || issued.Def().Name != "instant" {
		t.Error("a primitive without value is not taken for one")
	}
	if !n.IsObject() || n.IsPrimitive() || !n.Get("performer").IsList() || !n.Get("status").HasValue() {
		t.Error("wrong about kinds")
	}
	var none *Node
	if none.Get("x") != nil || none.At("x.y") != nil || none.Index(0) != nil || none.Text() != "" || none.Raw() != nil ||
		none.Def() != nil || none.Element() != nil || none.Path() != "" || none.IsObject() || none.Len() != 0 || none.Byte() != 0 {
		t.Error("nothing is something")
	}
	for range none.Members() {
		t.Error("nothing has members")
	}
}

func TestNodeTellsItsPath(t *testing.T) {
	n := parsed(t, observed)
	for path, want := range map[string]string{
		"code.coding[1].code":           "Observation.code.coding[1].code",
		"value.code":                    "Observation.value.ofType(Quantity).code",
		"contained.name.given[2]":       "Observation.contained[0].name[0].given[2]",
		"effective.extension[0].value":  "Observation.effective.ofType(dateTime).extension[0].value.ofType(boolean)",
		"contained[0].name[0].given[1]": "Observation.contained[0].name[0].given[1]",
	} {
		if got := n.At(path).Path(); got != want {
			t.Errorf("%s is at %s, want %s", path, got, want)
		}
	}
	if n.Path() != "Observation" {
		t.Errorf("the root is at %s", n.Path())
	}
}

func TestFHIRPathOverNodes(t *testing.T) {
	n := parsed(t, observed)
	for expr, want := range map[string]string{
		"Observation.status":              "final",
		"code.coding.code":                "718-7 x",
		"value":                           "7.20 'g/dL'",
		"value.value":                     "7.20",
		"value is Quantity":               "true",
		"(value as Quantity).value = 7.2": "true",
		"value.ofType(string)":            "",
		"Observation.effective":           "2020-01-02",
		"effective is dateTime":           "true",
		"effective.extension('http://example.org/x').value": "true",
		"effective.id":                                    "e1",
		"issued.hasValue()":                               "false",
		"issued.extension.value":                          "3",
		"contained.name.given":                            "Eins Drei",
		"contained.name.given.count()":                    "3",
		"contained.name.given.id":                         "g2 g3",
		"contained.ofType(Patient).id":                    "p",
		"contained.is(DomainResource)":                    "true",
		"performer.display":                               "A B",
		"children().count()":                              "9",
		"descendants().where($this is Reference).count()": "2",
		"resourceType":                                    "",
		"valueQuantity":                                   "",
		"status.type().name":                              "code",
		"effective.id is System.String":                   "true",
		"Patient.name":                                    "",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{Model: Model()})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := e.Evaluate(fhirpath.Context{Root: n})
		var texts []string
		for _, one := range got {
			if v, ok := one.Value(); ok {
				texts = append(texts, v.Text())
			}
		}
		if s := strings.Join(texts, " "); err != nil || s != want {
			t.Errorf("%s is %q, want %q (%v)", expr, s, want, err)
		}
	}
}

func TestValueOfQuantities(t *testing.T) {
	for quantity, want := range map[string]string{
		`{"value":1.50,"system":"http://unitsofmeasure.org","code":"mg"}`: "1.50 'mg'",
		`{"value":1.5}`:                  "1.5 '1'",
		`{"value":1.5,"unit":"tablets"}`: "",
		`{"value":1.5,"system":"http://snomed.info/sct","code":"1"}`:                      "",
		`{"value":1.5,"comparator":"<","system":"http://unitsofmeasure.org","code":"mg"}`: "",
		`{"unit":"mg"}`: "",
	} {
		n := parsed(t, `{"resourceType":"Observation","valueQuantity":`+quantity+`}`).Get("value")
		got := ""
		if v, ok := n.Value(); ok {
			got = v.Text()
		}
		if got != want {
			t.Errorf("%s is %q, want %q", quantity, got, want)
		}
	}
}

func TestModel(t *testing.T) {
	m := Model()
	name := func(s string) fhirpath.TypeName { return fhirpath.TypeName{Namespace: "FHIR", Name: s} }
	if base, ok := m.Base(name("Patient")); !ok || base != name("DomainResource") {
		t.Errorf("Patient is a %v", base)
	}
	if base, ok := m.Base(name("Element")); !ok || base.Name != "" {
		t.Errorf("Element is a %v", base)
	}
	if _, ok := m.Base(fhirpath.TypeName{Namespace: "System", Name: "Patient"}); ok {
		t.Error("knows System.Patient")
	}
	if types, ok := m.Element(name("Patient"), "deceased"); !ok || len(types) != 2 || types[0] != name("boolean") {
		t.Errorf("Patient.deceased is %v", types)
	}
	if _, ok := m.Element(name("Patient"), "deceasedBoolean"); ok {
		t.Error("Patient has an element deceasedBoolean")
	}
	if types, ok := m.Element(name("Patient"), "contact"); !ok || types[0] != name("Patient.contact") {
		t.Errorf("Patient.contact is %v", types)
	}
}
