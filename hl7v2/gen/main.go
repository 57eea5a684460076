// Command gen writes the dictionary of package hl7v2: data/dictionary.txt
// (segments and data types) and data/tables.txt.gz (tables of codes). It
// promises that equal sources give equal files.
//
// Run it in the folder hl7v2, with the published sources beside the checkout:
//
//	go run ./gen -shared ../../shared/data
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	shared := flag.String("shared", "../../shared/data", "folder with v2-to-fhir and terminology")
	out := flag.String("data", "data", "folder to write to; standard.txt is read from it")
	flag.Parse()
	if err := generate(*shared, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(shared, out string) error {
	utg := filepath.Join(shared, "terminology", "HL7+UTG-v2")
	tables, err := readTables(utg)
	if err != nil {
		return err
	}
	mappings := filepath.Join(shared, "v2-to-fhir", "mappings")
	d := newDictionary()
	for _, kind := range []string{"segments", "datatypes"} {
		if err := d.readMaps(filepath.Join(mappings, kind)); err != nil {
			return err
		}
	}
	if err := d.readTitles(filepath.Join(mappings, "chapterdata.csv")); err != nil {
		return err
	}
	if err := d.readStandard(filepath.Join(out, "standard.txt")); err != nil {
		return err
	}
	d.bind(tables)
	if err := os.WriteFile(filepath.Join(out, "dictionary.txt"), d.encode(), 0o644); err != nil {
		return err
	}
	return writeTables(filepath.Join(out, "tables.txt.gz"), tables)
}
