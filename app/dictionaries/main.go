// Command dictionaries trains the journal's two dictionaries on synthetic data:
//
//	go run ./app/dictionaries journal/dictionary
//
// Format 1 names the dictionaries it was written with, so they never change
// once a journal in the field uses them; a better one gets a new number.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"handover"
	"handover/hl7v2"
	"handover/internal/store"
	"handover/journal/training"
	"handover/record"
	"handover/transform/v2fhir"
)

const size = 48 << 10

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dictionaries FOLDER")
		os.Exit(2)
	}
	if err := train(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func train(ctx context.Context, folder string) error {
	facts, err := factsOf(ctx, training.Messages(1, 3000))
	if err != nil {
		return err
	}
	for _, d := range []struct {
		name    string
		id      uint32
		samples [][]byte
	}{
		{"message.zdict", 48450001, training.Messages(1, 4000)},
		{"fact.zdict", 48450002, facts},
	} {
		built, err := dict.BuildZstdDict(d.samples, dict.Options{MaxDictSize: size, HashBytes: 6,
			ZstdDictID: d.id, ZstdDictCompat: true, ZstdLevel: zstd.SpeedFastest})
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, d.name), built, 0o644)
		}
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes from %d samples\n", d.name, len(built), len(d.samples))
	}
	return nil
}

// factsOf returns what the facts say that the messages lead to, as far as it is
// the same in every journal: the numbers in them are not.
func factsOf(ctx context.Context, messages [][]byte) (out [][]byte, err error) {
	dir, err := os.MkdirTemp("", "dictionaries")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r, err := record.Open(ctx, record.Config{Place: store.Place{Dir: dir}, SiteKey: []byte("synthetic")})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	decided, err := json.Marshal(handover.Decision{State: handover.StateRouted, Routes: []string{"record"}})
	if err != nil {
		return nil, err
	}
	out = append(out, decided)
	converter := v2fhir.New(v2fhir.Config{Source: "adt", Zone: time.UTC})
	for i, data := range messages {
		m, problems := hl7v2.Parse(data)
		if m == nil {
			return nil, fmt.Errorf("message %d: %v", i, problems)
		}
		a, _ := converter.Convert(m)
		w, err := r.Compose(ctx, handover.Offset(i+1), a)
		if err != nil {
			return nil, err
		}
		shapes, asserted, written, _ := r.Facts(nil, handover.Offset(i+1), &a, &w)
		out = append(out, textsOf(asserted), textsOf(written))
		if shapes != nil {
			out = append(out, shapes)
		}
	}
	return out, nil
}

// textsOf returns the texts of a body (docs/formats/facts.md).
func textsOf(body []byte) []byte {
	n, used := binary.Uvarint(body)
	body = body[used:]
	var length uint64
	for range n {
		size, used := binary.Uvarint(body)
		length, body = length+size, body[used:]
	}
	return body[:length]
}
