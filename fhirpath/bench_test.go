package fhirpath_test

import (
	"testing"

	"handover/fhirpath"
)

// BenchmarkEvaluate measures expressions as search parameters, map conditions
// and invariants have them, over a resource that is a tree already.
func BenchmarkEvaluate(b *testing.B) {
	root := tree(b, person, nil)
	for _, expr := range []string{
		"Patient.name.given",
		"name.where(use = 'official').family",
		"birthDate.exists()",
		"active = true and name.given.count() > 2",
		"name.given.first() = 'Syn' implies weight > 61.4",
		"Patient.name | Patient.contained.name",
		"descendants().count()",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			ctx := fhirpath.Context{Root: root}
			var c fhirpath.Collection
			for b.Loop() {
				if c, err = e.Append(c[:0], ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBool(b *testing.B) {
	root := tree(b, person, nil)
	e, err := fhirpath.Compile("name.exists(use = 'official') and active", fhirpath.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := e.Bool(fhirpath.Context{Root: root}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	const expr = "Patient.name.where(use = 'official' and given.exists()).select(given | family)"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fhirpath.Compile(expr, fhirpath.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
