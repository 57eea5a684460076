package hl7v2

import (
	"iter"
	"unsafe"
)

// Segment is one segment of a message. The zero Segment is not Valid, and has
// no name and no fields.
type Segment struct {
	m     *Message
	index int
}

// Valid reports whether the segment exists.
func (s Segment) Valid() bool { return s.m != nil }

// Index returns the segment's position in the message, from 0; -1 where it is
// not Valid.
func (s Segment) Index() int {
	if !s.Valid() {
		return -1
	}
	return s.index
}

// Occurrence returns which one of its name the segment is, from 1: 3 for the
// third OBX of the message. It is 0 where the segment is not Valid.
func (s Segment) Occurrence() int {
	if !s.Valid() {
		return 0
	}
	return s.m.occurrence(s.index)
}

// Byte returns the offset of the segment's first byte in the message.
func (s Segment) Byte() int { return s.span().start }

// Raw returns the segment's bytes without its terminator. The caller must not
// change them.
func (s Segment) Raw() []byte {
	if !s.Valid() {
		return nil
	}
	p := s.span()
	return s.m.data[p.start:p.end:p.end]
}

// Name returns what stands before the first field separator: "PID". A segment
// with a faulty name has that name.
func (s Segment) Name() string {
	if !s.Valid() {
		return ""
	}
	p := s.span()
	return sharedString(s.m.data[p.start:s.nameEnd(p)])
}

// Fields returns the number of fields, absent ones included; in a header
// segment the field separator counts as field 1.
func (s Segment) Fields() int {
	if !s.Valid() {
		return 0
	}
	p := s.span()
	n := 0
	for i := s.nameEnd(p); i >= 0 && i < p.end; i = s.m.index(i+1, p.end, s.m.delims.Field) {
		n++
	}
	if s.isHeader() && p.end-p.start > 3 {
		n++
	}
	return n
}

// Field returns field n, from 1; an absent Value where there is none. The
// first two fields of MSH, BHS and FHS are the delimiters as they stand.
func (s Segment) Field(n int) Value {
	if !s.Valid() || n < 1 {
		return Value{}
	}
	p := s.span()
	start := s.nameEnd(p)
	if start >= p.end {
		return Value{}
	}
	level := levelField
	if s.isHeader() {
		switch n {
		case 1:
			return Value{s.m, start, start + 1, levelLiteral}
		case 2:
			level = levelLiteral
		}
		n--
	}
	for ; n > 1; n-- {
		if start = s.m.index(start+1, p.end, s.m.delims.Field); start < 0 {
			return Value{}
		}
	}
	end := s.m.index(start+1, p.end, s.m.delims.Field)
	if end < 0 {
		end = p.end
	}
	return Value{s.m, start + 1, end, level}
}

// All yields every field with its number, absent ones included. Reading a
// whole segment so costs one pass.
func (s Segment) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if !s.Valid() {
			return
		}
		p := s.span()
		n, start := 0, s.nameEnd(p)
		if s.isHeader() && start < p.end {
			n = 1
			if !yield(n, Value{s.m, start, start + 1, levelLiteral}) {
				return
			}
		}
		for start >= 0 && start < p.end {
			n++
			end := s.m.indexOrEnd(start+1, p.end, s.m.delims.Field)
			v := Value{s.m, start + 1, end, levelField}
			if n == 2 && s.isHeader() {
				v.level = levelLiteral
			}
			if !yield(n, v) {
				return
			}
			start = end
		}
	}
}

func (s Segment) span() span {
	if !s.Valid() {
		return span{}
	}
	return s.m.segs[s.index]
}

// nameEnd returns where the name ends: at the first field separator, or at the
// segment's end.
func (s Segment) nameEnd(p span) int {
	if n := p.start + 3; n < p.end && s.m.data[n] == s.m.delims.Field {
		return n
	}
	return s.m.indexOrEnd(p.start, p.end, s.m.delims.Field)
}

// isHeader reports whether fields 1 and 2 declare delimiters.
func (s Segment) isHeader() bool {
	return s.m.isNamed(s.index, "MSH") || s.m.isNamed(s.index, "BHS") || s.m.isNamed(s.index, "FHS")
}

// sharedString returns b as a string that shares its memory. That is sound
// because a message's bytes never change after Parse.
func sharedString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
