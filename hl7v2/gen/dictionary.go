package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dictionary gathers segments and types from all sources.
type dictionary struct {
	titles  map[string]string      // "segment PID"
	entries map[string]*definition // "segment PID", "type CX"
}

// definition is a segment or a type. Its fields are by number.
type definition struct {
	source string
	fields map[int]field
}

type field struct {
	title, typ, table string
	required, repeats bool
}

func newDictionary() *dictionary {
	return &dictionary{map[string]string{}, map[string]*definition{}}
}

func (d *dictionary) entry(key, source string) *definition {
	e := d.entries[key]
	if e == nil {
		e = &definition{fields: map[int]field{}, source: source}
		d.entries[key] = e
	}
	return e
}

// fieldID is a field ("PID-5") or a component ("CX.4").
var fieldID = regexp.MustCompile(`^([A-Z][A-Z0-9]{2}-|[A-Z][A-Z0-9]{1,2}\.)(\d+)$`)

// placeOf splits a field's or component's id into its entry and its number.
func placeOf(id string) (key string, n int, ok bool) {
	m := fieldID.FindStringSubmatch(strings.TrimSpace(id))
	if m == nil {
		return "", 0, false
	}
	n, _ = strconv.Atoi(m[2])
	if name, ok := strings.CutSuffix(m[1], "-"); ok {
		return "segment " + name, n, true
	}
	return "type " + strings.TrimSuffix(m[1], "."), n, true
}

// readMaps reads the columns Identifier, Name, Data Type and Cardinality of
// HL7's segment or data type maps. Where maps of one segment differ, the first
// in the order of the files' names stands.
func (d *dictionary) readMaps(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("no maps in %s", folder), err)
	}
	for _, path := range files {
		rows, err := readCSV(path)
		if err != nil {
			return err
		}
		for _, row := range rows {
			key, n, ok := placeOf(row[1])
			if !ok || clean(row[2]) == "" {
				continue
			}
			fields := d.entry(key, "v2-to-fhir maps").fields
			if _, known := fields[n]; !known {
				fields[n] = field{title: clean(row[2]), typ: clean(row[3]), required: row[4] == "1", repeats: row[5] != "" && row[5] != "0" && row[5] != "1"}
			}
		}
	}
	return nil
}

func readCSV(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i, row := range rows {
		for len(row) < 6 {
			row = append(row, "")
		}
		rows[i] = row
	}
	return rows, nil
}

// readTitles reads the names of segments and types.
func (d *dictionary) readTitles(path string) error {
	rows, err := readCSV(path)
	if err != nil {
		return err
	}
	for _, row := range rows {
		switch row[0] {
		case "Segment":
			d.titles["segment "+row[3]] = clean(row[2])
		case "Data Type":
			d.titles["type "+row[3]] = clean(row[2])
		}
	}
	return nil
}

// readStandard reads what was written from the standard itself; it is right
// where it differs from the maps. Its head explains its form.
func (d *dictionary) readStandard(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var e *definition
	n := 0
	for i, line := range strings.Split(string(data), "\n") {
		fault := func(text string) error { return fmt.Errorf("%s:%d: %s", path, i+1, text) }
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case words[0] == "segment" || words[0] == "type":
			if len(words) < 2 {
				return fault("a name is missing")
			}
			key := words[0] + " " + words[1]
			if len(words) > 2 {
				d.titles[key] = strings.Join(words[2:], " ")
			}
			if e = d.entry(key, ""); e.source == "" {
				e.source = "standard"
			} else {
				e.source += ", standard"
			}
			n = 0
		case e == nil:
			return fault("a field stands before the first segment")
		case words[0] == "tables":
			for _, w := range words[1:] {
				if err := e.setTable(w); err != nil {
					return fault(err.Error())
				}
			}
		default:
			if m, err := strconv.Atoi(words[0]); err == nil {
				n, words = m-1, words[1:]
			}
			n++
			f, err := parseField(words)
			if err != nil {
				return fault(err.Error())
			}
			e.fields[n] = f
		}
	}
	return nil
}

// setTable reads "12=0087".
func (e *definition) setTable(word string) error {
	number, id, _ := strings.Cut(word, "=")
	n, err := strconv.Atoi(number)
	f, ok := e.fields[n]
	if err != nil || !ok || len(id) != 4 {
		return fmt.Errorf("%q is not a field and its table", word)
	}
	f.table = id
	e.fields[n] = f
	return nil
}

var fieldForm = regexp.MustCompile(`^([A-Z0-9]{2,3}|-|\*)(!?)(\*?)$`)

// parseField reads "XPN!* @0200 Patient Name".
func parseField(words []string) (field, error) {
	m := fieldForm.FindStringSubmatch(words[0])
	if m == nil || len(words) < 2 {
		return field{}, fmt.Errorf("%q is not a type and a title", strings.Join(words, " "))
	}
	f := field{typ: m[1], required: m[2] != "", repeats: m[3] != ""}
	if f.typ == "-" {
		f.typ = ""
	}
	words = words[1:]
	if id, ok := strings.CutPrefix(words[0], "@"); ok {
		f.table, words = id, words[1:]
	}
	f.title = strings.Join(words, " ")
	return f, nil
}

// coded are the types whose first component is a code of a table.
var coded = []string{"ID", "IS", "CE", "CF", "CNE", "CWE"}

// bind gives coded fields the table that says it is used there.
func (d *dictionary) bind(tables []table) {
	for _, t := range tables {
		for _, used := range t.used {
			key, n, ok := placeOf(used)
			e := d.entries[key]
			if !ok || e == nil || t.id == "0354" { // what 0354 displays is only its events
				continue
			}
			if f, ok := e.fields[n]; ok && f.table == "" && slices.Contains(coded, f.typ) {
				f.table = t.id
				e.fields[n] = f
			}
		}
	}
}

func (d *dictionary) encode() []byte {
	var b bytes.Buffer
	b.WriteString("# Written by hl7v2/gen; do not edit. Its form is told at readDictionary in dictionary.go.\n")
	for _, key := range slices.Sorted(maps.Keys(d.entries)) {
		e := d.entries[key]
		kind, name, _ := strings.Cut(key, " ")
		fmt.Fprintf(&b, "# source: %s\n%s\t%s\t%s\n", e.source, kind, name, d.titles[key])
		if kind == "type" && len(e.fields) == 1 {
			continue // a primitive, which the maps give one component
		}
		last := 0
		for n := range e.fields {
			last = max(last, n)
		}
		for n := 1; n <= last; n++ {
			f := e.fields[n]
			flags := ""
			if f.required {
				flags += "!"
			}
			if f.repeats {
				flags += "*"
			}
			fmt.Fprintf(&b, "%d\t%s\t%s\t%s\t%s\n", n, f.typ, flags, f.table, f.title)
		}
	}
	return b.Bytes()
}
