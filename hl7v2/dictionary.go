package hl7v2

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// The dictionary is in the newest form of the standard (v2.9), with fields and
// types that it withdrew. hl7v2/gen writes both files; data/README.md says
// from what.
var (
	//go:embed data/dictionary.txt
	dictionaryText string
	//go:embed data/tables.txt.gz
	tablesPacked []byte
)

// SegmentDefinition is what the standard says of a segment.
type SegmentDefinition struct {
	Name   string // "PID"
	Title  string // "Patient Identification"
	Fields []FieldDefinition
}

// FieldDefinition is what the standard says of a field, or of a component of a
// data type.
type FieldDefinition struct {
	Number   int    // from 1
	Title    string // "Patient Name"
	Type     string // "XPN"; "" where it was withdrawn, "*" where it varies
	Required bool
	Repeats  bool
	Table    string // of its codes: "0001"; "" where it has none
}

// TypeDefinition is what the standard says of a data type. A primitive type
// has no components.
type TypeDefinition struct {
	Name       string // "XPN"
	Title      string // "Extended Person Name"
	Components []FieldDefinition
}

// Table is a table of codes (HL7 v2.9 chapter 2C).
type Table struct {
	ID    string // "0001"
	Title string
	User  bool   // user-defined: the codes are suggestions
	Codes []Code // in the table's order; none for a table that each site fills
}

// Code is a row of a table.
type Code struct{ Code, Display string }

// Display returns the text of a code. Codes are compared as they stand.
func (t Table) Display(code string) (string, bool) {
	for _, c := range t.Codes {
		if c.Code == code {
			return c.Display, true
		}
	}
	return "", false
}

// LookupSegment returns the definition of a segment, false where the standard
// has none.
func LookupSegment(name string) (SegmentDefinition, bool) {
	s, ok := dictionary().segments[name]
	return s, ok
}

// LookupField returns the definition of field n, from 1, of a segment.
func LookupField(segment string, n int) (FieldDefinition, bool) {
	s := dictionary().segments[segment]
	if n < 1 || n > len(s.Fields) {
		return FieldDefinition{}, false
	}
	return s.Fields[n-1], true
}

// LookupType returns the definition of a data type.
func LookupType(name string) (TypeDefinition, bool) {
	t, ok := dictionary().types[name]
	return t, ok
}

// LookupTable returns a table by its number: "0001", "1" or "HL70001".
func LookupTable(id string) (Table, bool) {
	id = strings.TrimPrefix(id, "HL7")
	if len(id) < 4 {
		id = strings.Repeat("0", 4-len(id)) + id
	}
	t, ok := tables()[id]
	return t, ok
}

type definitions struct {
	segments map[string]SegmentDefinition
	types    map[string]TypeDefinition
}

// dictionary reads data/dictionary.txt when it is first asked for.
var dictionary = sync.OnceValue(func() definitions {
	d, err := readDictionary(dictionaryText)
	if err != nil {
		panic("hl7v2: data/dictionary.txt: " + err.Error()) // a test reads the file
	}
	return d
})

// tables unpacks data/tables.txt.gz when it is first asked for.
var tables = sync.OnceValue(func() map[string]Table {
	t, err := readTables(tablesPacked)
	if err != nil {
		panic("hl7v2: data/tables.txt.gz: " + err.Error())
	}
	return t
})

// readDictionary reads lines of tabs:
//
//	segment  PID  Patient Identification
//	type     XPN  Extended Person Name
//	5        XPN  !*  0200  Patient Name     number, type, required and repeating, table, title
func readDictionary(text string) (definitions, error) {
	d := definitions{map[string]SegmentDefinition{}, map[string]TypeDefinition{}}
	var kind, name, title string
	var fields []FieldDefinition
	keep := func() {
		switch kind {
		case "segment":
			d.segments[name] = SegmentDefinition{name, title, fields}
		case "type":
			d.types[name] = TypeDefinition{name, title, fields}
		}
		fields = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.Split(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case len(cells) == 3:
			keep()
			kind, name, title = cells[0], cells[1], cells[2]
		case len(cells) == 5:
			n, err := strconv.Atoi(cells[0])
			if err != nil || n != len(fields)+1 {
				return d, fmt.Errorf("%s: %s is not the next number", name, cells[0])
			}
			fields = append(fields, FieldDefinition{Number: n, Type: cells[1], Table: cells[3], Title: cells[4],
				Required: strings.Contains(cells[2], "!"), Repeats: strings.Contains(cells[2], "*")})
		default:
			return d, fmt.Errorf("%s: a line has %d cells", name, len(cells))
		}
	}
	keep()
	return d, nil
}

// readTables reads lines of tabs, packed:
//
//	table  0001  user  Administrative Sex
//	F      Female
func readTables(packed []byte) (map[string]Table, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	all := map[string]Table{}
	var t Table
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(cells) == 4 && cells[0] == "table":
			t = Table{ID: cells[1], User: cells[2] == "user", Title: cells[3]}
		case len(cells) == 2 && t.ID != "":
			t.Codes = append(t.Codes, Code{cells[0], cells[1]})
		default:
			return nil, fmt.Errorf("table %s: a line has %d cells", t.ID, len(cells))
		}
		all[t.ID] = t
	}
	return all, nil
}
