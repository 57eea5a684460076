package v2fhir

import "handover/hl7v2"

// cut is a value taken apart once, because many rules ask for its parts.
type cut struct {
	whole hl7v2.Value
	depth int           // 0: the parts are components, 1: subcomponents, 2: it has none
	parts []hl7v2.Value // empty ones included
}

// cut takes a value apart. The parts stand until r.parts is cut back.
func (r *run) cut(v hl7v2.Value, depth int) cut {
	if depth == 0 {
		v = v.Repetition(1)
	}
	start := len(r.parts)
	if depth < 2 {
		r.parts = v.AppendParts(r.parts)
	}
	return cut{v, depth, r.parts[start:len(r.parts):len(r.parts)]}
}

// size counts the parts. What has no deeper level is its own first part.
func (c *cut) size() int {
	if len(c.parts) == 0 && c.whole.IsValued() {
		return 1
	}
	return len(c.parts)
}

// valued returns which parts are valued, bit n for part n, bit 63 for all from
// there on.
func (c *cut) valued() (bits uint64) {
	if len(c.parts) == 0 && c.whole.IsValued() {
		return 1 << 1
	}
	for i := range c.parts {
		if c.parts[i].IsValued() {
			bits |= 1 << min(i+1, 63)
		}
	}
	return bits
}

// part returns part n, from 1; part 0 is the value itself.
func (c *cut) part(n int) hl7v2.Value {
	switch {
	case n == 0:
		return c.whole
	case n <= len(c.parts):
		return c.parts[n-1]
	case n == 1 && len(c.parts) == 0:
		return c.whole
	}
	return hl7v2.Value{}
}

// below returns part m of part n.
func (c *cut) below(n, m int) hl7v2.Value { return part(c.part(n), c.depth+1, m) }

// text returns the text of part n: of its first part, where it has parts.
func (c *cut) text(n int) string { return c.below(n, 1).Text() }
