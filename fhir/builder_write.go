package fhir

// Built is one top-level element of what was built.
type Built struct {
	Name     string // as the definition has it, choices without [x]: "value"
	Property string // JSON property: "valueQuantity"
	Value    []byte // JSON, an array where the element repeats; nil where only Extra is there
	Extra    []byte // JSON of the sibling property with an underscore, nil if none
}

// Elements returns the top-level elements that hold anything, in the
// definition's order. The bytes are new and may be kept.
func (b *Builder) Elements() []Built {
	var built []Built
	buf := make([]byte, 0, 64*len(b.nodes))
	for c := b.nodes[0].first; c != 0; {
		prop, next := b.nodes[c].prop, b.nextProperty(c)
		from := len(buf)
		buf = b.appendValues(buf, c, next)
		middle := len(buf)
		buf = b.appendExtras(buf, c, next)
		end := len(buf)
		if end > from {
			built = append(built, Built{
				Name: prop.Element.BaseName(), Property: prop.Name,
				Value: part(buf, from, middle), Extra: part(buf, middle, end),
			})
		}
		c = next
	}
	return built
}

// part cuts bytes out so that appending to them cannot touch their neighbours.
func part(buf []byte, from, to int) []byte {
	if from == to {
		return nil
	}
	return buf[from:to:to]
}

// AppendJSON appends the whole as compact JSON: resourceType first, then the
// elements in the definition's order.
func (b *Builder) AppendJSON(dst []byte) []byte {
	from := len(dst)
	if dst = b.appendObject(dst, 0); len(dst) == from {
		dst = append(dst, "{}"...)
	}
	return dst
}

// appendObject appends an object, and nothing where nothing is in it.
func (b *Builder) appendObject(dst []byte, i int32) []byte {
	n := &b.nodes[i]
	from := len(dst)
	dst = append(dst, '{')
	if n.typ.Kind == KindResource && !n.typ.Abstract {
		dst = append(dst, `"resourceType":"`...)
		dst = append(append(dst, n.typ.Name...), '"')
	}
	for c := n.first; c != 0; {
		next := b.nextProperty(c)
		name := b.nodes[c].prop.Name
		dst = appendMember(dst, "", name, func(dst []byte) []byte { return b.appendValues(dst, c, next) })
		if b.nodes[c].prop.Type.Kind == KindPrimitive {
			dst = appendMember(dst, "_", name, func(dst []byte) []byte { return b.appendExtras(dst, c, next) })
		}
		c = next
	}
	if len(dst) == from+1 {
		return dst[:from]
	}
	return append(dst, '}')
}

// appendMember appends a property unless its value turns out empty.
func appendMember(dst []byte, prefix, name string, value func([]byte) []byte) []byte {
	from := len(dst)
	if dst[from-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(append(dst, prefix...), name...)
	dst = append(dst, '"', ':')
	start := len(dst)
	if dst = value(dst); len(dst) == start {
		return dst[:from]
	}
	return dst
}

// nextProperty returns the first sibling after c of another property.
func (b *Builder) nextProperty(c int32) int32 {
	next := b.nodes[c].next
	for next != 0 && b.nodes[next].prop == b.nodes[c].prop {
		next = b.nodes[next].next
	}
	return next
}

// appendValues appends the value of a property whose items are c up to end, and
// nothing where there is none. A primitive that only has extensions is null
// among others that have values (FHIR R4 §2.6.2.3).
func (b *Builder) appendValues(dst []byte, c, end int32) []byte {
	prop := b.nodes[c].prop
	if !prop.Element.IsList() {
		return b.appendValue(dst, c)
	}
	from, filled := len(dst), false
	dst = append(dst, '[')
	for ; c != end; c = b.nodes[c].next {
		mark := len(dst)
		if mark > from+1 {
			dst = append(dst, ',')
		}
		start := len(dst)
		dst = b.appendValue(dst, c)
		switch {
		case len(dst) > start:
			filled = true
		case prop.Type.Kind == KindPrimitive && b.filled(c):
			dst = append(dst, "null"...)
		default:
			dst = dst[:mark]
		}
	}
	if !filled {
		return dst[:from]
	}
	return append(dst, ']')
}

// appendExtras does the same for id and extensions of primitives.
func (b *Builder) appendExtras(dst []byte, c, end int32) []byte {
	prop := b.nodes[c].prop
	if prop.Type.Kind != KindPrimitive {
		return dst
	}
	if !prop.Element.IsList() {
		return b.appendObject(dst, c)
	}
	from, filled := len(dst), false
	dst = append(dst, '[')
	for ; c != end; c = b.nodes[c].next {
		if !b.filled(c) {
			continue
		}
		if len(dst) > from+1 {
			dst = append(dst, ',')
		}
		start := len(dst)
		if dst = b.appendObject(dst, c); len(dst) > start {
			filled = true
		} else {
			dst = append(dst, "null"...)
		}
	}
	if !filled {
		return dst[:from]
	}
	return append(dst, ']')
}

// appendValue appends one item's value, and nothing where there is none.
func (b *Builder) appendValue(dst []byte, i int32) []byte {
	n := &b.nodes[i]
	switch {
	case n.state == setJSON:
		return append(dst, n.text...)
	case n.typ.Kind != KindPrimitive:
		return b.appendObject(dst, i)
	case n.state == unset:
		return dst
	case n.typ.primitive.jsonKind() == kindString:
		return appendString(dst, n.text)
	default:
		return append(dst, n.text...)
	}
}

// appendString appends s as a JSON string with as few escapes as JSON allows.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}
