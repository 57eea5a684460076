package record_test

import (
	"bytes"
	"io/fs"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"handover"
	"handover/bodies"
	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/internal/store"
	"handover/record"
	"handover/samples"
	"handover/transform/v2fhir"
)

var siteKey = []byte("a key for tests, which opens nothing")

// Everything that the corpus comes to reads back the same, by a reader that has
// nothing but the facts.
func TestCorpusReadsBack(t *testing.T) {
	loaded, _ := corpus.Load(t)
	r, err := record.Open(t.Context(), record.Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: siteKey})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	converter := v2fhir.New(v2fhir.Config{Source: "corpus", Zone: time.UTC})
	reader := &bodies.Form{SiteKey: siteKey, Shapes: &bodies.Shapes{}}
	var sizes [4]int
	at := handover.Offset(0)
	for _, m := range loaded {
		parsed, _ := hl7v2.Parse(m.Bytes)
		if parsed == nil {
			continue
		}
		a, _ := converter.Convert(parsed)
		at += 3
		w, err := r.Compose(t.Context(), at, a)
		if err != nil {
			t.Fatal(err)
		}
		shapes, asserted, written, _ := r.Facts(nil, at, &a, &w)
		for i, b := range [][]byte{m.Bytes, shapes, asserted, written} {
			sizes[i] += len(b)
		}
		if shapes != nil {
			if _, err := reader.Shapes.Learn(shapes); err != nil {
				t.Fatal(err)
			}
		}
		entry := handover.Entry{Header: handover.Header{Cause: at, Format: bodies.MediaType}}
		entry.Body.Bytes = asserted
		gotA, err := reader.Assertions(&entry)
		if err != nil {
			t.Fatalf("%s: %v", m.Path, err)
		}
		if !bytes.Equal(a.AppendJSON(nil), gotA.AppendJSON(nil)) {
			t.Fatalf("%s: assertions read back otherwise (-want +got):\n%s", m.Path, cmp.Diff(a, gotA, cmpopts.EquateEmpty()))
		}
		entry.Body.Bytes = written
		gotW, err := reader.Writes(&entry, &gotA)
		if err != nil {
			t.Fatalf("%s: %v", m.Path, err)
		}
		if !bytes.Equal(w.AppendJSON(nil), gotW.AppendJSON(nil)) {
			t.Fatalf("%s: writes read back otherwise (-want +got):\n%s", m.Path, cmp.Diff(w, gotW, cmpopts.EquateEmpty()))
		}
	}
	t.Logf("of %d bytes: %d shapes of %d bytes, %d bytes asserted, %d written", sizes[0], reader.Shapes.Len(), sizes[1], sizes[2], sizes[3])
}

// BenchmarkFacts compares, for both facts of one message, the form in which the
// journal keeps them with plain JSON.
func BenchmarkFacts(b *testing.B) {
	r, err := record.Open(b.Context(), record.Config{Place: store.Place{Dir: b.TempDir()}, SiteKey: siteKey})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	converter := v2fhir.New(v2fhir.Config{Source: "pas", Zone: time.UTC})
	for i, name := range []string{"1-admission.hl7", "3-result.hl7"} {
		data, err := fs.ReadFile(samples.Quickstart(), "messages/"+name)
		if err != nil {
			b.Fatal(err)
		}
		m, _ := hl7v2.Parse(data)
		a, _ := converter.Convert(m)
		at := handover.Offset(10 * (i + 1))
		w, err := r.Compose(b.Context(), at, a)
		if err != nil {
			b.Fatal(err)
		}
		_, asserted, written, room := r.Facts(nil, at, &a, &w)
		said := handover.Entry{Header: handover.Header{Cause: at, Format: bodies.MediaType}, Body: handover.Body{Bytes: bytes.Clone(asserted)}}
		did := said
		did.Body.Bytes = bytes.Clone(written)
		b.Run(name+"/write", func(b *testing.B) {
			for b.Loop() {
				_, _, _, room = r.Facts(room[:0], at, &a, &w)
			}
			b.ReportMetric(float64(len(asserted)+len(written)), "bytes")
		})
		b.Run(name+"/write JSON", func(b *testing.B) {
			for b.Loop() {
				room = w.AppendJSON(a.AppendJSON(room[:0]))
			}
			b.ReportMetric(float64(len(room)), "bytes")
		})
		read := func(b *testing.B, said, did handover.Entry) {
			for b.Loop() {
				got, err := r.Assertions(&said)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Writes(&did, &got); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(name+"/read", func(b *testing.B) { read(b, said, did) })
		said.Format, did.Format = "application/json", "application/json"
		said.Body.Bytes, did.Body.Bytes = a.AppendJSON(nil), w.AppendJSON(nil)
		b.Run(name+"/read JSON", func(b *testing.B) { read(b, said, did) })
	}
}
