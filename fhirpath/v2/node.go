package v2

import (
	"strconv"
	"sync"

	"handover/fhirpath"
	"handover/hl7v2"
)

// scope is where an address that begins with a segment is looked up: a message
// or a group.
type scope interface{ isScope() }

func (*messageNode) isScope() {}
func (*groupNode) isScope()   {}

func typeName(name string) fhirpath.TypeName {
	return fhirpath.TypeName{Namespace: "V2", Name: name}
}

// messageNode is V2.Message.
type messageNode struct {
	m     *hl7v2.Message
	once  sync.Once
	group *hl7v2.Group
}

func (n *messageNode) Name() string                  { return "" }
func (n *messageNode) Type() fhirpath.TypeName       { return typeName("Message") }
func (n *messageNode) Value() (fhirpath.Value, bool) { return nil, false }

// Children yields segments by name; where there is none, groups at the top.
func (n *messageNode) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	if name == "" {
		for i := range n.m.Len() {
			dst = append(dst, &segmentNode{n, n.m.Segment(i)})
		}
		return dst
	}
	before := len(dst)
	for s := range n.m.All(name) {
		dst = append(dst, &segmentNode{n, s})
	}
	if len(dst) > before || len(name) == 3 {
		return dst
	}
	n.once.Do(func() { n.group, _ = n.m.Groups() })
	for _, p := range n.group.Parts {
		if p.Group != nil && p.Group.Name == name {
			dst = append(dst, &groupNode{p.Group})
		}
	}
	return dst
}

// groupNode is V2.<group>.
type groupNode struct{ g *hl7v2.Group }

func (n *groupNode) Name() string                  { return n.g.Name }
func (n *groupNode) Type() fhirpath.TypeName       { return typeName(n.g.Name) }
func (n *groupNode) Value() (fhirpath.Value, bool) { return nil, false }

// Children yields the group's own segments and groups.
func (n *groupNode) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	for _, p := range n.g.Parts {
		switch {
		case p.Group != nil:
			if name == "" || p.Group.Name == name {
				dst = append(dst, &groupNode{p.Group})
			}
		case name == "" || p.Segment.Name() == name:
			dst = append(dst, &segmentNode{n, p.Segment})
		}
	}
	return dst
}

// segmentNode is V2.<segment>, and remembers where it was reached from.
type segmentNode struct {
	scope   scope
	segment hl7v2.Segment
}

func (n *segmentNode) Name() string                  { return n.segment.Name() }
func (n *segmentNode) Type() fhirpath.TypeName       { return typeName(n.segment.Name()) }
func (n *segmentNode) Value() (fhirpath.Value, bool) { return nil, false }

// Children yields the repetitions of field name, a number in decimal.
func (n *segmentNode) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	if name != "" {
		if i, ok := number(name); ok {
			dst = appendRepetitions(dst, n.scope, n.segment.Field(i), i)
		}
		return dst
	}
	for i, v := range n.segment.All() {
		dst = appendRepetitions(dst, n.scope, v, i)
	}
	return dst
}

func appendRepetitions(dst []fhirpath.Node, s scope, v hl7v2.Value, field int) []fhirpath.Node {
	for i := range v.Repetitions() {
		if r := v.Repetition(i + 1); !r.IsAbsent() {
			dst = append(dst, &valueNode{scope: s, value: r, number: field})
		}
	}
	return dst
}

// depth is what a valueNode is.
type depth uint8

const (
	isField depth = iota // one repetition of it
	isComponent
	isSubcomponent
)

// valueNode is V2.Field, V2.Component or V2.Subcomponent, and never absent.
type valueNode struct {
	scope  scope
	value  hl7v2.Value
	number int // of the field, component or subcomponent
	depth  depth
}

func (n *valueNode) Name() string { return strconv.Itoa(n.number) }

func (n *valueNode) Type() fhirpath.TypeName {
	return typeName([...]string{"Field", "Component", "Subcomponent"}[n.depth])
}

// Value is the text; of a value that has parts all of it, separators as they
// stand.
func (n *valueNode) Value() (fhirpath.Value, bool) {
	if n.value.IsNull() {
		return Null, true
	}
	return fhirpath.String(n.value.Text()), true
}

// Children yields the components or subcomponents, where there is more than
// one.
func (n *valueNode) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	count := n.parts()
	if name != "" {
		if i, ok := number(name); ok {
			dst = n.appendPart(dst, i)
		}
		return dst
	}
	if count < 2 {
		return dst
	}
	for i := range count {
		dst = n.appendPart(dst, i+1)
	}
	return dst
}

func (n *valueNode) parts() int {
	switch n.depth {
	case isField:
		return n.value.Components()
	case isComponent:
		return n.value.Subcomponents()
	}
	return 0
}

func (n *valueNode) appendPart(dst []fhirpath.Node, i int) []fhirpath.Node {
	var v hl7v2.Value
	switch n.depth {
	case isField:
		v = n.value.Component(i)
	case isComponent:
		v = n.value.Subcomponent(i)
	}
	if v.IsAbsent() {
		return dst
	}
	return append(dst, &valueNode{n.scope, v, i, n.depth + 1})
}

// number reads a field's or component's number.
func number(s string) (int, bool) {
	i, err := strconv.Atoi(s)
	return i, err == nil && i > 0
}
