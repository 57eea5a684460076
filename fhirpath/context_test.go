package fhirpath_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/fhirpath"
	"handover/fhirpath/jsontree"
)

const person = `{
  "resourceType": "Patient", "id": "synthetic", "active": true,
  "name": [
    {"use": "official", "family": "Test", "given": ["Syn", "Thia"]},
    {"use": "usual", "given": ["Syn"]}
  ],
  "birthDate": "1970-01-02",
  "_birthDate": {"extension": [{"url": "http://example.org/time", "valueString": "noon"}]},
  "managingOrganization": {"reference": "Organization/1"},
  "contained": [{"resourceType": "Organization", "id": "o", "name": "Synthetic"}],
  "weight": 61.50, "nobody": null
}`

func tree(t testing.TB, data string, schema jsontree.Schema) *jsontree.Node {
	t.Helper()
	root, err := jsontree.Parse([]byte(data), schema)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestTree(t *testing.T) {
	root := tree(t, person, nil)
	for expr, want := range map[string]string{
		"name.given":                          "Syn, Thia, Syn",
		"Patient.name.given":                  "Syn, Thia, Syn",
		"Observation.name.given":              "",
		"name[1].given":                       "Syn",
		"name.where(use = 'official').family": "Test",
		"name.where(given = 'Syn').use":       "usual",
		"name.select(given.count())":          "2, 1",
		"name.given.distinct()":               "Syn, Thia",
		"name.exists(family.empty())":         "true",
		"weight":                              "61.50",
		"weight > 61.5":                       "false",
		"birthDate.extension('http://example.org/time').valueString": "noon",
		"birthDate.extension(%`ext-x`).exists()":                     "false",
		"birthDate.hasValue()":                                       "true",
		"name.hasValue()":                                            "false",
		"nobody.exists()":                                            "false",
		"contained.ofType(Organization).id":                          "o",
		"contained[0] is Patient":                                    "false",
		"name.first() = name[0]":                                     "true",
		"name.first() = name[1]":                                     "false",
		"name.first() ~ name[0]":                                     "true",
		"name | name":                                                ", ", // two complex elements, of no type
		"(name | name).count()":                                      "2",
		"name.intersect(name.first()).use":                           "official",
		"children().count()":                                         "8",
		"name.children().count()":                                    "6",
		"descendants().where($this = 'Syn').count()":                 "2",
		"repeat(contained).name":                                     "Synthetic",
		"name.given.aggregate($total & $this, '')":                   "SynThiaSyn",
		"name.given[$this.count()]":                                  "Thia",
		"name.sort(use).use":                                         "official, usual",
		"name.sort(-family).use":                                     "usual, official",
		"$this.id & %context.id & %resource.id & %rootResource.id":   "syntheticsyntheticouterouter",
		"%mine.first()":                                              "m1",
		"%ucum":                                                      "overridden",
		"managingOrganization.resolve().name":                        "Resolved Organization/1",
		"(managingOrganization.reference | 'nothing' | 1).resolve().name": "Resolved Organization/1",
		"id.memberOf('http://example.org/vs')":                            "true",
		"conformsTo('http://example.org/p')":                              "false",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		c, err := e.Evaluate(fhirpath.Context{
			Root: root, Resource: tree(t, `{"id": "outer"}`, nil),
			Variables: map[string]fhirpath.Collection{
				"mine": {fhirpath.String("m1"), fhirpath.String("m2")},
				"ucum": {fhirpath.String("overridden")},
			},
			Resolve: func(reference string) (fhirpath.Node, error) {
				if reference == "nothing" {
					return nil, nil
				}
				return tree(t, `{"name": "Resolved `+reference+`"}`, nil), nil
			},
			MemberOf:   func(n fhirpath.Node, url string) (bool, error) { return strings.HasSuffix(url, "vs"), nil },
			ConformsTo: func(n fhirpath.Node, url string) (bool, error) { return strings.HasSuffix(url, "vs"), nil },
		})
		if got := join(c); err != nil || got != want {
			t.Errorf("%s: got %q, error %v; want %q", expr, got, err, want)
		}
	}
}

func TestBool(t *testing.T) {
	root := tree(t, person, nil)
	for expr, want := range map[string]string{
		"active":                 "true true",
		"active.not()":           "false true",
		"birthDate":              "true true", // a single item that is no Boolean
		"gender":                 "false false",
		"name":                   "error 1:1: expected a single item, got 2",
		"gender = 'm'":           "false false",
		"active and 1=2":         "false true",
		"gender = 'm' or active": "true true",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			t.Fatal(err)
		}
		value, known, err := e.Bool(fhirpath.Context{Root: root})
		got := map[bool]string{true: "true ", false: "false "}[value] + map[bool]string{true: "true", false: "false"}[known]
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
}

func TestTrace(t *testing.T) {
	root := tree(t, person, nil)
	seen := map[string]string{}
	e, err := fhirpath.Compile("name.trace('names', use).given.trace('given').count()", fhirpath.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Evaluate(fhirpath.Context{Root: root, Trace: func(name string, c fhirpath.Collection) { seen[name] = join(c) }})
	if err != nil || join(c) != "3" {
		t.Fatal(join(c), err)
	}
	want := map[string]string{"names": "official, usual", "given": "Syn, Thia, Syn"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// TestConvert gives an engine of two units to show where conversion goes in.
func TestConvert(t *testing.T) {
	grams := func(q fhirpath.Quantity, unit string) (fhirpath.Quantity, bool) {
		if q.Unit != "kg" || unit != "g" {
			return q, false
		}
		d, err := fhirpath.ParseDecimal(q.Number.Text() + "e3")
		return fhirpath.NewQuantity(d, unit), err == nil
	}
	for expr, want := range map[string]string{
		"2000 'g' = 2 'kg'":            "true",
		"2001 'g' > 2 'kg'":            "true",
		"2000 'g' ~ 2 'kg'":            "true",
		"1 'g' + 1 'kg'":               "1001 'g'",
		"1 'kg'.toQuantity('g')":       "1000 'g'",
		"1 'g'.comparable(1 'kg')":     "true",
		"1 'g'.comparable(1 'm')":      "false",
		"1 'g' = 1 'm'":                "",
		"1 'g' ~ 1 'm'":                "false",
		"1 'g' + 1 'm'":                "",
		"(1 'g' | 0.001 'kg').count()": "1",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Evaluate(fhirpath.Context{Convert: grams})
		if got := join(c); err != nil || got != want {
			t.Errorf("%s: got %q, error %v; want %q", expr, got, err, want)
		}
	}
}

func TestNoClockWithoutNow(t *testing.T) {
	e, err := fhirpath.Compile("now()", fhirpath.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Evaluate(fhirpath.Context{}); err == nil || !strings.Contains(err.Error(), "time is not known") {
		t.Error(err)
	}
}
