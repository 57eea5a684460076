package bodies

import (
	"bytes"
	"hash/crc32"
	"slices"
	"strings"

	"handover"
	"handover/internal/rawjson"
)

// A content whose members are what the elements of the message itself come to
// need not be written again: docs/formats/facts.md, "Contents", has the rule.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// memberOf is a member of a content: the number of the first element that it is
// made of, or -1, and what stands there.
type memberOf struct {
	element     int
	extra       bool // it is the sibling with an underscore
	name, value []byte
}

// elementsOf returns the elements of several resources, one after the other.
func (m *meanings) elementsOf(room []*handover.Element, resources []int) []*handover.Element {
	for _, i := range resources {
		r := &m.a.Resources[i]
		for j := range r.Elements {
			room = append(room, &r.Elements[j])
		}
	}
	return room
}

// startOf returns how every content begins.
func startOf(b []byte, resourceType, id string) []byte {
	b = append(append(b, `{"resourceType":"`...), resourceType...)
	return append(append(append(b, `","id":"`...), id...), '"')
}

// split takes a content apart that begins as it should; ok is false where it
// would not be put together again the same.
func split(room []memberOf, content, start []byte) (_ []memberOf, ok bool) {
	if !bytes.HasPrefix(content, start) {
		return room, false
	}
	i := len(start)
	for i < len(content) && content[i] == ',' {
		name := i + 1
		if name >= len(content) || content[name] != '"' {
			return room, false
		}
		end := rawjson.SkipString(content, name)
		if end >= len(content) || content[end] != ':' || end-name < 2 {
			return room, false
		}
		i = rawjson.SkipValue(content, end+1)
		if i > len(content) {
			return room, false
		}
		room = append(room, memberOf{element: -1, name: content[name+1 : end-1], value: content[end+1 : i]})
	}
	return room, i == len(content)-1 && content[i] == '}'
}

// find sets of which elements a member is made.
func (m *meanings) find(member *memberOf, elements []*handover.Element) {
	property, extra := cutPrefix(member.name, "_")
	if !extra {
		property = member.name
	}
	for i, e := range elements {
		if e.Removed || e.JSONProperty() != string(property) {
			continue
		}
		if made, ok := m.made(elements, i, extra); ok && bytes.Equal(made, member.value) {
			member.element, member.extra = i, extra
		}
		return
	}
}

// made returns what the elements with the property of the i-th come to, or what
// their siblings with an underscore do.
func (m *meanings) made(elements []*handover.Element, i int, extra bool) ([]byte, bool) {
	first, property := elements[i], elements[i].JSONProperty()
	var parts []handover.Element
	for _, e := range elements[i+1:] {
		if e.Removed || e.JSONProperty() != property {
			continue
		}
		if parts == nil {
			parts = append(parts, *first)
		}
		parts = append(parts, *e)
	}
	if parts == nil {
		if extra {
			return m.resolve(first.Extra)
		}
		return m.resolve(first.Value)
	}
	return m.joined(parts, extra)
}

// joined puts parts together, in their order. Of several that speak of one slot
// the last counts.
func (m *meanings) joined(parts []handover.Element, extra bool) ([]byte, bool) {
	for i := range parts {
		var ok1, ok2 bool
		parts[i].Value, ok1 = m.resolve(parts[i].Value)
		parts[i].Extra, ok2 = m.resolve(parts[i].Extra)
		if !ok1 || !ok2 {
			return nil, false
		}
	}
	slices.SortStableFunc(parts, func(a, b handover.Element) int { return handover.ComparePart(a.Part, b.Part) })
	last := parts[:0]
	for i := range parts {
		if i+1 < len(parts) && parts[i].Part == parts[i+1].Part {
			continue
		}
		last = append(last, parts[i])
	}
	_, value, beside := handover.Join(last)
	if extra {
		return beside, true
	}
	return value, true
}

// nameOf returns the name of the member that the element makes.
func nameOf(e *handover.Element, extra bool) string {
	if extra {
		return "_" + e.JSONProperty()
	}
	return strings.Clone(e.JSONProperty())
}
