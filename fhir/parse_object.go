package fhir

import (
	"fmt"
	"strings"
)

// object reads from "{" on. typ is what the object must be, nil if unknown.
func (p *parser) object(prop *Property, typ *Type) {
	self := p.add(prop, typ, kindObject)
	if !p.enter() {
		return
	}
	defer p.leave()
	if typ != nil && typ.Kind == KindResource {
		typ = p.resourceType(typ)
		p.nodes[self].typ = typ
	}
	if self == 0 {
		p.root = typ
	}
	m := members{typ: typ}
	p.i++ // "{"
	for first := true; ; first = false {
		p.space()
		at := p.i
		if !p.separator('}', first) {
			break
		}
		if p.peek() == '}' {
			p.problem(at, codeInvalid, "has a comma before its end")
			break
		}
		p.member(&m)
		if p.broken {
			return
		}
	}
	if p.broken {
		return
	}
	if m.count == 0 {
		p.wrong(p.i, codeStructure, "is an empty object: leave it out")
	}
	p.i++ // "}"
	p.done(self)
	if m.extras {
		p.pair(self)
	}
}

// members is what the parser has seen of an object.
type members struct {
	typ     *Type
	count   int
	seen    [8]uint64       // properties by index
	unknown map[string]bool // names that the type does not have
	choices []*Property     // of choices that have a value
	extras  bool            // siblings with underscore, or nulls, to be paired
}

// enter goes one level deeper, unless that is too deep.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > p.options.MaxDepth {
		p.failWith(codeTooCostly, fmt.Sprintf("is nested deeper than %d levels", p.options.MaxDepth))
	}
	return !p.broken
}

func (p *parser) leave() { p.depth-- }

// separator reads the comma before a further item, and reports whether there
// is one. It stays on the closing byte.
func (p *parser) separator(closing byte, first bool) bool {
	c := p.peek()
	switch {
	case c == closing:
		return false
	case p.i >= len(p.text):
		p.fail("ends too early: expected '" + string(closing) + "'")
		return false
	case first:
		return true
	case c == ',':
		p.i++
		p.space()
		return true
	case closing == '}' && c != '"' || c == ':' || c == '}' || c == ']':
		p.fail("expected ',' or '" + string(closing) + "'")
		return false
	}
	p.problem(p.i, codeInvalid, "expected ',' before this")
	return true
}

// member reads one property and its value.
func (p *parser) member(m *members) {
	at := p.i
	if p.peek() != '"' {
		p.fail("expected a property name in quotes")
		return
	}
	name := p.name()
	p.space()
	if p.broken || p.peek() != ':' {
		p.fail("expected ':' after the property name")
		return
	}
	p.i++
	p.space()
	m.count++
	prop := p.lookUp(m, name, at)
	here := step{prop, -1}
	if prop.Element == nil && prop != resourceType {
		here.prop = nil
	}
	p.steps = append(p.steps, here)
	value := len(p.nodes)
	p.value(prop, prop.Type)
	p.steps = p.steps[:len(p.steps)-1]
	if p.broken {
		return
	}
	p.nodes[value].hidden = prop == resourceType
	m.extras = m.extras || prop.Shadow || p.nodes[value].nulls
}

// lookUp returns what the property means, and reports what is wrong with its
// being here.
func (p *parser) lookUp(m *members, name string, at int) *Property {
	if m.typ == nil {
		return p.unknown(m, name, at)
	}
	prop := m.typ.properties()[name]
	switch {
	case prop == nil && m.typ.Kind == KindResource && name == resourceType.Name:
		if m.unknown[name] {
			p.problem(at, codeInvalid, "is here twice")
		}
		m.note(name)
		return resourceType
	case prop == nil:
		if !p.options.Lenient && len(p.problems) <= p.options.MaxProblems {
			p.wrong(at, codeStructure, "is a property that "+m.typ.Name+" does not have"+suggest(m.typ, name))
		}
		return p.unknown(m, name, at)
	}
	word, bit := prop.index/64, uint64(1)<<(prop.index%64)
	if m.seen[word]&bit != 0 {
		p.problem(at, codeInvalid, "property "+name+" is here twice")
	}
	m.seen[word] |= bit
	if prop.Element.choice {
		p.choose(m, prop, at)
	}
	return prop
}

// choose reports a choice that has values of two types.
func (p *parser) choose(m *members, prop *Property, at int) {
	for _, other := range m.choices {
		if other.Element == prop.Element && other.Type != prop.Type {
			p.wrong(at, codeStructure, prop.Element.Name+" has values of two types")
			return
		}
	}
	m.choices = append(m.choices, prop)
}

// unknown makes a property for a name that the type does not have.
func (p *parser) unknown(m *members, name string, at int) *Property {
	if m.unknown[name] {
		p.problem(at, codeInvalid, "is here twice")
	}
	return &Property{Name: m.note(name)}
}

func (m *members) note(name string) string {
	if m.unknown == nil {
		m.unknown = map[string]bool{}
	}
	m.unknown[name] = true
	return name
}

// resourceType looks ahead for the type of the resource that begins here, as
// the property may stand anywhere. It returns nil where there is none to be
// had, so that what follows is read without checks.
func (p *parser) resourceType(want *Type) *Type {
	name, at, ok := p.findResourceType()
	switch t := Definitions().Type(name); {
	case !ok:
		p.wrong(p.i, codeStructure, "has no resourceType, which a resource must have")
	case t == nil || t.Kind != KindResource || t.Abstract:
		p.wrong(at, codeValue, "resourceType must be the name of a resource type")
	case !t.IsA(want.Name):
		p.wrong(at, codeValue, "must be a "+want.Name)
	default:
		return t
	}
	return nil
}

// findResourceType reads on from "{" to the object's resourceType, and returns
// its value and place without moving.
func (p *parser) findResourceType() (name string, at int, ok bool) {
	i := skipSpace(p.text, p.i+1)
	for i < len(p.text) && p.text[i] == '"' {
		end := skipString(p.text, i)
		key := p.text[i:end]
		i = skipSpace(p.text, end)
		if i >= len(p.text) || p.text[i] != ':' {
			break
		}
		i = skipSpace(p.text, i+1)
		at, end = i, skipValue(p.text, i)
		if key == `"resourceType"` {
			p.lookedAhead(end - p.i)
			if name = strings.Trim(p.text[at:end], `"`); strings.Contains(name, `\`) {
				name = string(appendUnescaped(nil, name))
			}
			return name, at, true
		}
		i = skipSpace(p.text, end)
		if i < len(p.text) && p.text[i] == ',' {
			i = skipSpace(p.text, i+1)
		}
	}
	p.lookedAhead(i - p.i)
	return "", 0, false
}
