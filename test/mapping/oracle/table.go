package oracle

import (
	"strings"
	"unicode"
)

// Table is a code system sheet.
type Table struct {
	Name  string
	codes map[string][]coded
}

// coded is what a code becomes.
type coded struct{ from, code, display, system string }

func (s *Sheets) table(name string, rows [][]string) {
	t := &Table{Name: name, codes: map[string][]coded{}}
	if len(rows) < heading {
		return
	}
	second := lastIndex(rows[1], "Code")
	for _, cells := range rows[heading:] {
		if cells[0] == "" || cells[second] == "" {
			continue
		}
		c := coded{from: cells[2], code: clean(cells[second])}
		for _, cell := range cells[second+1 : second+4] {
			switch {
			case strings.HasPrefix(clean(cell), "http:"), strings.HasPrefix(clean(cell), "urn:"), strings.HasPrefix(clean(cell), "https:"):
				c.system = clean(cell)
			case c.display == "" && c.system == "":
				c.display = cell
			}
		}
		code := clean(cells[0])
		t.codes[code] = append(t.codes[code], c)
	}
	s.Tables[letters(name)] = t
}

// lastIndex finds the FHIR side's column, which comes after v2's of the same name.
func lastIndex(row []string, name string) int {
	at := 6
	for i, cell := range row {
		if i > 2 && strings.EqualFold(cell, name) {
			return i
		}
	}
	return at
}

func clean(s string) string { return strings.TrimFunc(s, unicode.IsSpace) }

// letters is a table's name as references spell it: "Yes/NoIndicator" is the
// sheet YesNoIndicator.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || r == '[' || r == ']' {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// look returns what a code of a code system becomes. A code from another
// system than the table's is none of the table's.
func (t *Table) look(code, system string) []coded {
	var found []coded
	for _, c := range t.codes[code] {
		if system == "" || sameTable(system, c.from) {
			found = append(found, c)
		}
	}
	return found
}

// sameTable compares HL70001, HL7 0001 and 0001.
func sameTable(a, b string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, strings.TrimPrefix(strings.ToUpper(s), "HL7"))
	}
	return strings.HasPrefix(strings.ToUpper(a), "HL7") && digits(a) == digits(b) || a == b
}
