package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answersTable is docs/formats/acknowledgements.md as a reader understands it:
// the page is the oracle, not the code that it was made beside.
type answersTable struct {
	rows          map[string][2]string // "initiating/enhanced" → accept, application, in words
	queries       []string
	replies       []string
	whatCodesMean map[string]string // MSH-15 or MSH-16 → when an answer is sent
}

func readAnswersTable(t *testing.T) answersTable {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats", "acknowledgements.md"))
	if err != nil {
		t.Fatal(err)
	}
	table := answersTable{rows: map[string][2]string{}, whatCodesMean: map[string]string{}}
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) == 5 && (cells[1] == "original" || cells[1] == "enhanced"):
			table.rows[cells[0]+"/"+cells[1]] = [2]string{cells[2], cells[3]}
		case len(cells) == 2 && slices.Contains([]string{"AL", "NE", "ER", "SU"}, cells[0]):
			table.whatCodesMean[cells[0]] = cells[1]
		case strings.HasPrefix(line, "Queries: "):
			table.queries = strings.Fields(strings.TrimSuffix(strings.TrimPrefix(line, "Queries: "), "."))
		case strings.HasPrefix(line, "Replies: "):
			table.replies = strings.Fields(strings.TrimSuffix(strings.TrimPrefix(line, "Replies: "), "."))
		}
	}
	if len(table.rows) != 8 || len(table.whatCodesMean) != 4 || len(table.queries) == 0 || len(table.replies) == 0 {
		t.Fatalf("the page has changed its form: %+v", table)
	}
	return table
}

// header is what of a message decides its answers, read without the parser.
type header struct {
	readable         bool
	code, control    string
	msh15, msh16     string
	msa1             string
	hasMSA           bool
	fieldSep, compBy string
}

func readHeader(message []byte) header {
	message = bytes.TrimPrefix(message, []byte("\xef\xbb\xbf"))
	text := strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(string(message))
	var h header
	for segment := range strings.SplitSeq(text, "\r") {
		switch {
		case !h.readable && strings.HasPrefix(segment, "MSH") && len(segment) > 4:
			h.readable, h.fieldSep = true, segment[3:4]
			h.compBy = segment[4:5]
			fields := append([]string{"", ""}, strings.Split(segment[4:], h.fieldSep)...)
			at := func(n int) string {
				if n < len(fields) {
					return fields[n]
				}
				return ""
			}
			h.code, _, _ = strings.Cut(at(9), h.compBy)
			h.control, h.msh15, h.msh16 = at(10), at(15), at(16)
		case h.readable && (segment == "MSA" || strings.HasPrefix(segment, "MSA"+h.fieldSep)):
			h.hasMSA = true
			if fields := strings.Split(segment, h.fieldSep); len(fields) > 1 && !strings.HasPrefix(h.msa1, "C") {
				h.msa1 = fields[1]
			}
		}
	}
	return h
}

// kind names the message as the page does.
func (t answersTable) kind(h header) string {
	switch {
	case h.hasMSA && slices.Contains([]string{"CA", "CE", "CR"}, h.msa1):
		return "accept reply"
	case h.hasMSA || slices.Contains(t.replies, h.code):
		return "application reply"
	case slices.Contains(t.queries, h.code):
		return "query"
	}
	return "initiating"
}

// expected returns MSA-1 of each answer that the message is owed, given
// whether it can be taken ("A"), is in error ("E") or is rejected ("R").
func (t answersTable) expected(h header, outcome string) []string {
	mode := "original"
	if isGiven(h.msh15) || isGiven(h.msh16) {
		mode = "enhanced"
	}
	row := t.rows[t.kind(h)+"/"+mode]
	var codes []string
	if t.sends(row[0], h, outcome) {
		codes = append(codes, "C"+outcome)
	}
	if t.sends(row[1], h, outcome) {
		codes = append(codes, "A"+outcome)
	}
	return codes
}

func isGiven(field string) bool { return field != "" && field != `""` }

// sends reads a cell of the page's table.
func (t answersTable) sends(cell string, h header, outcome string) bool {
	field := h.msh15
	switch {
	case strings.HasPrefix(cell, "never"):
		return false
	case strings.HasPrefix(cell, "always"):
		return true
	case strings.HasPrefix(cell, "as MSH-16"):
		field = h.msh16
	}
	if !isGiven(field) {
		return false
	}
	code, _, _ := strings.Cut(field, h.compBy)
	when, known := t.whatCodesMean[strings.ToUpper(strings.TrimSpace(code))]
	if !known {
		return true
	}
	return strings.Contains(when, map[string]string{"A": "success", "E": "error", "R": "reject"}[outcome])
}
