package fhir

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"handover/internal/shareddata"
)

func BenchmarkDefinitions(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readDefinitions(definitionsText); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	var bundle []byte
	for _, data := range readAll(b, filepath.Join(shareddata.Dir(b, "synthea"), "*.json"), 1) {
		bundle = data
	}
	patient := examples(b)["Patient-example.json"]
	if patient == nil {
		patient = []byte(smallPatient)
	}
	for _, bench := range []struct {
		name string
		data []byte
		o    Options
	}{
		{"synthea-strict", bundle, Options{}},
		{"synthea-lenient", bundle, Options{Lenient: true}},
		{"patient-strict", patient, Options{}},
		{"patient-lenient", patient, Options{Lenient: true}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.data)))
			b.ReportAllocs()
			for b.Loop() {
				if r, _ := bench.o.Parse(bench.data); r == nil {
					b.Fatal("no tree")
				}
			}
		})
	}
	b.Run("synthea-encoding-json-for-comparison", func(b *testing.B) {
		b.SetBytes(int64(len(bundle)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(bundle, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

const smallPatient = `{"resourceType":"Patient","id":"p1","identifier":[{"use":"usual","type":{"coding":[` +
	`{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:oid:1.2.3","value":"X1"}],` +
	`"active":true,"name":[{"use":"official","family":"Muster","given":["Test","Anna"]}],"gender":"female","birthDate":"1970-01-02"}`
