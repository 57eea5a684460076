package fhir

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errBadPath = errors.New("not a path: expected name.name[0].name")

// cutStep takes the first step off a path.
func cutStep(path string) (name string, item int32, rest string, err error) {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	name, rest = path[:end], path[end:]
	if name == "" {
		return "", 0, "", errBadPath
	}
	if strings.HasPrefix(rest, "[") {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			return "", 0, "", errBadPath
		}
		n, err := strconv.ParseUint(rest[1:end], 10, 32)
		if err != nil || n > maxItem {
			return "", 0, "", errBadPath
		}
		item, rest = int32(n), rest[end+1:]
	}
	if rest == "" {
		return name, item, "", nil
	}
	if rest[0] != '.' || len(rest) == 1 {
		return "", 0, "", errBadPath
	}
	return name, item, rest[1:], nil
}

// walk makes all steps of path but the last, which it returns. What it made
// before an error is empty, and so is never seen.
func (at Item) walk(path string) (parent int32, name string, item int32, err error) {
	parent = at.i
	rest := path
	for {
		name, item, rest, err = cutStep(rest)
		if err != nil {
			return 0, "", 0, fmt.Errorf("%s: %w", path, err)
		}
		if rest == "" {
			return parent, name, item, nil
		}
		prop, err := at.b.property(parent, name, item, path)
		if err != nil {
			return 0, "", 0, err
		}
		parent = at.b.child(parent, prop, item)
	}
}

// property returns what name means in the object, or says why it cannot be set.
func (b *Builder) property(parent int32, name string, item int32, path string) (*Property, error) {
	n := &b.nodes[parent]
	if n.state == setJSON {
		return nil, fmt.Errorf("%s: lies in JSON that was set as a whole", path)
	}
	if n.prop != nil && n.prop.Element.Attribute {
		return nil, fmt.Errorf("%s: %s has neither id nor extensions", path, n.prop.Name)
	}
	prop := n.typ.Property(name)
	switch {
	case prop == nil || prop.Shadow:
		return nil, fmt.Errorf("%s: %s has no property %s%s", path, n.typ.Name, name, hint(n.typ, name))
	case item > 0 && !prop.Element.IsList():
		return nil, fmt.Errorf("%s: %s of %s does not repeat", path, name, n.typ.Name)
	}
	if prop.Element.IsChoice() {
		for c := n.first; c != 0; c = b.nodes[c].next {
			if o := b.nodes[c].prop; o.Element == prop.Element && o != prop && b.filled(c) {
				return nil, fmt.Errorf("%s: %s already has a value of another type, %s", path, prop.Element.Name, o.Name)
			}
		}
	}
	return prop, nil
}

// hint adds what may be meant where name is a choice without its type.
func hint(t *Type, name string) string {
	e := t.Element(name + "[x]")
	if e == nil {
		return ""
	}
	return ": it is a choice and needs its type, as in " + name + capital(e.Types[0].Type.Name)
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (b *Builder) setResourceType(i int32, path, name string) error {
	t := Definitions().Type(name)
	n := &b.nodes[i]
	switch {
	case t == nil || t.Kind != KindResource || t.Abstract:
		return fmt.Errorf("%s: there is no resource type of that name", path)
	case n.typ.Kind != KindResource:
		return fmt.Errorf("%s: %s is no resource", path, n.typ.Name)
	case n.typ != t && (!n.typ.Abstract || n.first != 0 || n.state != unset):
		return fmt.Errorf("%s: the type of a resource cannot change", path)
	}
	n.typ = t
	return nil
}

// child returns the item of a property, made if it is not there.
func (b *Builder) child(parent int32, prop *Property, item int32) int32 {
	p := &b.nodes[parent]
	before := int32(0)
	if p.last != 0 && b.compare(p.last, prop, item) < 0 {
		before = p.last
	} else {
		for c := p.first; c != 0; c = b.nodes[c].next {
			order := b.compare(c, prop, item)
			if order == 0 {
				return c
			}
			if order > 0 {
				break
			}
			before = c
		}
	}
	i := int32(len(b.nodes))
	made := building{prop: prop, typ: prop.Type, item: item}
	if before == 0 {
		made.next, p.first = p.first, i
	} else {
		made.next, b.nodes[before].next = b.nodes[before].next, i
	}
	if made.next == 0 {
		p.last = i
	}
	b.nodes = append(b.nodes, made)
	return i
}

// compare orders children by property, then by item.
func (b *Builder) compare(c int32, prop *Property, item int32) int {
	n := &b.nodes[c]
	if n.prop != prop {
		return n.prop.index - prop.index
	}
	return int(n.item - item)
}

// find returns what is at path, making nothing.
func (at Item) find(path string) (int32, bool) {
	i := at.i
	for path != "" {
		name, item, rest, err := cutStep(path)
		if err != nil {
			return 0, false
		}
		c := at.b.nodes[i].first
		for c != 0 && (at.b.nodes[c].prop.Name != name || at.b.nodes[c].item != item) {
			c = at.b.nodes[c].next
		}
		if c == 0 {
			return 0, false
		}
		i, path = c, rest
	}
	return i, true
}

// findParent returns the object that the last step of path is a property of.
func (at Item) findParent(path string) (parent int32, name string, ok bool) {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return at.i, path, true
	}
	parent, ok = at.find(path[:dot])
	return parent, path[dot+1:], ok
}
