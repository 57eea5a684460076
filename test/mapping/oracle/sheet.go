// Package oracle says what HL7's published v2-to-FHIR map asks a message to
// become. It reads the spreadsheets as HL7 publishes them and follows them row
// by row; it shares no code and no file with the converter, which is what it
// is there to judge. It promises:
//
//   - What the map asks for is asked for: element, value where it can be
//     computed, and the resource that a reference leads to.
//   - What the map leaves to the implementer (a narrative condition, an
//     instruction in words) is marked as free, and is never demanded.
//   - Where the map contradicts itself, each of its values will do.
//   - What cannot be followed at all is listed (Sheets.Unusable), and is asked
//     of nobody.
//
// It is slow and plain on purpose.
package oracle

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Row is one row of a segment or data type sheet.
type Row struct {
	Rule      string // "PID[Patient]:7"
	Sort      string
	From      string // "PID-7", "CX.4", "" for the whole
	Condition *condition
	Narrative string
	To        []step
	Map       string // "CX[Identifier]" in lower case, "" if none
	Table     string
	Assign    string
}

// Sheet is one segment or data type sheet.
type Sheet struct {
	Name   string // "PID[Patient]"
	Of     string // "PID"
	Target string // "Patient"
	Rows   []Row
}

// MessageRow is one row of a message sheet.
type MessageRow struct {
	Rule      string
	ID        string   // as published
	Groups    []string // without structure and CHOICE
	Segment   string
	Follow    string // segment of ":follow:", "" if none
	Condition *condition
	Narrative string
	Target    string // "Patient[1]"
	Map       string // "PID[Patient]" in lower case, "" if none
	Links     string
	Block     int // which of several separate runs of rows for the same place
}

// Sheets is the whole published map.
type Sheets struct {
	Segments map[string]*Sheet // by name in lower case
	Types    map[string]*Sheet
	Messages map[string][]MessageRow // by structure
	Tables   map[string]*Table       // by name, letters only, lower case
	Unusable []string                // rows that cannot be followed, and why
}

