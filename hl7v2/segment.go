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
	if x := s.m.index.Load(); x != nil {
		n = int(x.first[s.index+1]-x.first[s.index]) - 1
	} else {
		for i := s.nameEnd(p); i >= 0 && i < p.end; i = s.m.find(i+1, p.end, s.m.delims.Field) {
			n++
		}
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
	level := levelField
	if s.isHeader() {
		switch n {
		case 1:
			start, _, ok := s.content(1)
			if !ok {
				return Value{}
			}
			return Value{s.m, start - 1, start, levelLiteral}
		case 2:
			level = levelLiteral
		}
		n--
	}
	start, end, ok := s.content(n)
	if !ok {
		return Value{}
	}
	return Value{s.m, start, end, level}
}

// content returns what stands behind the nth field separator, from 1; ok is
// false where there is none.
func (s Segment) content(n int) (start, end int, ok bool) {
	if x := s.m.index.Load(); x != nil {
		return x.field(s.index, n)
	}
	p := s.span()
	at := s.nameEnd(p)
	for ; n > 1 && at >= 0 && at < p.end; n-- {
		at = s.m.find(at+1, p.end, s.m.delims.Field)
	}
	if at < 0 || at >= p.end {
		return 0, 0, false
	}
	return at + 1, s.m.findOrEnd(at+1, p.end, s.m.delims.Field), true
}

// All yields every field with its number, absent ones included. Reading a
// whole segment so costs one pass.
func (s Segment) All() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if !s.Valid() {
			return
		}
		p := s.span()
		n, start, header := 0, s.nameEnd(p), s.isHeader()
		if header && start < p.end {
			n = 1
			if !yield(n, Value{s.m, start, start + 1, levelLiteral}) {
				return
			}
		}
		for i := 1; start < p.end; i++ {
			n++
			end := s.contentEnd(i, start, p)
			v := Value{s.m, start + 1, end, levelField}
			if n == 2 && header {
				v.level = levelLiteral
			}
			if !yield(n, v) {
				return
			}
			start = end
		}
	}
}

// AppendFields appends every field to dst, from field 1 on, absent ones included.
func (s Segment) AppendFields(dst []Value) []Value {
	if !s.Valid() {
		return dst
	}
	x := s.m.index.Load()
	if x == nil {
		for _, v := range s.All() {
			dst = append(dst, v)
		}
		return dst
	}
	first := len(dst)
	ends := x.ends[x.first[s.index]:x.first[s.index+1]]
	header := s.isHeader() && len(ends) > 1
	if header {
		dst = append(dst, Value{s.m, int(ends[0]), int(ends[0]) + 1, levelLiteral})
	}
	for i := 1; i < len(ends); i++ {
		dst = append(dst, Value{s.m, int(ends[i-1]) + 1, int(ends[i]), levelField})
	}
	if header {
		dst[first+1].level = levelLiteral
	}
	return dst
}

// contentEnd returns where the content behind the nth field separator, which is
// at that offset, ends.
func (s Segment) contentEnd(n, separator int, p span) int {
	if x := s.m.index.Load(); x != nil {
		_, end, _ := x.field(s.index, n)
		return end
	}
	return s.m.findOrEnd(separator+1, p.end, s.m.delims.Field)
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
	return s.m.findOrEnd(p.start, p.end, s.m.delims.Field)
}

// isHeader reports whether fields 1 and 2 declare delimiters.
func (s Segment) isHeader() bool {
	switch p := s.m.segs[s.index]; {
	case p.end-p.start < 3 || s.m.data[p.start+2] != 'H' && s.m.data[p.start+2] != 'S':
		return false // as nearly all
	case s.m.data[p.start] == 'M':
		return s.m.isNamed(s.index, "MSH")
	}
	return s.m.isNamed(s.index, "BHS") || s.m.isNamed(s.index, "FHS")
}

// sharedString returns b as a string that shares its memory. That is sound
// because a message's bytes never change after Parse.
func sharedString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
