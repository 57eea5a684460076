package main

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// table is one table of HL7 v2 with the places where it is used.
type table struct {
	id, title string
	user      bool
	used      []string // "PID-8", "CX.5"
	codes     [][2]string
}

// codeSystem is what is read of a FHIR CodeSystem.
type codeSystem struct {
	Concepts []concept `xml:"concept"`
}

type concept struct {
	Code       value `xml:"code"`
	Display    value `xml:"display"`
	Properties []struct {
		Code    value `xml:"code"`
		String  value `xml:"valueString"`
		AsCode  value `xml:"valueCode"`
		Boolean value `xml:"valueBoolean"`
	} `xml:"property"`
	Concepts []concept `xml:"concept"`
}

type value struct {
	Value string `xml:"value,attr"`
}

func (c concept) property(code string) string {
	for _, p := range c.Properties {
		if p.Code.Value == code {
			return p.String.Value + p.AsCode.Value
		}
	}
	return ""
}

// place is a field or component as v2-where-used has it; a few are written
// with other punctuation, and "numerous" is none.
var place = regexp.MustCompile(`\b([A-Z][A-Z0-9]{1,2}) ?([-.:]) ?(\d+)\b`)

// readTables reads the list of tables and, for each, its code system.
func readTables(folder string) ([]table, error) {
	list, err := readCodeSystem(filepath.Join(folder, "v2-tables.xml"))
	if err != nil {
		return nil, err
	}
	var tables []table
	for _, c := range list.Concepts {
		t := table{id: c.Code.Value, title: clean(c.Display.Value), user: c.property("v2-table-type") == "User"}
		for _, m := range place.FindAllStringSubmatch(c.property("v2-where-used"), -1) {
			separator := "-"
			if m[2] == "." && len(m[1]) < 4 {
				separator = "."
			}
			t.used = append(t.used, m[1]+separator+m[3])
		}
		if t.codes, err = readCodes(folder, t.id); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b table) int { return strings.Compare(a.id, b.id) })
	return tables, nil
}

// readCodes returns the codes of a table; none where it has no code system of
// its own.
func readCodes(folder, id string) ([][2]string, error) {
	system, err := readCodeSystem(filepath.Join(folder, "codeSystems", "cs-v2-"+id+".xml"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var codes [][2]string
	var add func([]concept)
	add = func(list []concept) {
		for _, c := range list {
			codes = append(codes, [2]string{clean(c.Code.Value), clean(c.Display.Value)})
			add(c.Concepts)
		}
	}
	add(system.Concepts)
	return codes, nil
}

func readCodeSystem(path string) (codeSystem, error) {
	var s codeSystem
	data, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := xml.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// clean puts a text on one line, with plain dashes and quotation marks.
func clean(s string) string { return plain.Replace(strings.Join(strings.Fields(s), " ")) }

var plain = strings.NewReplacer("–", "-", "—", "-", "’", "'", "‘", "'", "“", `"`, "”", `"`)

func writeTables(path string, tables []table) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, t := range tables {
		kind := "hl7"
		if t.user {
			kind = "user"
		}
		fmt.Fprintf(z, "table\t%s\t%s\t%s\n", t.id, kind, t.title)
		for _, c := range t.codes {
			fmt.Fprintf(z, "%s\t%s\n", c[0], c[1])
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
