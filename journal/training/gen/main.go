// Command gen trains the journal's two dictionaries on synthetic data:
//
//	go run ./journal/training/gen journal/dictionary
//
// Format 1 names the dictionaries it was written with, so they never change
// once a journal in the field uses them; a better one gets a new number.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"handover/journal/training"
)

const size = 48 << 10

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	for _, d := range []struct {
		name    string
		id      uint32
		samples [][]byte
	}{
		{"message.zdict", 48450001, training.Messages(1, 4000)},
		{"json.zdict", 48450002, training.Facts(1, 400)},
	} {
		built, err := dict.BuildZstdDict(d.samples, dict.Options{MaxDictSize: size, HashBytes: 6,
			ZstdDictID: d.id, ZstdDictCompat: true, ZstdLevel: zstd.SpeedFastest})
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], d.name), built, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %d bytes from %d samples\n", d.name, len(built), len(d.samples))
	}
}
