// Command gen writes the map files of v2fhir from HL7's published map: it reads
// the spreadsheets, applies corrections.txt and the corrections it can find by
// itself, checks every path against the R4 definitions, and lists all
// corrections with their reasons. Run it as
//
//	go run ./transform/v2fhir/gen -from ../shared/data/v2-to-fhir/mappings -to transform/v2fhir/maps
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	from := flag.String("from", "../shared/data/v2-to-fhir/mappings", "folder of the published spreadsheets")
	to := flag.String("to", "transform/v2fhir/maps", "folder of the map files")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	g, err := newGenerator(from)
	if err != nil {
		return err
	}
	g.composed(to)
	g.messages()
	g.reach()
	g.tables()
	if err := g.problems(); err != nil {
		return err
	}
	return g.write(to)
}
