package v2

import (
	"errors"
	"fmt"

	"handover/fhirpath"
	"handover/hl7v2"
)

// address is where v2() looks: from the scope, or from $this.
type address struct {
	hl7v2.Address
	relative bool
}

// relativeRoot stands before a relative address, so that it can be read as
// one of a field.
const relativeRoot = "ZZZ-"

func parseAddress(s string) (*address, error) {
	if s == "" {
		return nil, errors.New("address is empty: write it as PID-5.1, or 5.1 from a segment")
	}
	if s[0] >= '0' && s[0] <= '9' {
		a, err := hl7v2.ParseAddress(relativeRoot + s)
		if err != nil {
			return nil, errors.New("not an address within a segment or field: write it as 3, 3[2].4 or 3.4.2")
		}
		return &address{a, true}, nil
	}
	a, err := hl7v2.ParseAddress(s)
	if err != nil {
		return nil, fmt.Errorf("not an address of HL7 v2: %w", err)
	}
	return &address{a, false}, nil
}

// prepareV2 reads a literal address when the expression is compiled.
func prepareV2(args []fhirpath.Value) (func(dst, input fhirpath.Collection) (fhirpath.Collection, error), error) {
	a, err := argument(args[0])
	if err != nil {
		return nil, err
	}
	return a.find, nil
}

func callV2(dst, input fhirpath.Collection, args []fhirpath.Collection) (fhirpath.Collection, error) {
	if len(args[0]) != 1 {
		return dst, errors.New("takes one address")
	}
	v, _ := args[0][0].Value()
	a, err := argument(v)
	if err != nil {
		return dst, err
	}
	return a.find(dst, input)
}

func argument(v fhirpath.Value) (*address, error) {
	s, ok := v.(fhirpath.String)
	if !ok {
		return nil, errors.New("an address is a String")
	}
	return parseAddress(string(s))
}

var errNoV2 = errors.New("works on a message, or a part of one")

