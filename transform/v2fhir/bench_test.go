package v2fhir

import (
	"os"
	"strings"
	"testing"
	"time"

	"handover/hl7v2"
)

// load reads a message that is kept with line feeds.
func load(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(strings.TrimSpace(string(data)), "\n", "\r") + "\r")
}

func benchmark(b *testing.B, data []byte) {
	c := New(Config{Source: "bench", Zone: time.UTC})
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		m, _ := hl7v2.Parse(data)
		if a, _ := c.Convert(m); len(a.Resources) == 0 {
			b.Fatal("nothing")
		}
	}
}

// Parse and convert an ADT^A01 of 9 segments. The goal: 125 µs.
func BenchmarkADT(b *testing.B) { benchmark(b, load(b, "testdata/bench/adt_a01.hl7")) }

// Parse and convert an ORU^R01 of 20 OBX. The goal: 660 µs.
func BenchmarkORU(b *testing.B) { benchmark(b, load(b, "testdata/bench/oru_r01.hl7")) }
