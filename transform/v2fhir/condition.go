package v2fhir

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"handover/hl7v2"
	"handover/transform/v2fhir/internal/cond"
)

// context is where a rule stands: the segment, the repetition of a field that
// is being read, and inside a data type map the value.
type context struct {
	run   *run
	seg   hl7v2.Segment
	name  string // of seg
	field int    // whose repetition is being read, 0: none
	rep   hl7v2.Value
	value cut // of the data type map at hand
}

// condition is a compiled condition.
type condition func(*context) bool

// compileCondition turns the tree into functions. source is the segment or data
// type of the map.
func compileCondition(e *cond.Expr, source string) condition {
	if e.Op == cond.Or || e.Op == cond.And || e.Op == cond.Not {
		return compileLogic(e, source)
	}
	a := compileRef(e.Ref, source)
	switch e.Op {
	case cond.In:
		texts := e.Texts
		return func(c *context) bool {
			text := a.text(c)
			return text != "" && slices.Contains(texts, text)
		}
	case cond.Same:
		b := compileRef(e.Other, source)
		return func(c *context) bool {
			v, w := a.at(c), b.at(c)
			return v.IsValued() && w.IsValued() && primary(v).Text() == primary(w).Text()
		}
	case cond.Count:
		cmp, n := e.Cmp, e.N
		return func(c *context) bool { return cond.Compare(a.repetitions(c), cmp, n) }
	case cond.Length:
		cmp, n := e.Cmp, e.N
		return func(c *context) bool {
			v := a.at(c)
			return v.IsValued() && cond.Compare(utf8.RuneCountInString(primary(v).Text()), cmp, n)
		}
	}
	return func(c *context) bool { return a.valued(c) }
}

func compileLogic(e *cond.Expr, source string) condition {
	args := make([]condition, len(e.Args))
	for i, a := range e.Args {
		args[i] = compileCondition(a, source)
	}
	switch e.Op {
	case cond.Not:
		return func(c *context) bool { return !args[0](c) }
	case cond.Or:
		return func(c *context) bool {
			for _, a := range args {
				if a(c) {
					return true
				}
			}
			return false
		}
	}
	return func(c *context) bool {
		for _, a := range args {
			if !a(c) {
				return false
			}
		}
		return true
	}
}

// ref is a compiled address.
type ref struct {
	segment          string // "" for the data type of the map
	own              bool   // the segment is the map's
	field, comp, sub int
}

// compileRef reads "PID-5.1", "CX.4.3", "ORC".
func compileRef(text, source string) ref {
	base, rest, _ := strings.Cut(strings.Replace(text, "-", ".", 1), ".")
	var n [3]int
	for i, s := range strings.SplitN(rest, ".", 3) {
		n[i], _ = strconv.Atoi(s)
	}
	if !cond.IsSegment(base) {
		return ref{comp: n[0], sub: n[1]}
	}
	return ref{segment: base, own: base == source, field: n[0], comp: n[1], sub: n[2]}
}

// at returns the value at the address, absent where there is none.
func (a *ref) at(c *context) hl7v2.Value {
	var v hl7v2.Value
	switch {
	case a.segment == "":
		return c.value.below(a.comp, a.sub)
	case !a.here(c):
		v = c.run.nearest(a.segment).Field(a.field)
	case a.field == c.field && c.field > 0:
		v = c.rep
	default:
		v = c.run.fieldOf(a.field)
	}
	if a.comp > 0 {
		v = v.Component(a.comp)
	}
	if a.sub > 0 {
		v = v.Subcomponent(a.sub)
	}
	return v
}

// here reports whether the address is in the segment at hand.
func (a *ref) here(c *context) bool { return a.own || c.name == a.segment }

// text returns the text of the first part of what is at the address.
func (a *ref) text(c *context) string {
	if a.segment != "" && a.comp == 0 && (a.field != c.field || c.field == 0) && a.here(c) {
		return c.run.fieldText(a.field)
	}
	return primary(a.at(c)).Text()
}

// valued reports whether there is content; for a segment, whether it is there.
func (a *ref) valued(c *context) bool {
	if a.segment != "" && a.field == 0 {
		return c.run.nearest(a.segment).Valid()
	}
	return a.at(c).IsValued()
}

func (a *ref) repetitions(c *context) int {
	s := c.seg
	if c.name != a.segment {
		s = c.run.nearest(a.segment)
	}
	v := s.Field(a.field)
	if !v.IsValued() {
		return 0
	}
	return v.Repetitions()
}

// part returns part n of a value: a component at depth 0, a subcomponent at
// depth 1. n = 0 is the value itself. What has no deeper level is its own
// first part.
func part(v hl7v2.Value, depth, n int) hl7v2.Value {
	switch {
	case n == 0:
		return v
	case depth == 0:
		return v.Component(n)
	case depth == 1:
		return v.Subcomponent(n)
	case n == 1:
		return v
	}
	return hl7v2.Value{}
}

// primary returns the first part of the first part: the text of a value whose
// other parts say more about it.
func primary(v hl7v2.Value) hl7v2.Value { return v.First() }
