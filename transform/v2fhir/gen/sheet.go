package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
)

// sheet is one spreadsheet of the published map.
type sheet struct {
	file string // without folder and extension
	key  string // "PID[Patient]", "ADT_A01"
	rows []row

	codeRows    []codeRow
	messageRows []messageRow
}

// row is one line of a sheet of segments or data types, cells without line
// breaks and outer spaces.
type row struct {
	n         int // 1-based, as a spreadsheet counts
	ident     string
	v2type    string
	condition string
	narrative string
	attribute string
	proposed  string // the second attribute column: extensions that do not exist yet
	fhirType  string
	by        string
	table     string
	set       string
}

// readSheets reads every spreadsheet of a folder, by key.
func readSheets(dir string) (map[string]*sheet, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "HL7 *.csv"))
	if err != nil {
		return nil, err
	}
	sheets := map[string]*sheet{}
	for _, path := range paths {
		cells, err := readCells(path)
		if err != nil {
			return nil, err
		}
		s := &sheet{file: strings.TrimSuffix(filepath.Base(path), ".csv")}
		_, rest, _ := strings.Cut(s.file, "_ ")
		s.key = strings.TrimSpace(rest[:strings.LastIndex(rest, " - ")])
		for i, c := range cells {
			if i >= 2 {
				s.rows = append(s.rows, newRow(i+1, c))
				s.codeRows = append(s.codeRows, newCodeRow(i+1, c))
				s.messageRows = append(s.messageRows, newMessageRow(i+1, c))
			}
		}
		sheets[s.key] = s
	}
	return sheets, nil
}

func newRow(n int, c []string) row {
	return row{
		n: n, ident: c[1], v2type: c[3], condition: c[6], narrative: c[8], attribute: c[9], proposed: c[10],
		fhirType: c[11], by: c[14], table: c[15], set: c[16],
	}
}

// readCells reads a CSV file, every row widened to 20 cells.
func readCells(path string) ([][]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	for i, cells := range rows {
		for len(cells) < 20 {
			cells = append(cells, "")
		}
		for j := range cells {
			cells[j] = strings.TrimSpace(strings.Join(strings.Fields(strings.ReplaceAll(cells[j], "\u00a0", " ")), " "))
		}
		rows[i] = cells
	}
	return rows, nil
}

// mapName turns the key of a sheet into the name of a map: "PID[Patient]" is
// PID-Patient.
func mapName(key string) string {
	return strings.NewReplacer("[", "-", "]", "").Replace(key)
}
