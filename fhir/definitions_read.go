package fhir

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	definitionsHeader = "handover-fhir-definitions\t1\t4.0.1"
	valueSetBase      = "http://hl7.org/fhir/ValueSet/"
)

// definitionsReader reads the file line by line. A line that begins with a tab
// belongs to the last one that does not. Strings are cut out of the embedded
// text, not copied.
type definitionsReader struct {
	defs    *Defs
	pending []pendingType // element types by name, resolved at the end
	kind    string
	typ     *Type
	search  *SearchParameter
	part    *Compartment
	set     *ValueSet
	bases   []string // for each type in names: the base's name
}

// pendingType is an element whose types are still names.
type pendingType struct {
	element *Element
	names   string // "Quantity|Reference(Group,Patient)"
}

func readDefinitions(text string) (*Defs, error) {
	r := &definitionsReader{defs: &Defs{
		types: map[string]*Type{}, searches: map[string][]*SearchParameter{},
		compartments: map[string]*Compartment{}, valueSets: map[string]*ValueSet{},
	}}
	header, rest, _ := strings.Cut(text, "\n")
	if header != definitionsHeader {
		return nil, fmt.Errorf("line 1: expected %q", definitionsHeader)
	}
	for n := 2; rest != ""; n++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return r.defs, r.resolve()
}

func (r *definitionsReader) line(line string) error {
	var buf [8]string
	cols := splitTabs(buf[:0], line)
	if cols[0] != "" {
		r.kind = cols[0]
	}
	inner := cols[0] == ""
	switch {
	case r.kind == "valueset": // any number of columns
		return r.valueSet(line, inner, cols)
	case r.kind == "type" && !inner && len(cols) == 5:
		return r.typeLine(cols)
	case r.kind == "type" && len(cols) == 6:
		return r.element(cols)
	case r.kind == "search" && !inner && len(cols) == 6:
		r.searchParameter(cols)
	case r.kind == "search" && inner && len(cols) == 3:
		r.search.Components = append(r.search.Components, SearchComponent{cols[1], cols[2]})
	case r.kind == "compartment" && !inner && len(cols) == 2:
		r.part = &Compartment{Of: cols[1], Params: map[string][]string{}}
		r.defs.compartments[cols[1]] = r.part
	case r.kind == "compartment" && inner && len(cols) == 3:
		r.part.Params[cols[1]] = strings.Split(cols[2], ",")
	default:
		return fmt.Errorf("%s: unexpected line with %d columns", r.kind, len(cols))
	}
	return nil
}

// splitTabs appends up to eight columns; a longer line keeps its rest in the
// last of them.
func splitTabs(to []string, line string) []string {
	for len(to) < cap(to)-1 {
		col, rest, more := strings.Cut(line, "\t")
		to = append(to, col)
		if !more {
			return to
		}
		line = rest
	}
	return append(to, line)
}

func (r *definitionsReader) typeLine(cols []string) error {
	t := &Type{Name: cols[1], Pattern: undash(cols[4])}
	kind, abstract := strings.CutPrefix(cols[2], "abstract-")
	t.Abstract = abstract
	switch kind {
	case "complex":
		t.Kind = KindComplex
	case "primitive":
		t.Kind = KindPrimitive
		var ok bool
		if t.primitive, ok = primitiveNames[t.Name]; !ok {
			return fmt.Errorf("unknown primitive %s", t.Name)
		}
	case "resource":
		t.Kind = KindResource
	case "backbone":
		t.Kind = KindBackbone
	default:
		return fmt.Errorf("unknown kind %q", kind)
	}
	r.typ = t
	r.defs.types[t.Name] = t
	r.defs.names = append(r.defs.names, t.Name)
	r.bases = append(r.bases, undash(cols[3]))
	return nil
}

func (r *definitionsReader) element(cols []string) error {
	e := &Element{Name: cols[1], Max: Many}
	e.base, e.choice = strings.CutSuffix(e.Name, "[x]")
	low, high, ok := strings.Cut(cols[2], "..")
	var err error
	if e.Min, err = strconv.Atoi(low); err != nil || !ok {
		return fmt.Errorf("bad cardinality %q", cols[2])
	}
	if high != "*" {
		if e.Max, err = strconv.Atoi(high); err != nil {
			return fmt.Errorf("bad cardinality %q", cols[2])
		}
	}
	e.Modifier = strings.Contains(cols[3], "m")
	e.Summary = strings.Contains(cols[3], "s")
	e.Attribute = strings.Contains(cols[3], "a")
	e.Strength, e.ValueSet, _ = strings.Cut(undash(cols[5]), " ")
	names, again := strings.CutPrefix(cols[4], "@")
	if again {
		e.Reference = names
	}
	r.typ.Elements = append(r.typ.Elements, e)
	r.pending = append(r.pending, pendingType{e, names})
	return nil
}

func (r *definitionsReader) searchParameter(cols []string) {
	p := &SearchParameter{Base: cols[1], Code: cols[2], Type: cols[3], Expression: undash(cols[5])}
	if targets := undash(cols[4]); targets != "" && targets != "*" {
		p.Targets = strings.Split(targets, ",")
	}
	r.search = p
	r.defs.searches[p.Base] = append(r.defs.searches[p.Base], p)
}

func (r *definitionsReader) valueSet(line string, inner bool, cols []string) error {
	if inner {
		codes := strings.Split(line[1:], "\t")
		r.set.Codes[codes[0]] = codes[1:]
		return nil
	}
	if len(cols) != 3 {
		return fmt.Errorf("valueset: unexpected line with %d columns", len(cols))
	}
	r.set = &ValueSet{URL: cols[1], Open: cols[2] == "open"}
	if !r.set.Open {
		r.set.Codes = map[string][]string{}
	}
	r.defs.valueSets[cols[1]] = r.set
	if !strings.Contains(cols[1], "://") {
		r.set.URL = valueSetBase + cols[1]
	}
	return nil
}

// resolve turns names into types and puts inherited elements first.
func (r *definitionsReader) resolve() error {
	for _, p := range r.pending {
		for name := range strings.SplitSeq(p.names, "|") {
			name, targets, has := strings.Cut(strings.TrimSuffix(name, ")"), "(")
			t := r.defs.types[name]
			if t == nil {
				return fmt.Errorf("element %s: unknown type %s", p.element.Name, name)
			}
			et := ElementType{Type: t}
			if has && targets != "Resource" {
				et.Targets = strings.Split(targets, ",")
			}
			p.element.Types = append(p.element.Types, et)
		}
	}
	for i, name := range r.defs.names {
		t := r.defs.types[name]
		if base := r.bases[i]; base != "" {
			if t.Base = r.defs.types[base]; t.Base == nil {
				return fmt.Errorf("type %s: unknown base %s", name, base)
			}
			t.inherit()
		}
		for n, e := range t.Elements {
			if t.Base == nil || n >= len(t.Base.Elements) {
				e.order = n
			}
		}
	}
	return nil
}

// inherit puts the base's elements before the type's own. Where it has one of
// the same name (xhtml.extension), its own stands in the base's place.
func (t *Type) inherit() {
	own := t.Elements
	t.Elements = append(make([]*Element, 0, len(t.Base.Elements)+len(own)), t.Base.Elements...)
	for _, e := range own {
		replaced := false
		for i, b := range t.Elements {
			if b.Name == e.Name {
				e.order, t.Elements[i], replaced = i, e, true
			}
		}
		if !replaced {
			t.Elements = append(t.Elements, e)
		}
	}
}

func undash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}
