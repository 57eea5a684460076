package oracle

import (
	"fmt"
	"strings"

	"handover/fhir"
	"handover/test/mapping/forest"
)

// spot is an element that is being filled.
type spot struct {
	node, parent *forest.Node
	name, key    string
	typ          *fhir.Type
	holders      []*forest.Resource // the resource it is in, and those around that one
	free         bool
}

// up is the element around it.
func (s spot) up(t *fhir.Type) spot {
	return spot{node: s.parent, typ: t, holders: s.holders, free: s.free}
}

func at(r *forest.Resource) spot {
	return spot{node: r.Node, typ: fhir.Definitions().Type(r.Type), holders: []*forest.Resource{r}}
}

// property is what a name means in a type; nil where R4 has no such element.
func property(t *fhir.Type, name string) *fhir.Property {
	if t == nil {
		return nil
	}
	p := t.Property(name)
	if p == nil && name == "extension" {
		p = fhir.Definitions().Type("Element").Property(name)
	}
	return p
}

// enter steps into another resource by a reference.
func (b *build) enter(s spot, resourceType, rule string) spot {
	if s.node.Ref == nil {
		s.node.Ref = forest.New(resourceType, rule)
		s.node.Ref.Free, s.node.Free = s.free, s.free
		b.resources = append(b.resources, s.node.Ref)
	}
	r := s.node.Ref
	if r.Type != resourceType { // two rows want a single reference for themselves: either will do
		s.node.Any = true
		if r = b.rivals[s.node]; r == nil {
			r = forest.New(resourceType, rule)
			r.Free = s.free
			b.rivals[s.node] = r
			b.resources = append(b.resources, r)
		}
	}
	if !s.free {
		r.Free, s.node.Free = false, false
	}
	return spot{node: r.Node, typ: fhir.Definitions().Type(resourceType), holders: append([]*forest.Resource{r}, s.holders...), free: s.free}
}

// step goes to an element.
func (b *build) step(s spot, p *fhir.Property, name, key, rule string) spot {
	if !p.Element.IsList() {
		key = ""
	}
	n := s.node.Child(name, key)
	if n.Rule == "" {
		n.Rule = rule
	}
	return spot{node: n, parent: s.node, name: name, key: key, typ: p.Type, holders: s.holders, free: s.free}
}

// keyer says which item of an array step i means; "" where there is none.
type keyer func(i int) string

// walk follows a path.
func (b *build) walk(s spot, path []step, rule string, key keyer) (spot, bool) {
	for i, st := range path {
		if st.name == "$this" || st.name == "$value" {
			continue
		}
		if i == 0 && s.typ != nil && strings.EqualFold(st.name, s.typ.Name) && s.typ.Kind != fhir.KindResource {
			continue // "Quantity.code" inside Quantity
		}
		if st.name == "reference" && s.typ.Name == "Reference" {
			if st.resource != "" {
				s = b.enter(s, st.resource, rule)
			}
			continue
		}
		p := property(s.typ, st.name)
		if p == nil {
			return spot{}, false
		}
		k := ""
		if p.Element.IsList() {
			if k = key(i); k == "" {
				return spot{}, false
			}
		}
		s = b.step(s, p, st.name, k, rule)
		if st.resource != "" && s.typ.Name == "Reference" {
			if s = b.enter(s, st.resource, rule); s.node == nil {
				return spot{}, false
			}
		}
	}
	return s, true
}

// set gives a primitive its value. A second value is taken as an alternative:
// the map contradicts itself there.
func set(s spot, value, rule string) {
	n := s.node
	if value == "" {
		return
	}
	n.Rule = rule
	if n.Has && n.Value != value {
		n.Or = append(n.Or, value)
		return
	}
	n.Value, n.Has = value, true
	n.Free = s.free
	n.FromMessage = true
}

// shorter lets a joined text end without the separators of what is not there.
func shorter(s spot, value string) {
	if short := strings.TrimRight(value, "^"); short != value {
		s.node.Or = append(s.node.Or, short)
	}
}

// constant marks a value that a rule fixes, whatever the message says.
func constant(s spot, assignment string) {
	s.node.FromMessage = !strings.HasPrefix(assignment, `"`) || strings.Contains(assignment, "+")
}

// setAny asks for some value, which would be made of the source.
func setAny(s spot, rule string, free bool, source string) {
	if s.node.Has {
		return
	}
	s.node.Any, s.node.Rule, s.node.Source = true, rule, source
	s.node.Free = s.free || free
}

func count(n int) string { return fmt.Sprint(n) }

// filling ends a walk: inside a resource that is free as a whole nothing is
// free once more.
func filling(s spot) spot {
	if len(s.holders) > 0 && s.holders[0].Node == s.node && s.holders[0].Free {
		s.free = false
	}
	return s
}