// Read reads the folder "mappings".
func Read(dir string) (*Sheets, error) {
	s := &Sheets{Segments: map[string]*Sheet{}, Types: map[string]*Sheet{}, Messages: map[string][]MessageRow{}, Tables: map[string]*Table{}}
	for _, part := range []struct {
		folder string
		read   func(name string, rows [][]string)
	}{
		{"codesystems", s.table},
		{"datatypes", func(name string, rows [][]string) { s.sheet(s.Types, name, rows) }},
		{"segments", func(name string, rows [][]string) { s.sheet(s.Segments, name, rows) }},
		{"messages", s.message},
	} {
		paths, err := filepath.Glob(filepath.Join(dir, part.folder, "*.csv"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			rows, err := readCSV(path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
			}
			part.read(sheetName(path), rows)
		}
	}
	if len(s.Types) == 0 || len(s.Segments) == 0 || len(s.Messages) == 0 || len(s.Tables) == 0 {
		return nil, fmt.Errorf("no sheets in %s", dir)
	}
	return s, nil
}

func readCSV(path string) ([][]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	rows, err := r.ReadAll()
	for i, row := range rows {
		for j := range row {
			row[j] = strings.TrimSpace(row[j])
		}
		for len(row) < 20 {
			row = append(row, "")
		}
		rows[i] = row
	}
	return rows, err
}

var published = regexp.MustCompile(`^HL7 (?:Message|Segment|Data Type|Concept Map)(?: - FHIR R4)?_ ?(.*) - [^-]*\.csv$`)

func sheetName(path string) string {
	if m := published.FindStringSubmatch(filepath.Base(path)); m != nil {
		return m[1]
	}
	return filepath.Base(path)
}

// heading is how many rows stand above the first row of content.
const heading = 2

func (s *Sheets) sheet(into map[string]*Sheet, name string, rows [][]string) {
	of, rest, _ := strings.Cut(name, "[")
	target, _, _ := strings.Cut(strings.TrimSuffix(rest, "]"), "-")
	sheet := &Sheet{Name: name, Of: of, Target: target}
	for i, cells := range rows[min(heading, len(rows)):] {
		if cells[9] == "" {
			continue
		}
		row := Row{
			Rule: fmt.Sprintf("%s:%d", name, i+heading+1), Sort: cells[0], From: cells[1], Narrative: firm(cells[8]),
			Map: key(cells[14]), Table: letters(cells[15]), Assign: cells[16],
		}
		if row.Sort == "0" || row.From == of {
			row.From = ""
			if row.Sort != "0" && row.Sort != "" {
				row.From = of + "-" + row.Sort // TXA[Provenance] has the field in the first column
			}
		}
		to := cells[9]
		if path, value, is := strings.Cut(to, "="); is {
			to, row.Assign = strings.TrimSpace(path), `"`+strings.Trim(strings.TrimSpace(value), `"”“'`)+`"`
		}
		if name == "OG[Extension-Subidentifier]" {
			continue // its paths are no FHIR paths; see subID
		}
		if name == "PV1[Encounter]" && to == "location[4].status" {
			row.Assign = `"reserved"` // it stands one row too high
		}
		if value, is := strings.CutPrefix(cells[10], "assign:"); is { // SPM-32
			row.Assign = strings.TrimSpace(value)
		}
		if name == "PR1[Procedure]" && to == "status" {
			row.Assign = `"unknown"` // so says its narrative
		}
		if name == "IN1[Coverage]" && strings.HasPrefix(to, "subscriber(") {
			to, row.Map, row.Narrative = strings.TrimSuffix(to, ")")+".name)", "xpn[humanname]", "no sheet says how a name becomes a person"
		}
		if row.Rule == "OBX[Observation]:52" {
			to, row.Map = "performer[2](PractitionerRole.organization(Organization))", "cwe[organization]"
		}
		to, why := mend(name, to)
		if why != "" {
			s.Unusable = append(s.Unusable, row.Rule+" "+cells[9]+": "+why)
			continue
		}
		row.To = parsePath(to)
		row.Condition = parseCondition(mendCondition(name, row.Rule, cells[6]))
		if row.Condition != nil && row.Condition.err != nil {
			s.Unusable = append(s.Unusable, row.Rule+" "+cells[6]+": "+row.Condition.err.Error())
			continue
		}
		sheet.Rows = append(sheet.Rows, row)
		if strings.Contains(cells[9], "extension-data-absent-reason") {
			row.To, row.Assign = parsePath("system.extension[1].url"), `"http://hl7.org/fhir/StructureDefinition/data-absent-reason"`
			sheet.Rows = append(sheet.Rows, row)
		}
	}
	into[key(name)] = sheet
}

// key is a sheet's name as references spell it, since they differ in case.
func key(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }

// firm drops narratives that are no conditions.
func firm(narrative string) string {
	for _, note := range []string{"If mapped to FHIR, use Code System and Display", "Any markup in", "must be valued to the seconds",
		"One  may drop", "If PRT-2 is valued to", "Some observations about the immunization", "Based on profiles, such as"} {
		if strings.HasPrefix(narrative, note) {
			return ""
		}
	}
	return narrative
}

func (s *Sheets) message(structure string, rows [][]string) {
	var all []MessageRow
	blocks := map[string]int{}
	last := ""
	for i, cells := range rows[min(heading, len(rows)):] {
		id := cells[1]
		if id != last {
			blocks[id]++
			last = id
		}
		if cells[9] == "" || cells[10] == "" {
			continue
		}
		parts := strings.Split(id, ".")
		row := MessageRow{
			Rule: fmt.Sprintf("%s:%d", structure, i+heading+1), ID: id, Segment: parts[len(parts)-1],
			Condition: parseCondition(mendCondition(structure, "", cells[6])), Narrative: firm(cells[8]), Target: cells[9], Map: key(cells[10]),
			Links: cells[11], Block: blocks[id],
		}
		if _, follow, is := strings.Cut(parts[0], ":follow:"); is {
			row.Follow = follow
		}
		for _, g := range parts[1 : len(parts)-1] {
			if g != "CHOICE" {
				row.Groups = append(row.Groups, g)
			}
		}
		if row.Condition != nil && row.Condition.err != nil {
			s.Unusable = append(s.Unusable, row.Rule+" "+cells[6]+": "+row.Condition.err.Error())
			continue
		}
		if row.Map == "orc[provenance]" {
			row.Target = "Provenance[ORC]" // its number is another Provenance's already, of EVN or of the transformation
		}
		all = append(all, row)
	}
	s.Messages[structure] = all
}
