package hl7v2

import "iter"

// At returns the value at an address. Where an occurrence or repetition is not
// given it takes the first; where nothing is there it returns an absent Value.
// An address without a field gives the whole segment.
func (m *Message) At(a Address) Value {
	if len(a.Group) > 0 {
		return valueAt(m.firstGrouped(a), a)
	}
	s := m.First(a.Segment)
	for n := 1; n < a.Occurrence && s.Valid(); n++ {
		s = m.next(a.Segment, s.index+1)
	}
	return valueAt(s, a)
}

// Get is At(ParseAddress(addr)); an absent Value where the address is faulty.
func (m *Message) Get(addr string) Value {
	a, err := ParseAddress(addr)
	if err != nil {
		return Value{}
	}
	return m.At(a)
}

// Every yields all that is there at an address: of every group, segment and
// repetition whose index is not given, in the message's order. Absent values
// are left out, null ones are not. An address without repetition yields
// repetitions.
func (m *Message) Every(a Address) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		for s := range m.segmentsAt(a) {
			for v := range repetitionsAt(s, a) {
				if v = v.inner(a); v.IsValued() || v.IsNull() {
					if !yield(v) {
						return
					}
				}
			}
		}
	}
}

// segmentsAt yields the segments that the address names.
func (m *Message) segmentsAt(a Address) iter.Seq[Segment] {
	if len(a.Group) > 0 {
		return m.groupedSegments(a)
	}
	return func(yield func(Segment) bool) {
		n := 0
		for s := range m.All(a.Segment) {
			n++
			if a.Occurrence != 0 && a.Occurrence != n {
				continue
			}
			if !yield(s) || a.Occurrence == n {
				return
			}
		}
	}
}

// repetitionsAt yields the repetitions of the field that the address names, or
// the segment itself.
func repetitionsAt(s Segment, a Address) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		field := valueAt(s, Address{Field: a.Field, Repetition: a.Repetition})
		if a.Field == 0 || a.Repetition != 0 {
			yield(field)
			return
		}
		for v := range field.All() {
			if !yield(v) {
				return
			}
		}
	}
}

// All yields every repetition of a field, empty ones included, in one pass. Of
// what is no field it yields itself, and nothing where that is absent.
func (v Value) All() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		switch {
		case v.IsAbsent():
		case v.level == levelField:
			v.each(yield)
		default:
			yield(v)
		}
	}
}

// Parts yields the parts of the next level in one pass, empty ones included: a
// field's repetitions, a repetition's components, a component's subcomponents.
// It yields nothing of an absent value, a subcomponent or a segment.
func (v Value) Parts() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if !v.IsAbsent() && v.level >= levelField && v.level < levelSubcomponent {
			v.each(yield)
		}
	}
}

// AppendParts appends what Parts yields to dst.
func (v Value) AppendParts(dst []Value) []Value {
	const short = 256 // in a longer value it is quicker to look for each delimiter
	if v.IsAbsent() || v.level < levelField || v.level >= levelSubcomponent || v.m.set.wide || v.end-v.start > short {
		for p := range v.Parts() {
			dst = append(dst, p)
		}
		return dst
	}
	next := v.level + 1
	sep := v.m.delims.delimiter(next)
	start := v.start
	for i, c := range v.m.data[v.start:v.end] {
		if c == sep && c != 0 {
			dst = append(dst, Value{v.m, start, v.start + i, next})
			start = v.start + i + 1
		}
	}
	return append(dst, Value{v.m, start, v.end, next})
}

// each yields the parts of the next level.
func (v Value) each(yield func(Value) bool) {
	next := v.level + 1
	sep := v.m.delims.delimiter(next)
	for start := v.start; start <= v.end; {
		end := v.m.findOrEnd(start, v.end, sep)
		if !yield(Value{v.m, start, end, next}) {
			return
		}
		start = end + 1
	}
}

// valueAt returns what the address names within the segment.
func valueAt(s Segment, a Address) Value {
	if !s.Valid() {
		return Value{}
	}
	if a.Field == 0 {
		p := s.span()
		return Value{s.m, p.start, p.end, levelSegment}
	}
	v := s.Field(a.Field)
	if a.Repetition != 0 {
		v = v.Repetition(a.Repetition)
	}
	return v.inner(a)
}

// inner steps into the component and subcomponent that the address names.
func (v Value) inner(a Address) Value {
	if a.Component != 0 {
		v = v.Component(a.Component)
	}
	if a.Subcomponent != 0 {
		v = v.Subcomponent(a.Subcomponent)
	}
	return v
}

// Locate returns the address of the smallest part that holds the byte at that
// offset. It gives an occurrence, repetition, component or subcomponent only
// where there is more than one. It is false where the byte belongs to no
// segment, or to one whose name is no name and so may be content.
func (m *Message) Locate(offset int) (Address, bool) {
	i := m.segmentAround(offset)
	if i < 0 {
		return Address{}, false
	}
	s := Segment{m, i}
	a := Address{Segment: s.Name()}
	if !validSegmentName(a.Segment) {
		return Address{}, false
	}
	if n := s.Occurrence(); n > 1 || m.next(a.Segment, i+1).Valid() {
		a.Occurrence = n
	}
	for n, v := range s.All() {
		if offset < v.start {
			break
		}
		if offset <= v.end && (n > 1 || v.level != levelLiteral || offset < v.end) {
			a.Field = n
			v.locate(offset, &a)
			break
		}
	}
	return a, true
}

// locate fills in which part of a field holds the byte.
func (v Value) locate(offset int, a *Address) {
	if v.level == levelLiteral {
		return
	}
	for k, to := range []*int{&a.Repetition, &a.Component, &a.Subcomponent} {
		l := levelRepetition + level(k)
		if v.count(l) < 2 {
			v = v.part(l, 1)
			continue
		}
		sep := v.m.delims.delimiter(l)
		i, start := 1, v.start
		end := v.m.findOrEnd(start, v.end, sep)
		for end < offset && end < v.end {
			i, start = i+1, end+1
			end = v.m.findOrEnd(start, v.end, sep)
		}
		*to = i
		v = Value{v.m, start, end, l}
	}
}

// segmentAround returns the position of the segment that holds the byte, -1
// where there is none.
func (m *Message) segmentAround(offset int) int {
	low, high := 0, len(m.segs)
	for low < high {
		mid := (low + high) / 2
		if m.segs[mid].end < offset {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(m.segs) && m.segs[low].start <= offset {
		return low
	}
	return -1
}
