package fhirpath_test

import (
	"strings"
	"testing"

	"handover/fhirpath"
)

// miniModel is a model small enough to read here.
type miniModel struct{}

var miniBases = map[string]string{"Resource": "", "Person": "Resource", "Name": "Element", "Element": "", "Quantity": "Element", "string": "Element", "Extension": "Element", "Box": "Resource"}

var miniElements = map[string][]string{
	"Person.name": {"Name"}, "Person.value": {"Quantity", "string"}, "Person.extension": {"Extension"},
	"Name.family": {"string"}, "Quantity.unit": {"string"}, "Extension.url": {"string"}, "Box.item": {""},
}

func (miniModel) Base(t fhirpath.TypeName) (fhirpath.TypeName, bool) {
	base, ok := miniBases[t.Name]
	if !ok || t.Namespace != "FHIR" || base == "" {
		return fhirpath.TypeName{}, ok && t.Namespace == "FHIR"
	}
	return fhirType(base), true
}

func (miniModel) Element(t fhirpath.TypeName, name string) (types []fhirpath.TypeName, ok bool) {
	names, ok := miniElements[t.Name+"."+name]
	for _, n := range names {
		if n == "" {
			return []fhirpath.TypeName{{}}, true
		}
		types = append(types, fhirType(n))
	}
	return types, ok
}

func TestStrict(t *testing.T) {
	for expr, want := range map[string]string{
		"name.family":                        "",
		"Person.name.family":                 "",
		"Resource.name":                      "", // Person is one
		"name.familly":                       "1:6: FHIR.Name has no element 'familly'",
		"Box.item":                           "1:1: FHIR.Person has no element 'Box'",
		"value.unit":                         "",
		"value.code":                         "1:7: FHIR.Quantity has no element 'code'",
		"(value as string).unit":             "1:19: FHIR.string has no element 'unit'",
		"value.ofType(Quantity).unit":        "",
		"value.ofType(FHIR.Quantity).x":      "1:29: FHIR.Quantity has no element 'x'",
		"name.where(family = 'x').use":       "1:26: FHIR.Name has no element 'use'",
		"name.where(use = 'x')":              "1:12: FHIR.Name has no element 'use'",
		"name.select(family).length()":       "",
		"name.select(familly)":               "1:13: FHIR.Name has no element 'familly'",
		"name.exists(use) or name.all(use)":  "1:13: FHIR.Name has no element 'use'; 1:30: FHIR.Name has no element 'use'",
		"extension('u').url":                 "",
		"extension('u').uri":                 "1:16: FHIR.Extension has no element 'uri'",
		"name.count().family":                "1:14: System.Integer has no element 'family'",
		"'a'.upper().b":                      "1:13: System.String has no element 'b'",
		"children().anything.at.all":         "",
		"children().first()":                 "1:12: first() depends on an order",
		"descendants()[0]":                   "1:14: [] depends on an order",
		"children().sort($this).first()":     "",
		"children().ofType(Name).familly":    "1:25: FHIR.Name has no element 'familly'",
		"(name | value).family":              "",
		"(name | value).nothing":             "1:16: FHIR.Name has no element 'nothing'",
		"name.union(value).unit":             "",
		"iif('x', 1, 2)":                     "1:5: iif() takes a Boolean criterion, not System.String",
		"name.iif(family = 'x', $this)":      "",
		"%context.nam":                       "1:10: FHIR.Person has no element 'nam'",
		"%other.nam":                         "",
		"name.repeat(family)":                "",
		"name[0].familly":                    "1:9: FHIR.Name has no element 'familly'",
		"-name.familly":                      "1:7: FHIR.Name has no element 'familly'",
		"name is Nothing":                    "1:9: no type 'Nothing'",
		"name as FHIR.Nothing":               "1:9: no type 'FHIR.Nothing'",
		"name is System.Nothing":             "",
		"name.subsetOf(nam)":                 "1:15: FHIR.Person has no element 'nam'",
		"name.aggregate($this.familly, nam)": "1:22: FHIR.Name has no element 'familly'; 1:31: FHIR.Person has no element 'nam'",
		"nam in name and 1 + nam > 2":        "1:1: FHIR.Person has no element 'nam'; 1:21: FHIR.Person has no element 'nam'",
	} {
		_, err := fhirpath.Compile(expr, fhirpath.Options{Model: miniModel{}, Strict: true, Root: fhirType("Person")})
		switch {
		case err == nil && want != "":
			t.Errorf("%s compiles, want %s", expr, want)
		case err != nil && (want == "" || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("%s: %v, want %q", expr, err, want)
		}
	}
	box := fhirpath.Options{Model: miniModel{}, Strict: true, Root: fhirType("Box")}
	if _, err := fhirpath.Compile("item.whatever.it.holds", box); err != nil {
		t.Error(err)
	}
	if _, err := fhirpath.Compile("name.familly", fhirpath.Options{Model: miniModel{}, Root: fhirType("Person")}); err != nil {
		t.Error("checked without Strict:", err)
	}
}

func TestTypes(t *testing.T) {
	model := r4(t)
	root := tree(t, `{"resourceType": "Observation", "status": "final", "valueQuantity": {"value": 1.50, "system": "http://unitsofmeasure.org", "code": "mg"},
		"effectiveDateTime": "2014-01", "component": [{"valueString": "a"}, {"valueInteger": 3}]}`, model)
	for expr, want := range map[string]string{
		"value is Quantity":                       "true",
		"value is FHIR.Element":                   "true",
		"value is System.Quantity":                "false",
		"value = 1.5 'mg'":                        "true",
		"value > 1 'mg'":                          "true",
		"value.value.toString()":                  "1.50",
		"value.getValue().exists()":               "false",
		"status is code":                          "true",
		"status is string":                        "true",
		"status.type().name":                      "code",
		"effective is dateTime":                   "true",
		"effective < @2014-02-01T00:00:00Z":       "true",
		"component.value.ofType(integer) + 1":     "4",
		"component.value.ofType(string)":          "a",
		"component.type().name.distinct()":        "Observation.component",
		"component.all($this is BackboneElement)": "true",
		"$this is DomainResource":                 "true",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{Model: model, Strict: true, Root: root.Type()})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		c, err := e.Evaluate(fhirpath.Context{Root: root})
		if got := join(c); err != nil || got != want {
			t.Errorf("%s: got %q, error %v; want %q", expr, got, err, want)
		}
	}
}

func TestAsFilters(t *testing.T) {
	root := tree(t, person, nil)
	for _, filters := range []bool{false, true} {
		e, err := fhirpath.Compile("(name.given as String).count()", fhirpath.Options{AsFilters: filters})
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Evaluate(fhirpath.Context{Root: root})
		if filters != (err == nil) {
			t.Errorf("AsFilters %v: %v, %v", filters, join(c), err)
		}
	}
}
