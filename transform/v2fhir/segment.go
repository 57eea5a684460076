package v2fhir

import (
	"strconv"

	"handover/hl7v2"
)

// segment is what a run notes of a segment of the message.
type segment struct {
	usage
	present fieldSet // its fields that are not absent
	name    string
	nth     int // which one of its name, from 1
	kind    *segmentKind
	slot    string // its own, once somebody has asked for it
}

// segmentKind is what is known of every segment of a name.
type segmentKind struct {
	slots []string // its fields as slots
	quiet uint64   // fields that are not content, of the first 64
	own   bool     // it is a slot itself,
	owner string   // named by the identity of such a resource
}

// kind returns what is known of segments of that name.
func (l *library) kind(name string) *segmentKind {
	if k := l.kinds[name]; k != nil {
		return k
	}
	return &unknownSegment
}

var unknownSegment segmentKind

// segmentKinds gathers what is known of segments by their names.
func (l *library) segmentKinds() {
	at := func(name string) *segmentKind {
		k := l.kinds[name]
		if k == nil {
			k = &segmentKind{}
			l.kinds[name] = k
		}
		return k
	}
	for name, fields := range quietFields {
		at(name).quiet = fields
	}
	for name, resource := range ownSlots {
		at(name).own, at(name).owner = true, resource
	}
	for _, p := range l.segments {
		k := at(p.source)
		for i := range p.rules {
			if field := p.rules[i].field; field >= len(k.slots) {
				k.slots = fieldSlots(p.source, field)
			}
		}
	}
}

// begin notes the segments of the message.
func (r *run) begin() {
	for i := range r.m.Len() {
		s := r.m.Segment(i)
		name := s.Name()
		r.segments = append(r.segments, segment{name: name, nth: s.Occurrence(), kind: r.c.maps.kind(name)})
		r.fields = s.AppendFields(r.fields[:0])
		present := &r.segments[i].present
		for n := range r.fields {
			if !r.fields[n].IsAbsent() {
				present.add(n + 1)
			}
		}
	}
	r.split = hl7v2.Segment{} // what is in fields is not what take makes
}

func (r *run) usage(s hl7v2.Segment) *usage {
	u := &r.segments[s.Index()].usage
	u.some = true
	return u
}

// segmentAt returns the segment that a position is in.
func (r *run) segmentAt(p position) *segment { return &r.segments[p.seg-1] }

// append writes the position as an address: OBX[2]-5[1].1.
func (p position) append(b []byte, segments []segment) []byte {
	if p.seg == 0 {
		return b
	}
	s := &segments[p.seg-1]
	b = append(b, s.name...)
	if s.nth > 1 {
		b = appendIndex(b, s.nth)
	}
	if p.field == 0 {
		return b
	}
	b = appendNumber(append(b, '-'), int(p.field))
	if p.rep > 1 {
		b = appendIndex(b, int(p.rep))
	}
	if p.comp > 0 {
		b = appendNumber(append(b, '.'), int(p.comp))
	}
	if p.sub > 0 {
		b = appendNumber(append(b, '.'), int(p.sub))
	}
	return b
}

// appendIndex writes [n].
func appendIndex(b []byte, n int) []byte { return append(appendNumber(append(b, '['), n), ']') }

// appendNumber writes a number from 0 on, most of which have one digit.
func appendNumber(b []byte, n int) []byte {
	if uint(n) < 10 {
		return append(b, byte('0'+n))
	}
	return strconv.AppendInt(b, int64(n), 10)
}
