package jsontree_test

import (
	"strings"
	"testing"

	"handover/fhirpath"
	"handover/fhirpath/jsontree"
)

// outline writes a tree as name=value, children in brackets.
func outline(n fhirpath.Node) string {
	s := n.Name()
	if v, ok := n.Value(); ok {
		s += "=" + v.Text()
	}
	children := n.Children(nil, "")
	if len(children) == 0 {
		return s
	}
	var parts []string
	for _, c := range children {
		parts = append(parts, outline(c))
	}
	return s + "[" + strings.Join(parts, " ") + "]"
}

func TestParse(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:                            "",
		`"x"`:                           "=x",
		`{"b": 1, "a": 1.50, "c": 1e2}`: "[b=1 a=1.50 c=100]",
		`{"n": 9999999999}`:             "[n=9999999999]",
		`{"a": [1, 2], "b": [true]}`:    "[a=1 a=2 b=true]",
		`{"a": null}`:                   "",
		`{"a": "x", "_a": {"id": "1"}}`: "[a=x[id=1]]",
		`{"_a": {"id": "1"}}`:           "[a[id=1]]",
		`{"_a": {"id": "1"}, "a": "x"}`: "[a=x[id=1]]",
		`{"a": [null, "y"], "_a": [{"id": "1"}, null]}`:             "[a[id=1] a=y]",
		`{"a": ["x"], "_a": [null, {"id": "2"}]}`:                   "[a=x a[id=2]]",
		`{"resourceType": "P", "o": {"resourceType": "Q", "x": 1}}`: "[o[x=1]]",
		`{"n": 1e999}`: "[n=1e999]",
	} {
		root, err := jsontree.Parse([]byte(data), nil)
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		if got := outline(root); got != want {
			t.Errorf("%s: got %s, want %s", data, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for data, want := range map[string]string{
		``:                       "byte 0: JSON ends too soon",
		`{"a": `:                 "byte 5: JSON ends too soon",
		`{"secret": Zyx}`:        "byte 11: not JSON",
		`1 2`:                    "more than one document",
		strings.Repeat("[", 300): "nested deeper than 200 levels",
	} {
		_, err := jsontree.Parse([]byte(data), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got error %v, want %s", data, err, want)
		}
	}
}

// schema knows an Observation's value.
type schema struct{}

func (schema) Property(t fhirpath.TypeName, property string) (string, fhirpath.TypeName, bool) {
	if t.Name == "Observation" && strings.HasPrefix(property, "value") {
		name := property[len("value"):]
		if name != "Quantity" {
			name = strings.ToLower(name[:1]) + name[1:]
		}
		return "value", fhirpath.TypeName{Namespace: "FHIR", Name: name}, true
	}
	if t.Name == "Quantity" && property == "value" {
		return "value", fhirpath.TypeName{Namespace: "FHIR", Name: "decimal"}, true
	}
	return "", fhirpath.TypeName{}, false
}

func TestSchema(t *testing.T) {
	const ucum = `"system": "http://unitsofmeasure.org", "code": "mg"`
	for property, want := range map[string]string{
		`"valueDate": "2014-01"`:                                         "FHIR.date System.Date 2014-01",
		`"valueDate": "soon"`:                                            "FHIR.date System.String soon",
		`"valueDateTime": "2014-01-01T10:00:00Z"`:                        "FHIR.dateTime System.DateTime 2014-01-01T10:00:00Z",
		`"valueTime": "10:00:00"`:                                        "FHIR.time System.Time 10:00:00",
		`"valueDecimal": 3`:                                              "FHIR.decimal System.Decimal 3",
		`"valueInteger": 3`:                                              "FHIR.integer System.Integer 3",
		`"valueQuantity": {"value": 3, ` + ucum + `}`:                    "FHIR.Quantity System.Quantity 3 'mg'",
		`"valueQuantity": {"value": 3, "comparator": "<", ` + ucum + `}`: "FHIR.Quantity",
		`"valueQuantity": {"value": 3, "unit": "mg"}`:                    "FHIR.Quantity",
	} {
		root, err := jsontree.Parse([]byte(`{"resourceType": "Observation", `+property+`}`), schema{})
		if err != nil {
			t.Fatal(err)
		}
		values := root.Children(nil, "value")
		if len(values) != 1 {
			t.Fatalf("%s: %d values", property, len(values))
		}
		got := values[0].Type().String()
		if v, ok := values[0].Value(); ok {
			got += " " + v.Type().String() + " " + v.Text()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", property, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a": [null, {"b": 1.0}], "_a": [{"id": "x"}]}`, `[1, [2]]`, `{"resourceType": "Observation", "valueQuantity": {}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		root, err := jsontree.Parse([]byte(data), schema{})
		if err != nil {
			return
		}
		if first, second := outline(root), outline(root); first != second {
			t.Error("the tree changes when it is read")
		}
	})
}
