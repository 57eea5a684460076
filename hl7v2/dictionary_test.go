package hl7v2

import (
	"bytes"
	"compress/gzip"
	"maps"
	"slices"
	"strings"
	"testing"

	"handover/internal/corpus"
)

func TestLookupField(t *testing.T) {
	for at, want := range map[string]FieldDefinition{
		"PID 3":  {3, "Patient Identifier List", "CX", true, true, ""},
		"PID 8":  {8, "Administrative Sex", "CWE", false, false, "0001"},
		"PID 24": {24, "Multiple Birth Indicator", "ID", false, false, "0136"},
		"PV1 2":  {2, "Patient Class", "CWE", true, false, "0004"},
		"MSH 15": {15, "Accept Acknowledgment Type", "ID", false, false, "0155"},
		"OBX 5":  {5, "Observation Value", "*", false, true, ""},
		"GT1 3":  {3, "Guarantor Name", "XPN", true, true, ""},
		"IN2 72": {72, "Patient's Relationship to Insured", "CWE", false, false, "0344"},
		"ERR 4":  {4, "Severity", "ID", true, false, "0516"},
		"RXE 36": {36, "Formulary Status", "ID", false, false, "0478"},
	} {
		name, number, _ := strings.Cut(at, " ")
		n := 0
		for _, c := range number {
			n = n*10 + int(c-'0')
		}
		if got, ok := LookupField(name, n); !ok || got != want {
			t.Errorf("%s: %+v, want %+v", at, got, want)
		}
	}
	for _, n := range []int{-1, 0, 41} {
		if _, ok := LookupField("PID", n); ok {
			t.Errorf("PID-%d is defined", n)
		}
	}
	if _, ok := LookupField("ZZZ", 1); ok {
		t.Error("ZZZ-1 is defined")
	}
}

func TestLookupType(t *testing.T) {
	cx, ok := LookupType("CX")
	if !ok || cx.Title != "Extended Composite Id With Check Digit" || len(cx.Components) != 12 || cx.Components[3].Type != "HD" || cx.Components[4].Table != "0203" {
		t.Errorf("CX: %+v", cx)
	}
	if nm, ok := LookupType("NM"); !ok || len(nm.Components) != 0 {
		t.Errorf("NM: %+v", nm)
	}
}

func TestLookupTable(t *testing.T) {
	for _, id := range []string{"0001", "1", "001", "HL70001"} {
		table, ok := LookupTable(id)
		if !ok || table.ID != "0001" || !table.User || table.Title != "Administrative Sex" {
			t.Errorf("%s: %s %s", id, table.ID, table.Title)
		}
		if d, _ := table.Display("F"); d != "Female" {
			t.Errorf("%s: F is %q", id, d)
		}
	}
	if _, ok := LookupTable(""); ok {
		t.Error("a table without number")
	}
}

// TestDictionaryHangsTogether: every type and table that is named is there,
// and every segment of a structure is defined.
func TestDictionaryHangsTogether(t *testing.T) {
	d := dictionary()
	check := func(where string, fields []FieldDefinition) {
		for _, f := range fields {
			if f.Title == "" {
				t.Errorf("%s, %d: no title", where, f.Number)
			}
			if _, ok := d.types[f.Type]; !ok && f.Type != "*" {
				t.Errorf("%s, %d: no type %q", where, f.Number, f.Type)
			}
			if _, ok := LookupTable(f.Table); !ok && f.Table != "" {
				t.Errorf("%s, %d: no table %s", where, f.Number, f.Table)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.segments)) {
		s := d.segments[name]
		if s.Title == "" || len(s.Fields) == 0 || s.Name != name {
			t.Errorf("%s: %q with %d fields", name, s.Title, len(s.Fields))
		}
		check(name, s.Fields)
	}
	for _, name := range slices.Sorted(maps.Keys(d.types)) {
		if d.types[name].Title == "" {
			t.Errorf("type %s has no title", name)
		}
		check("type "+name, d.types[name].Components)
	}
	for _, name := range StructureNames() {
		for segment := range LookupStructure(name).root.holds {
			if _, ok := d.segments[segment]; !ok {
				t.Errorf("%s holds %s, which is not defined", name, segment)
			}
		}
	}
	t.Logf("%d segments, %d types, %d tables", len(d.segments), len(d.types), len(tables()))
}

// TestDictionaryKnowsTheCorpus: no field of a segment that the standard
// defines is beyond its definition, but for few faulty messages.
func TestDictionaryKnowsTheCorpus(t *testing.T) {
	known, beyond := 0, 0
	corpus.Each(t, func(c corpus.Message) {
		m, _ := Parse(c.Bytes)
		if m == nil {
			return
		}
		for i := range m.Len() {
			s := m.Segment(i)
			definition, ok := LookupSegment(s.Name())
			if !ok || s.Name() == "QPD" || s.Name() == "RDT" { // open ended
				continue
			}
			for n, v := range s.All() {
				if v.IsAbsent() {
					continue
				}
				if known++; n > len(definition.Fields) {
					beyond++
				}
			}
		}
	})
	t.Logf("%d fields, %d beyond their segment's definition", known, beyond)
	if beyond*1000 > known {
		t.Errorf("%d of %d fields are beyond their segment's definition", beyond, known)
	}
}

func TestDictionaryFaults(t *testing.T) {
	for text, want := range map[string]string{
		"segment\tPID\tx\n2\tST\t\t\ty\n": "not the next number",
		"segment\tPID\tx\n1\tST\n":        "cells",
	} {
		if _, err := readDictionary(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := readTables([]byte("not packed")); err == nil {
		t.Error("tables that are not packed are read")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("F\tFemale\n")); err != nil {
		t.Fatal(err)
	}
	z.Close()
	if _, err := readTables(packed.Bytes()); err == nil {
		t.Error("a code without table is read")
	}
}

func BenchmarkReadDictionary(b *testing.B) {
	for b.Loop() {
		if _, err := readDictionary(dictionaryText); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadTables(b *testing.B) {
	for b.Loop() {
		if _, err := readTables(tablesPacked); err != nil {
			b.Fatal(err)
		}
	}
}
