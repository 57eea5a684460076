package hl7v2

import "strconv"

// level says what a Value is, and so by which delimiter it is taken apart.
type level uint8

const (
	levelNone level = iota
	levelSegment
	levelField
	levelRepetition
	levelComponent
	levelSubcomponent
	levelLiteral // MSH-1 and MSH-2, where delimiters mean themselves
)

// Value is a field, repetition, component or subcomponent, and knows which. A
// step that its level has already taken gives the same Value for 1: the first
// Component of a Component is itself. A field steps into its first repetition,
// a repetition into its first component. The zero Value is absent.
type Value struct {
	m          *Message
	start, end int
	level      level
}

// Raw returns the bytes as they stand, undecoded; nil where nothing is there.
// The caller must not change them.
func (v Value) Raw() []byte {
	if v.start == v.end {
		return nil
	}
	return v.m.data[v.start:v.end:v.end]
}

// Byte returns the offset of the first byte in the message. Where the field is
// there but empty it is where its content would stand; 0 where there is no
// such field at all.
func (v Value) Byte() int { return v.start }

// IsAbsent reports whether nothing is there: the sender says nothing
// (HL7 v2.9 §2.5.3).
func (v Value) IsAbsent() bool { return v.start == v.end }

// IsNull reports whether the value is exactly two double quotes: the sender
// says that the receiver shall have nothing there (HL7 v2.9 §2.5.3).
func (v Value) IsNull() bool {
	return v.end-v.start == 2 && v.level != levelLiteral && v.m.data[v.start] == '"' && v.m.data[v.start+1] == '"'
}

// IsValued reports whether there is content: neither absent nor null.
func (v Value) IsValued() bool { return !v.IsAbsent() && !v.IsNull() }

// Repetitions returns the number of repetitions, empty ones included; 0 where
// the value is absent.
func (v Value) Repetitions() int { return v.count(levelRepetition) }

// Repetition returns repetition i, from 1; an absent Value where there is none.
func (v Value) Repetition(i int) Value { return v.part(levelRepetition, i) }

// Components returns the number of components, empty ones included; 0 where
// the value is absent. A field counts those of its first repetition.
func (v Value) Components() int { return v.count(levelComponent) }

// Component returns component i, from 1; an absent Value where there is none.
// A field takes it from its first repetition.
func (v Value) Component(i int) Value { return v.part(levelComponent, i) }

// Subcomponents returns the number of subcomponents, empty ones included; 0
// where the value is absent. A field or repetition counts those of its first
// component.
func (v Value) Subcomponents() int { return v.count(levelSubcomponent) }

// Subcomponent returns subcomponent i, from 1; an absent Value where there is
// none. A field or repetition takes it from its first component.
func (v Value) Subcomponent(i int) Value { return v.part(levelSubcomponent, i) }

// First returns Component(1).Subcomponent(1): of a value whose other parts say
// more about it, what it is.
func (v Value) First() Value {
	const short = 64 // in a longer value it is quicker to look for one delimiter at a time
	if v.m == nil || v.level < levelField || v.level >= levelSubcomponent || v.end-v.start > short || v.m.set.wide {
		return v.Component(1).Subcomponent(1)
	}
	d := &v.m.delims
	end := v.end
	for i, c := range v.m.data[v.start:v.end] {
		// A delimiter that is not declared is 0, and a NUL is none.
		if (c == d.Component || c == d.Subcomponent || c == d.Repetition && v.level == levelField) && c != 0 {
			end = v.start + i
			break
		}
	}
	return Value{v.m, v.start, end, levelSubcomponent}
}

// Text returns the value in UTF-8: escape sequences decoded, character set by
// MSH-18. It is "" for an absent and for a null value. A value that has parts
// gives all of it, separators as they stand.
//
// Where possible the string shares the message's memory. Who keeps it beyond
// the message should strings.Clone it.
func (v Value) Text() string {
	switch {
	case v.IsAbsent() || v.IsNull():
		return ""
	case v.level == levelLiteral:
		return sharedString(v.Raw())
	}
	return v.m.text(v.start, v.end)
}

// String tells level and length, and never content, so that a Value that
// strays into a log or an error discloses nothing.
func (v Value) String() string {
	return v.level.String() + " (" + strconv.Itoa(v.end-v.start) + " bytes)"
}

// GoString is as String.
func (v Value) GoString() string { return v.String() }

func (l level) String() string {
	return [...]string{"nothing", "segment", "field", "repetition", "component", "subcomponent", "delimiters"}[l]
}

// delimiter returns the separator between parts of level l.
func (d Delimiters) delimiter(l level) byte {
	switch l {
	case levelRepetition:
		return d.Repetition
	case levelComponent:
		return d.Component
	case levelSubcomponent:
		return d.Subcomponent
	}
	return 0
}

// count returns the number of parts of level l.
func (v Value) count(l level) int {
	if v.IsAbsent() || v.level == levelSegment {
		return 0
	}
	if v = v.down(l - 1); v.IsAbsent() || v.level >= l {
		return 1
	}
	sep := v.m.delims.delimiter(l)
	n := 1
	for i := v.m.find(v.start, v.end, sep); i >= 0; i = v.m.find(i+1, v.end, sep) {
		n++
	}
	return n
}

// part returns part i of level l.
func (v Value) part(l level, i int) Value {
	if i < 1 || v.m == nil || v.level == levelSegment {
		return Value{}
	}
	if v = v.down(l - 1); v.level >= l {
		if i == 1 {
			return v
		}
		return Value{}
	}
	sep := v.m.delims.delimiter(l)
	start := v.start
	for ; i > 1; i-- {
		next := v.m.find(start, v.end, sep)
		if next < 0 {
			return Value{}
		}
		start = next + 1
	}
	return Value{v.m, start, v.m.findOrEnd(start, v.end, sep), l}
}

// down steps into first parts until the value is of level l or a deeper one.
func (v Value) down(l level) Value {
	for v.level < l {
		next := v.level + 1
		v = Value{v.m, v.start, v.m.findOrEnd(v.start, v.end, v.m.delims.delimiter(next)), next}
	}
	return v
}