// find appends what is at the address, seen from each item of input.
func (a *address) find(dst, input fhirpath.Collection) (fhirpath.Collection, error) {
	for i, n := range input {
		if a.relative {
			var err error
			if dst, err = a.from(dst, n); err != nil {
				return dst, err
			}
			continue
		}
		s, ok := scopeOf(n)
		if !ok {
			return dst, errNoV2
		}
		if i > 0 && sameScope(input[i-1], s) {
			continue // several items of one message: what is found is found once
		}
		var err error
		if dst, err = a.in(dst, s); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func scopeOf(n fhirpath.Node) (scope, bool) {
	switch n := n.(type) {
	case *messageNode:
		return n, true
	case *groupNode:
		return n, true
	case *segmentNode:
		return n.scope, true
	case *valueNode:
		return n.scope, true
	}
	return nil, false
}

func sameScope(n fhirpath.Node, s scope) bool {
	other, ok := scopeOf(n)
	return ok && other == s
}

// in looks an address that begins with a segment up.
func (a *address) in(dst fhirpath.Collection, s scope) (fhirpath.Collection, error) {
	if len(a.Group) == 0 {
		return a.inScope(dst, s), nil
	}
	m, ok := s.(*messageNode)
	if !ok {
		return dst, errors.New("an address with groups is looked up in a message, not in one of its groups")
	}
	for v := range m.m.Every(a.Address) {
		if a.Field == 0 {
			dst = appendSegmentAt(dst, m, a.Segment, v.Byte())
		} else {
			dst = append(dst, a.node(m, v))
		}
	}
	return dst, nil
}

// appendSegmentAt appends the segment that begins at a byte.
func appendSegmentAt(dst fhirpath.Collection, m *messageNode, name string, start int) fhirpath.Collection {
	for s := range m.m.All(name) {
		if s.Byte() == start {
			return append(dst, &segmentNode{m, s})
		}
	}
	return dst
}

// inScope finds an address without groups.
func (a *address) inScope(dst fhirpath.Collection, s scope) fhirpath.Collection {
	nth := 0
	switch s := s.(type) {
	case *messageNode:
		for segment := range s.m.All(a.Segment) {
			nth++
			dst = a.inSegment(dst, s, segment, nth)
		}
	case *groupNode:
		dst, _ = a.inGroup(dst, s, s.g, 0)
	}
	return dst
}

// inGroup looks in g and the groups within it, in their order. nth counts the
// segments of that name.
func (a *address) inGroup(dst fhirpath.Collection, s scope, g *hl7v2.Group, nth int) (fhirpath.Collection, int) {
	for _, p := range g.Parts {
		if p.Group != nil {
			dst, nth = a.inGroup(dst, s, p.Group, nth)
		} else if p.Segment.Name() == a.Segment {
			nth++
			dst = a.inSegment(dst, s, p.Segment, nth)
		}
	}
	return dst, nth
}

// inSegment looks in the nth segment of its name, if it is one asked for.
func (a *address) inSegment(dst fhirpath.Collection, s scope, segment hl7v2.Segment, nth int) fhirpath.Collection {
	if a.Occurrence != 0 && nth != a.Occurrence {
		return dst
	}
	if a.Field == 0 {
		return append(dst, &segmentNode{s, segment})
	}
	return a.inField(dst, s, segment.Field(a.Field))
}

// from goes on from a segment or a value.
func (a *address) from(dst fhirpath.Collection, n fhirpath.Node) (fhirpath.Collection, error) {
	switch n := n.(type) {
	case *segmentNode:
		return a.inField(dst, n.scope, n.segment.Field(a.Field)), nil
	case *valueNode:
		if a.Repetition != 0 || a.Subcomponent != 0 || n.depth == isComponent && a.Component != 0 || n.depth == isSubcomponent {
			return dst, errors.New("address goes deeper than a v2 value does: within a field write 4 or 4.2, within a component 2")
		}
		if n.depth == isComponent {
			return n.appendPart(dst, a.Field), nil
		}
		component := n.value.Component(a.Field)
		if a.Component == 0 {
			return n.appendPart(dst, a.Field), nil
		}
		return (&valueNode{n.scope, component, a.Field, isComponent}).appendPart(dst, a.Component), nil
	}
	return dst, errors.New("an address without a segment goes on from a segment or a field")
}

// inField takes the repetitions, or the one that is asked for, apart.
func (a *address) inField(dst fhirpath.Collection, s scope, v hl7v2.Value) fhirpath.Collection {
	first, last := 1, v.Repetitions()
	if a.Repetition != 0 {
		first, last = a.Repetition, min(a.Repetition, last)
	}
	for i := first; i <= last; i++ {
		part := v.Repetition(i)
		if a.Component != 0 {
			part = part.Component(a.Component)
		}
		if a.Subcomponent != 0 {
			part = part.Subcomponent(a.Subcomponent)
		}
		if !part.IsAbsent() {
			dst = append(dst, a.node(s, part))
		}
	}
	return dst
}

func (a *address) node(s scope, v hl7v2.Value) *valueNode {
	switch {
	case a.Subcomponent != 0:
		return &valueNode{s, v, a.Subcomponent, isSubcomponent}
	case a.Component != 0:
		return &valueNode{s, v, a.Component, isComponent}
	}
	return &valueNode{s, v, a.Field, isField}
}

// callValued reports whether any item holds content.
func callValued(dst, input fhirpath.Collection, _ []fhirpath.Collection) (fhirpath.Collection, error) {
	for _, n := range input {
		if holdsContent(n) {
			return append(dst, fhirpath.Boolean(true)), nil
		}
	}
	return append(dst, fhirpath.Boolean(false)), nil
}

func holdsContent(n fhirpath.Node) bool {
	if v, ok := n.(*valueNode); ok {
		return v.value.IsValued()
	}
	v, ok := n.Value()
	return !ok || v != Null && v != fhirpath.String("")
}
