package reconcile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"handover"
	"handover/fhir"
	"handover/fhirpath"
)

// Extract is a list that a source exported: CSV (RFC 4180) in UTF-8 whose first line
// names the columns. One column is "identifier", with the identifiers as FHIR's token
// search takes them (FHIR R4 §3.1.1.4.10): system|value, |value for those without a
// system, or the value alone for any system. Every other column's name is FHIRPath
// over the resource (birthDate, name.family): the value that the source has there.
type Extract struct {
	Type    string // of the resources that it lists
	columns []column
	rows    []row
	byKey   map[string]int32 // identifier → the first row that has it
	twice   []int32          // rows whose identifier an earlier row has
}

type column struct {
	name  string
	value *fhirpath.Expr // nil: the identifier
}

// row is a line of the list.
type row struct {
	line  int32
	cells string // by separator
	found int32  // place in Comparison.found, from 1; 0: nothing was found yet
}

const (
	identifier  = "identifier"
	separator   = "\x1f"
	maxProblems = 20
)

// Read reads a list of resources of a type. Its error names every problem, by line, as
// far as there are not very many.
func Read(r io.Reader, resourceType string) (*Extract, error) {
	if !fhir.Definitions().IsResource(resourceType) {
		return nil, &handover.Error{Op: "reading the extract", Kind: handover.Invalid, Where: "type", Err: fmt.Errorf("%q is no resource type", resourceType)}
	}
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	lines := csv.NewReader(in)
	lines.ReuseRecord = true
	lines.Comma = delimiter(in)
	names, err := lines.Read()
	if err != nil {
		return nil, headless(err)
	}
	e := &Extract{Type: resourceType, byKey: map[string]int32{}}
	if err := e.name(names); err != nil {
		return nil, err
	}
	return e, e.read(lines)
}

// delimiter is what the first line has between its names: a spreadsheet writes what is
// usual where it runs.
func delimiter(in *bufio.Reader) rune {
	head, _ := in.Peek(in.Size())
	head, _, _ = bytes.Cut(head, []byte("\n"))
	for _, d := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(head, d) {
			return d
		}
	}
	return ','
}

// headless is why there is no first line.
func headless(err error) error {
	if errors.Is(err, io.EOF) {
		return problem(1, errors.New("it is empty; its first line names the columns, as in: identifier,birthDate"))
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return problem(1, syntax(parse))
	}
	return err
}

// name reads the columns' names.
func (e *Extract) name(names []string) error {
	var faults []error
	known := 0
	for i, name := range names {
		c := column{name: strings.TrimSpace(name)}
		if c.name == identifier {
			known++
		} else {
			var err error
			c.value, err = fhirpath.Compile(c.name, fhirpath.Options{Model: fhir.Model(), Strict: true, Root: fhirpath.TypeName{Namespace: "FHIR", Name: e.Type}})
			if err != nil {
				faults = append(faults, problem(1, fmt.Errorf("column %d, %q: it is FHIRPath over a %s: %w", i+1, c.name, e.Type, err)))
			}
		}
		e.columns = append(e.columns, c)
	}
	if known != 1 {
		faults = append(faults, problem(1, fmt.Errorf("%d columns are named identifier; one must be", known)))
	}
	return errors.Join(faults...)
}

// read reads the lines after the first.
func (e *Extract) read(lines *csv.Reader) error {
	var faults []error
	for len(faults) < maxProblems {
		cells, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(faults...)
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			faults = append(faults, problem(parse.Line, syntax(parse)))
			continue
		}
		if err != nil {
			return err
		}
		line, _ := lines.FieldPos(0)
		if err := e.add(line, cells); err != nil {
			faults = append(faults, problem(line, err))
		}
	}
	return errors.Join(append(faults, errors.New("and perhaps more"))...)
}

// add takes in one line.
func (e *Extract) add(line int, cells []string) error {
	key := ""
	for i, c := range e.columns {
		cells[i] = strings.TrimSpace(cells[i])
		switch {
		case !utf8.ValidString(cells[i]) || strings.Contains(cells[i], separator):
			return fmt.Errorf("column %d is no text in UTF-8", i+1)
		case c.value == nil:
			key = cells[i]
		}
	}
	if strings.TrimLeft(key, "|") == "" || strings.HasSuffix(key, "|") {
		return errors.New("it has no identifier")
	}
	e.rows = append(e.rows, row{line: int32(line), cells: strings.Join(cells, separator)})
	n := int32(len(e.rows) - 1)
	if _, known := e.byKey[key]; known {
		e.twice = append(e.twice, n)
		return nil
	}
	e.byKey[strings.Clone(key)] = n
	return nil
}

// cells returns a row's cells.
func (e *Extract) cells(n int32) []string { return strings.Split(e.rows[n].cells, separator) }

// key returns a row's identifier.
func (e *Extract) key(n int32) string {
	for i, cell := range e.cells(n) {
		if e.columns[i].value == nil {
			return cell
		}
	}
	return ""
}

// rowOf returns the row that has an identifier, written system|value.
func (e *Extract) rowOf(token string) (n int32, known bool) {
	if n, known = e.byKey[token]; known {
		return n, true
	}
	_, value, _ := strings.Cut(token, "|")
	n, known = e.byKey[value]
	return n, known
}

// syntax is what is wrong with a line, without its content.
func syntax(err *csv.ParseError) error {
	if errors.Is(err.Err, csv.ErrFieldCount) {
		return errors.New("it has not as many cells as the first line has names")
	}
	return fmt.Errorf("a quotation mark stands where none may, at byte %d; one within a cell is written twice, and the cell between quotation marks", err.Column)
}

func problem(line int, err error) error {
	return &handover.Error{Op: "reading the extract", Kind: handover.Invalid, Where: fmt.Sprintf("line %d", line), Err: err}
}
