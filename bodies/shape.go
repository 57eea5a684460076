package bodies

import (
	"encoding/binary"
	"strconv"

	"handover"
	"handover/internal/varint"
)

// A shape is what one element has in common with others like it: its name, the
// slot it speaks of, the skeleton of its value, and the fields and rules that it
// came from but for the number of the segment.
type shape struct {
	name, property string
	part           string // where it is a field
	kind           byte   // flags
	value, extra   frame
	origins        []originShape
	occurrences    int // numbers of segments that the origins need
}

// The flags of a shape.
const (
	shapeRemoved  = 1 << 0
	shapeValue    = 1 << 1 // there is a value
	shapeExtra    = 1 << 2
	shapePart     = 3 << 3 // which of the next
	partNone      = 0 << 3
	partField     = 1 << 3 // is in the shape
	partKey       = 2 << 3 // is the key of the first resource that the value refers to
	partText      = 3 << 3 // stands beside the leaves
	shapeListed   = 1 << 5
	shapeKnown    = shapeRemoved | shapeValue | shapeExtra | shapePart | shapeListed
	maxShape      = 16 << 10
	maxOccurrence = 1 << 30
)

// originShape is an origin of which the segment's number may be missing.
type originShape struct {
	path, rule    string
	before, after string // of the field, around the number
	hole          int    // which of the occurrences goes in between; -1: none
}

func (o *originShape) field(occurrences []int64) string {
	if o.hole < 0 {
		return o.before
	}
	return o.before + strconv.FormatInt(occurrences[o.hole], 10) + o.after
}

// occurrenceOf takes "OBX[12]-5.1" apart. A number that would not read back as
// written counts as none.
func occurrenceOf(field string) (n int64, end int, ok bool) {
	if len(field) < 6 || field[3] != '[' || field[4] == '0' {
		return 0, 0, false
	}
	for end = 4; end < len(field) && field[end] >= '0' && field[end] <= '9' && n < maxOccurrence; end++ {
		n = 10*n + int64(field[end]-'0')
	}
	return n, end, end > 4 && n < maxOccurrence && end < len(field) && field[end] == ']'
}

// isHole reports whether the field would be taken for one without its number.
func isHole(field string) bool { return len(field) > 4 && field[3] == '[' && field[4] == '#' }

// isField reports whether the part names a field, "PID-13". Any other part may
// hold what a message said.
func isField(part string) bool {
	if len(part) < 5 || len(part) > 7 || part[3] != '-' {
		return false
	}
	for i := range len(part) {
		letter, digit := part[i] >= 'A' && part[i] <= 'Z', part[i] >= '0' && part[i] <= '9'
		switch {
		case i == 0 && !letter, i > 0 && i < 3 && !letter && !digit, i > 3 && !digit:
			return false
		}
	}
	return true
}

// keyOf returns the part by which a list of references speaks of a resource.
func keyOf(r *handover.ResourceAssertion) string {
	if len(r.Identities) == 0 {
		return ""
	}
	id := &r.Identities[0]
	return r.Type + "/" + id.Authority + "/" + id.Type + "/" + id.Value
}

// isKeyOf is keyOf(r) == part, without making it.
func isKeyOf(r *handover.ResourceAssertion, part string) bool {
	if len(r.Identities) == 0 {
		return false
	}
	id := &r.Identities[0]
	for _, piece := range [...]string{r.Type, "/", id.Authority, "/", id.Type, "/", id.Value} {
		if len(part) < len(piece) || part[:len(piece)] != piece {
			return false
		}
		part = part[len(piece):]
	}
	return part == ""
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendShape writes the shape of an element whose values were cut. It returns
// the numbers of segments that it leaves out; ok: it can be a shape.
func appendShape(b []byte, e *handover.Element, kind byte, value, extra []byte, occurrences []int64) (_ []byte, _ []int64, ok bool) {
	b = append(b, kind)
	b = appendText(appendText(b, e.Name), e.Property)
	if kind&shapePart == partField {
		b = appendText(b, e.Part)
	}
	if kind&shapeValue != 0 {
		b = append(binary.AppendUvarint(b, uint64(len(value))), value...)
	}
	if kind&shapeExtra != 0 {
		b = append(binary.AppendUvarint(b, uint64(len(extra))), extra...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.From)))
	for i := range e.From {
		o := &e.From[i]
		b = appendText(b, o.Path)
		if isHole(o.Field) {
			return b, occurrences, false
		}
		n, end, found := occurrenceOf(o.Field)
		if !found {
			b = appendText(appendText(b, o.Field), o.Rule)
			continue
		}
		hole := 0
		for hole < len(occurrences) && occurrences[hole] != n {
			hole++
		}
		if hole == len(occurrences) {
			if hole == 10 { // so that one digit names a hole
				return b, occurrences, false
			}
			occurrences = append(occurrences, n)
		}
		b = binary.AppendUvarint(b, uint64(len(o.Field)-(end-4)+2))
		b = append(append(b, o.Field[:4]...), '#', '0'+byte(hole))
		b = append(b, o.Field[end:]...)
		b = appendText(b, o.Rule)
	}
	return b, occurrences, len(b) <= maxShape
}

// readShape reads what appendShape wrote.
func readShape(text string) (*shape, error) {
	r := &reader{Reader: varint.Reader{B: []byte(text)}}
	take := func() string { return string(r.Take(r.Uint())) }
	s := &shape{kind: r.Byte()}
	s.name, s.property = take(), take()
	if s.kind&shapePart == partField {
		s.part = take()
	}
	frameOf := func() (f frame) {
		f, ok := newFrame(take())
		r.Bad = r.Bad || !ok
		return f
	}
	if s.kind&shapeValue != 0 {
		s.value = frameOf()
	}
	if s.kind&shapeExtra != 0 {
		s.extra = frameOf()
	}
	s.origins = make([]originShape, r.Count())
	for i := range s.origins {
		s.origins[i] = originShape{path: take(), before: take(), rule: take(), hole: -1}
		s.occurrences = max(s.occurrences, s.origins[i].open()+1)
	}
	if r.done() != nil || s.kind&^shapeKnown != 0 || len(text) > maxShape {
		return nil, errBody
	}
	return s, nil
}

// open finds the hole in the field, and returns its number, -1 if it has none.
func (o *originShape) open() int {
	if f := o.before; isHole(f) && len(f) > 6 && f[5] >= '0' && f[5] <= '9' {
		o.before, o.after, o.hole = f[:4], f[6:], int(f[5]-'0')
	}
	return o.hole
}
