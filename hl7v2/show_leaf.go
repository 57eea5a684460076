package hl7v2

import (
	"iter"
	"slices"
	"strings"
)

// leaf is a value that has no parts, with what the standard says of it.
type leaf struct {
	address string   // "PID-3[2].4.1"
	names   []string // of the field and of the components that lead to it
	value   Value
	text    string // decoded
	display string // meaning of a code, "" where not known
}

// leaves yields what is there in a segment, in its order.
func leaves(s Segment) iter.Seq[leaf] {
	return func(yield func(leaf) bool) {
		name := s.Name()
		for n, field := range s.All() {
			if field.IsAbsent() {
				continue
			}
			definition, _ := LookupField(name, n)
			if name == "OBX" && n == 5 {
				definition.Type = s.Field(2).Text()
			}
			if !fieldLeaves(Address{Segment: name, Field: n}, field, definition, yield) {
				return
			}
		}
	}
}

// fieldLeaves yields the leaves of each repetition; an address says which only
// where there is more than one.
func fieldLeaves(a Address, field Value, definition FieldDefinition, yield func(leaf) bool) bool {
	if field.level == levelLiteral {
		return yield(leaf{address: showAddress(a), names: named(nil, definition.Title), value: field, text: field.Text()})
	}
	many := field.Repetitions() > 1
	i := 0
	for repetition := range field.All() {
		i++
		if many {
			a.Repetition = i
		}
		w := leafWalk{address: a, yield: yield}
		if !w.value(repetition, definition, nil, "") {
			return false
		}
	}
	return true
}

// leafWalk goes down into one repetition.
type leafWalk struct {
	address Address
	yield   func(leaf) bool
}

// value yields the leaves of v, whose definition is known as far as the
// standard has it. The table is that of the composite around it, which holds
// for its first component.
func (w *leafWalk) value(v Value, definition FieldDefinition, names []string, table string) bool {
	if v.IsAbsent() {
		return true
	}
	names = named(names, definition.Title)
	if definition.Table != "" {
		table = definition.Table
	}
	kind, _ := LookupType(definition.Type)
	next := v.level + 1
	if next > levelSubcomponent || v.IsNull() || len(kind.Components) == 0 && v.count(next) < 2 {
		return w.yield(leaf{showAddress(w.address), names, v, v.Text(), displayOf(table, v)})
	}
	if isCoded(kind.Name) && !tableHolds(v, table) {
		table = ""
	}
	for i := 1; i <= v.count(next); i++ {
		w.step(next, i)
		part := FieldDefinition{}
		if i <= len(kind.Components) {
			part = kind.Components[i-1]
		}
		inner := ""
		if i == 1 && isCoded(kind.Name) {
			inner, part.Table = table, ""
		}
		if !w.value(v.part(next, i), part, names, inner) {
			return false
		}
	}
	w.step(next, 0)
	return true
}

func (w *leafWalk) step(l level, i int) {
	if l == levelComponent {
		w.address.Component = i
	} else {
		w.address.Subcomponent = i
	}
}

func isCoded(name string) bool {
	return name == "CWE" || name == "CNE" || name == "CE" || name == "CF"
}

// tableHolds reports whether a coded value is of that table, as far as it says:
// one with another coding system is not.
func tableHolds(v Value, table string) bool {
	system := v.part(v.level+1, 3).Text()
	return system == "" || system == "HL7"+table
}

// displayOf returns what a code means by a table: the first sentence, and
// nothing where that only repeats the code.
func displayOf(table string, v Value) string {
	if table == "" || !v.IsValued() {
		return ""
	}
	t, _ := LookupTable(table)
	code := v.Text()
	display, _ := t.Display(code)
	display, _, _ = strings.Cut(display, ". ")
	if strings.EqualFold(display, code) || strings.EqualFold(display, "Release "+code) {
		return ""
	}
	return display
}

// named adds a name, if there is one, to a copy.
func named(names []string, title string) []string {
	if title == "" {
		return names
	}
	return append(slices.Clip(names), title)
}

// showAddress leaves out what a faulty segment's name could put in.
func showAddress(a Address) string {
	if !validSegmentName(a.Segment) {
		a.Segment = "?"
	}
	return a.String()
}
