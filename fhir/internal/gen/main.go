// Command gen reads HL7's official FHIR R4 package and writes the one compact
// file of definitions that package fhir embeds. The file is text, sorted, and
// the same for the same input; docs/formats/definitions.md describes it.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", "../shared/data/fhir-r4-core-4.0.1", "folder of the package's *.ndjson.gz")
	to := flag.String("to", "fhir/definitions.txt", "file to write")
	flag.Parse()
	out, err := generate(*from)
	if err == nil {
		err = os.WriteFile(*to, out, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	fmt.Printf("%s: %d bytes\n", *to, len(out))
}

// generate returns the whole file.
func generate(from string) ([]byte, error) {
	var p pack
	if err := p.read(from); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("handover-fhir-definitions\t1\t4.0.1\n")
	p.writeTypes(&out)
	p.writeSearch(&out)
	p.writeCompartments(&out)
	p.writeValueSets(&out)
	return out.Bytes(), nil
}

// pack is the part of the package that we keep.
type pack struct {
	structures   []structure
	searches     []searchParameter
	compartments []compartment
	valueSets    map[string]valueSet   // by canonical URL
	codeSystems  map[string]codeSystem // by canonical URL
	bound        map[string]bool       // value sets with a required binding
}

func (p *pack) read(from string) error {
	p.valueSets, p.codeSystems = map[string]valueSet{}, map[string]codeSystem{}
	p.bound = map[string]bool{}
	err := readLines(filepath.Join(from, "StructureDefinition.ndjson.gz"), func(s structure) {
		if s.Derivation != "constraint" && s.Kind != "logical" {
			p.structures = append(p.structures, s)
		}
	})
	if err != nil {
		return err
	}
	err = readLines(filepath.Join(from, "SearchParameter.ndjson.gz"), func(s searchParameter) {
		p.searches = append(p.searches, s)
	})
	if err != nil {
		return err
	}
	err = readLines(filepath.Join(from, "CompartmentDefinition.ndjson.gz"), func(c compartment) {
		p.compartments = append(p.compartments, c)
	})
	if err != nil {
		return err
	}
	err = readLines(filepath.Join(from, "ValueSet.ndjson.gz"), func(v valueSet) { p.valueSets[v.URL] = v })
	if err != nil {
		return err
	}
	return readLines(filepath.Join(from, "CodeSystem.ndjson.gz"), func(c codeSystem) { p.codeSystems[c.URL] = c })
}

// readLines decodes each line of a gzipped file.
func readLines[T any](name string, each func(T)) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		each(v)
	}
	return lines.Err()
}
