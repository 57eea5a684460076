package record_test

import (
	"bytes"
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
