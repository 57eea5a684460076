package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// What is a kind of finding.
type What string

// The kinds of findings.
const (
	NotInRecord  What = "not-in-record"  // the list has it, the record does not
	NotInExtract What = "not-in-extract" // the source spoke of it, the list does not have it
	Differs      What = "differs"        // another value stands in the record
	Withdrawn    What = "withdrawn"      // the record says that it was merged away, cancelled or entered in error
	OtherSource  What = "other-source"   // the record has it, but not from this source
	OneResource  What = "one-resource"   // two lines lead to one resource
	Ambiguous    What = "ambiguous"      // one line leads to two resources
	Twice        What = "twice"          // an earlier line has the same identifier
)

// Kinds are all kinds of findings, in the order in which they are told.
func Kinds() []What {
	return []What{NotInRecord, OtherSource, Withdrawn, NotInExtract, Differs, OneResource, Ambiguous, Twice}
}

// Report is what a comparison found.
type Report struct {
	Source   string       `json:"source"`
	Type     string       `json:"type"`
	Made     time.Time    `json:"made,omitzero"`
	Since    time.Time    `json:"since,omitzero"`
	Lines    int          `json:"lines"`    // of the list, without the first
	Compared int          `json:"compared"` // lines that lead to what the source spoke of
	Agree    int          `json:"agree"`    // of these, those without a difference
	Later    int          `json:"later"`    // findings that are none, since the record heard of it after the list was made
	Counts   map[What]int `json:"counts"`   // findings by kind
	Findings []Finding    `json:"findings"` // the first of them; those of the list by line, then the others
}

// Finding is one thing that does not agree.
type Finding struct {
	What       What   `json:"what"`
	Line       int    `json:"line,omitempty"` // of the list
	Identifier string `json:"identifier,omitempty"`
	ID         string `json:"id,omitempty"` // of the resource
	Field      string `json:"field,omitempty"`
	Extract    string `json:"extract,omitempty"` // the list's value
	Record     string `json:"record,omitempty"`  // the record's
	Detail     string `json:"detail,omitempty"`
}

// All is how many findings there are.
func (r Report) All() int {
	n := 0
	for _, count := range r.Counts {
		n += count
	}
	return n
}

// Report ends the comparison.
func (c *Comparison) Report(source string) Report {
	doubled := map[int32]bool{}
	for _, n := range c.extract.twice {
		doubled[n] = true
	}
	for i := range c.extract.rows {
		c.row(int32(i), doubled[int32(i)])
	}
	r := c.report
	r.Source = source
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Compare(uint(a.Line-1), uint(b.Line-1)) // those without a line last
	})
	return r
}

// row says what was found of a row.
func (c *Comparison) row(n int32, doubled bool) {
	row := c.extract.rows[n]
	f := Finding{Line: int(row.line), Identifier: c.extract.key(n)}
	switch {
	case doubled:
		f.What, f.Detail = Twice, fmt.Sprintf("line %d has it too", c.line(c.extract.byKey[f.Identifier]))
	case row.found == 0:
		f.What = NotInRecord
	default:
		m := c.found[row.found-1]
		if m.what == "" {
			return
		}
		f.What, f.ID, f.Detail = m.what, m.id, m.detail
		c.find(m.later, f)
		return
	}
	c.find(false, f)
}
