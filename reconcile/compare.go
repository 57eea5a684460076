package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"handover"
	"handover/fhir"
	"handover/fhirpath"
)

// Config says how the two are compared.
type Config struct {
	// Made is when the list was exported. What the record heard later is not held
	// against it; zero: everything is.
	Made time.Time
	// Since is the beginning of the list's span: what the source spoke of only before
	// need not be in it. Zero: it lists everything.
	Since time.Time
	// Limit is how many findings are reported; 0: all. All are counted.
	Limit int
}

// Resource is a current resource of the record.
type Resource struct {
	ID          string
	Content     []byte    // JSON
	LastUpdated time.Time // of the current version
	Spoke       bool      // the source has spoken of it
	Said        time.Time // when what the source said last happened; zero: not known
	Identifiers []string  // system|value
}

// Comparison is a list and a record that are being held against each other.
type Comparison struct {
	extract *Extract
	config  Config
	report  Report
	found   []match
}

// match is what of the record a row leads to.
type match struct {
	id     string
	what   What   // "": the source spoke of it and it stands
	detail string // of what
	later  bool   // it was written after the list was exported
}

// Compare begins to compare.
func (e *Extract) Compare(c Config) *Comparison {
	return &Comparison{extract: e, config: c, report: Report{Type: e.Type, Made: c.Made, Since: c.Since, Lines: len(e.rows), Counts: map[What]int{}, Findings: []Finding{}}}
}

// Add takes in one resource of the record. Each is given once. An error says that the
// list asks for what cannot be compared.
func (c *Comparison) Add(r Resource) error {
	rows := c.rowsOf(r)
	if len(rows) == 0 && !r.Spoke {
		return nil
	}
	content, problems := fhir.Options{Lenient: true}.Parse(r.Content)
	if content == nil {
		return fmt.Errorf("reading %s/%s: %v", c.extract.Type, r.ID, problems)
	}
	m := match{id: r.ID, later: !c.config.Made.IsZero() && r.LastUpdated.After(c.config.Made)}
	m.what, m.detail = standing(content.Root(), r.Spoke)
	if len(rows) == 0 {
		c.unlisted(r, m)
		return nil
	}
	if m.what == "" && len(rows) > 1 {
		c.find(m.later, Finding{What: OneResource, Line: c.line(rows[1]), Identifier: c.extract.key(rows[1]), ID: r.ID, Detail: fmt.Sprintf("line %d leads there too", c.line(rows[0]))})
	}
	for _, n := range rows {
		if c.take(n, m) {
			if err := c.fields(n, m, content.Root()); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsOf returns the rows that have one of the resource's identifiers, in their order.
func (c *Comparison) rowsOf(r Resource) []int32 {
	var rows []int32
	for _, token := range r.Identifiers {
		if n, known := c.extract.rowOf(token); known && !slices.Contains(rows, n) {
			rows = append(rows, n)
		}
	}
	slices.Sort(rows)
	return rows
}

func (c *Comparison) line(n int32) int { return int(c.extract.rows[n].line) }

// standing says why a resource is none that the source would list.
func standing(root *fhir.Node, spoke bool) (What, string) {
	if !spoke {
		return OtherSource, "the record has it from others only"
	}
	for link := range root.Get("link").All() {
		if link.Get("type").Text() == "replaced-by" {
			return Withdrawn, "it is replaced by " + link.Get("other").Get("reference").Text()
		}
	}
	if status := root.Get("status").Text(); slices.Contains(withdrawn, status) {
		return Withdrawn, "its status is " + status
	}
	return "", ""
}

// withdrawn are the statuses of what is not, or not any more.
var withdrawn = []string{"entered-in-error", "cancelled", "revoked"}

// unlisted takes in a resource that no row has.
func (c *Comparison) unlisted(r Resource, m match) {
	if m.what != "" || !c.config.Since.IsZero() && r.Said.Before(c.config.Since) {
		return
	}
	name := ""
	if len(r.Identifiers) > 0 {
		name = r.Identifiers[0]
	}
	c.find(m.later, Finding{What: NotInExtract, Identifier: name, ID: r.ID})
}

// take notes that a row leads to a resource, and reports whether the row's cells are to
// be held against it: what the source spoke of goes before what others did, and what
// stands before what was withdrawn.
func (c *Comparison) take(n int32, m match) bool {
	row := &c.extract.rows[n]
	if row.found == 0 {
		c.found = append(c.found, m)
		row.found = int32(len(c.found))
		return m.what == ""
	}
	before := &c.found[row.found-1]
	switch {
	case m.what != "":
		if before.what == OtherSource {
			*before = m
		}
		return false
	case before.what != "":
		*before = m
		return true
	}
	c.find(m.later || before.later, Finding{What: Ambiguous, Line: c.line(n), Identifier: c.extract.key(n), ID: m.id, Detail: "so has " + before.id})
	return false
}

// fields holds a row's cells against the resource's values.
func (c *Comparison) fields(n int32, m match, root *fhir.Node) error {
	c.report.Compared++
	agree := true
	cells := c.extract.cells(n)
	for i, col := range c.extract.columns {
		if col.value == nil {
			continue
		}
		values, err := col.values(root)
		if err != nil {
			return &handover.Error{Op: "comparing the extract", Kind: handover.Invalid, Where: fmt.Sprintf("line 1, column %d", i+1), Err: err}
		}
		if same(cells[i], values) {
			continue
		}
		agree = false
		c.find(m.later, Finding{What: Differs, Line: c.line(n), Identifier: c.extract.key(n), ID: m.id,
			Field: col.name, Extract: cells[i], Record: strings.Join(texts(values), ", ")})
	}
	if agree {
		c.report.Agree++
	}
	return nil
}

// values are what the resource has there.
func (c column) values(root *fhir.Node) ([]fhirpath.Value, error) {
	found, err := c.value.Evaluate(fhirpath.Context{Root: root})
	if err != nil {
		return nil, err
	}
	var out []fhirpath.Value
	for _, node := range found {
		v, ok := node.Value()
		if !ok {
			return nil, fmt.Errorf("%s is a %s, which has no value of its own; name one of its elements", c.name, node.Type().Name)
		}
		out = append(out, v)
	}
	return out, nil
}

func texts(values []fhirpath.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Text()
	}
	return out
}

// same reports whether a cell is one of the values, or is empty as they are. Dates may
// be written as in HL7 v2 (20310304), numbers with other zeros.
func same(cell string, values []fhirpath.Value) bool {
	if cell == "" {
		return len(values) == 0
	}
	return slices.ContainsFunc(values, func(v fhirpath.Value) bool {
		switch v := v.(type) {
		case fhirpath.Date:
			return cell == v.Text() || cell == strings.ReplaceAll(v.Text(), "-", "")
		case fhirpath.Decimal:
			d, err := fhirpath.ParseDecimal(cell)
			return err == nil && d.Apd().Cmp(v.Apd()) == 0
		}
		return cell == v.Text()
	})
}

// find counts a finding, and keeps it while there is room.
func (c *Comparison) find(later bool, f Finding) {
	if later {
		c.report.Later++
		return
	}
	c.report.Counts[f.What]++
	if c.config.Limit == 0 || len(c.report.Findings) < c.config.Limit {
		c.report.Findings = append(c.report.Findings, f)
	}
}
