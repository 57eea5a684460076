package api_test

import (
	"net/http"
	"testing"
)

// The times are of the whole handler, over a record that is small and in
// memory: what HTTP and FHIR add to the record's own work.
func benchmark(b *testing.B, target string) {
	h := aDay(b)
	b.ReportAllocs()
	for b.Loop() {
		if a := h.get(target); a.StatusCode != http.StatusOK {
			b.Fatal(a.body)
		}
	}
}

func BenchmarkRead(b *testing.B)   { benchmark(b, "/fhir/Patient/"+patientID("PAS", "900001")) }
func BenchmarkSearch(b *testing.B) { benchmark(b, "/fhir/Patient?identifier=urn:example:pas%7C900001") }
func BenchmarkMessages(b *testing.B) {
	benchmark(b, "/api/v1/messages?source=pas")
}
