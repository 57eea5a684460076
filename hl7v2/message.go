// Package hl7v2 reads, addresses, edits and writes HL7 v2 messages in the
// vertical-bar encoding, from v2.1 to v2.9.
//
// It promises that a message is kept as it came: [Parse] copies nothing and
// changes nothing, [Message.Bytes] gives back the very bytes, and an edit
// leaves every byte it does not concern where it was. Whatever can be read is
// read, whatever is wrong is reported with its position, and no input makes it
// panic. What the parts of a message mean, and whether they are right, it
// leaves to others. Problems and errors hold positions and never content.
//
// Counting follows the standard: fields, repetitions, components and
// subcomponents begin at 1. Only [Message.Segment] counts from 0.
package hl7v2

import (
	"iter"
	"sync"
	"sync/atomic"
)

// Message is one parsed message, or the header of a batch (FHS or BHS first).
// It cannot change and may be read by many goroutines at once.
type Message struct {
	data   []byte
	begin  int // of the header segment; before it: a byte order mark or junk
	finish int // one after the last segment's end or terminator; after it: junk
	delims Delimiters
	set    characterSet
	segs   []span
	ascii  bool // the segments are
	plain  int  // from here on every value is its own text; len(data) where that is not so

	index atomic.Pointer[fieldIndex]

	counting    sync.Once
	occurrences []int32 // by segment: nth of its name

	grouping sync.Once
	groups   *Group
}

// span is a range of the message's bytes: from start up to, not including, end.
type span struct{ start, end int }

// Bytes returns the message as it came. The caller must not change it.
func (m *Message) Bytes() []byte { return m.data }

// Delimiters returns the delimiters that MSH-1 and MSH-2 declare.
func (m *Message) Delimiters() Delimiters { return m.delims }

// Len returns the number of segments.
func (m *Message) Len() int { return len(m.segs) }

// Segment returns the segment at position i, from 0; one that is not Valid
// where there is none.
func (m *Message) Segment(i int) Segment {
	if i < 0 || i >= len(m.segs) {
		return Segment{}
	}
	return Segment{m, i}
}

// First returns the first segment of that name, for example "PID"; one that is
// not Valid where there is none.
func (m *Message) First(name string) Segment { return m.next(name, 0) }

// next returns the first segment of that name at or after position from.
func (m *Message) next(name string, from int) Segment {
	if name == "" {
		return Segment{}
	}
	for i := from; i < len(m.segs); i++ {
		if m.isNamed(i, name) {
			return Segment{m, i}
		}
	}
	return Segment{}
}

// isNamed reports whether the segment at position i has that name.
func (m *Message) isNamed(i int, name string) bool {
	s := m.segs[i]
	n := s.start + len(name)
	return n <= s.end && string(m.data[s.start:n]) == name && (n == s.end || m.data[n] == m.delims.Field)
}

// All yields every segment of that name, in order.
func (m *Message) All(name string) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for s := m.next(name, 0); s.Valid(); s = m.next(name, s.index+1) {
			if !yield(s) {
				return
			}
		}
	}
}

// header returns the header segment's field n, be it of MSH, BHS or FHS.
func (m *Message) header(n int) Value { return Segment{m, 0}.Field(n) }

// Type returns MSH-9 in its parts: message code, trigger event and message
// structure, "" for each that is not there: "ADT", "A04", "ADT_A01".
func (m *Message) Type() (code, trigger, structure string) {
	v := m.First("MSH").Field(9)
	return v.Component(1).Text(), v.Component(2).Text(), v.Component(3).Text()
}

// ControlID returns MSH-10, "" where there is none.
func (m *Message) ControlID() string { return m.First("MSH").Field(10).Text() }

// Version returns MSH-12.1, for example "2.5.1"; "" where there is none.
func (m *Message) Version() string { return m.First("MSH").Field(12).Component(1).Text() }

// occurrence returns which one of its name the segment at position i is, from 1.
func (m *Message) occurrence(i int) int {
	m.counting.Do(func() {
		m.occurrences = make([]int32, len(m.segs))
		seen := make(map[string]int32)
		for i := range m.segs {
			name := Segment{m, i}.Name()
			seen[name]++
			m.occurrences[i] = seen[name]
		}
	})
	return int(m.occurrences[i])
}
