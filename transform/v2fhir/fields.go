package v2fhir

import (
	"slices"

	"handover/hl7v2"
)

// take takes the segment's fields apart, once.
func (r *run) take(s hl7v2.Segment) {
	if r.split == s {
		return
	}
	r.split = s
	r.fields = s.AppendFields(append(r.fields[:0], hl7v2.Value{}))
	r.readings = slices.Grow(r.readings[:0], len(r.fields))[:len(r.fields)]
	clear(r.readings)
}

// reading is what was found out about a field of the segment at hand, for the
// next rule that asks.
type reading struct {
	text        string // of its first part, if hasText
	hasText     bool
	repetitions int32       // 0: not counted yet
	first       hl7v2.Value // repetition, once they are counted
}

// fieldOf returns a field of the segment that was taken apart last.
func (r *run) fieldOf(n int) hl7v2.Value {
	if n < len(r.fields) {
		return r.fields[n]
	}
	return hl7v2.Value{}
}

// fieldText returns the text of the first part of such a field.
func (r *run) fieldText(n int) string {
	if n >= len(r.fields) {
		return ""
	}
	f := &r.readings[n]
	if !f.hasText {
		f.text, f.hasText = primary(r.fields[n]).Text(), true
	}
	return f.text
}

// repetitionsOf returns the number of repetitions of such a field, and the first.
func (r *run) repetitionsOf(n int) (int, hl7v2.Value) {
	f := &r.readings[n]
	if f.repetitions == 0 {
		f.repetitions, f.first = int32(r.fields[n].Repetitions()), r.fields[n].Repetition(1)
	}
	return int(f.repetitions), f.first
}
