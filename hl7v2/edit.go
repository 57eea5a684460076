package hl7v2

import (
	"bytes"
	"strconv"
)

// EditError says why a message cannot be edited as asked. It holds no content.
type EditError struct {
	Where string // the address or position that was given
	Text  string
}

func (e *EditError) Error() string { return "editing " + e.Where + ": " + e.Text }

// Set returns a message in which the value at an address is text; nothing else
// differs, and m itself stays as it is. Delimiters in text are escaped and its
// characters written in the message's character set. The empty text leaves
// nothing there (absent); for null see SetNull. Fields, repetitions and
// components that are not there yet are made room for; the segment must be
// there.
//
// An address without repetition is the whole field with all its repetitions; if
// it has a component, that of the first repetition. MSH-1 and MSH-2 cannot be
// set. The error is an *EditError or an *AddressError.
func (m *Message) Set(addr, text string) (*Message, error) {
	raw, wrong := m.encodeText(text)
	if wrong != "" {
		return nil, &EditError{addr, wrong}
	}
	edited, err := m.SetRaw(addr, raw)
	if err == nil && edited.Get(addr).Text() != text {
		return nil, &EditError{addr, "text would be read as another one"}
	}
	return edited, err
}

// SetNull is as Set and leaves two double quotes: the receiver shall have
// nothing there.
func (m *Message) SetNull(addr string) (*Message, error) {
	return m.SetRaw(addr, []byte(`""`))
}

// SetRaw is as Set with bytes that go in as they stand: escaped, in the
// message's character set, and with delimiters between parts of the value.
func (m *Message) SetRaw(addr string, raw []byte) (*Message, error) {
	a, err := ParseAddress(addr)
	if err != nil {
		return nil, err
	}
	s, err := m.editable(a)
	if err != nil {
		return nil, err
	}
	w := room{m: m}
	v := w.find(s, a)
	if w.wrong != "" {
		return nil, &EditError{addr, w.wrong}
	}
	if len(raw) == 0 && v.start == v.end {
		return m, nil // nothing is there already
	}
	edited := m.splice(v.start, v.end, w.before, raw)
	if edited == nil || edited.Len() != m.Len() || !edited.holds(s.index, a, v.start+len(w.before), raw) {
		return nil, &EditError{addr, "what is to be written would be read as something else: it holds a delimiter of a part around it, or a line end"}
	}
	if a.Segment == "MSH" && (a.Field == 18 || a.Field == 20) && m.hasCharacters() {
		return nil, &EditError{addr, "the message holds characters that another character set would change"}
	}
	return edited, nil
}

// holds reports whether in that segment the value at an address begins at that
// byte and is raw.
func (m *Message) holds(segment int, a Address, start int, raw []byte) bool {
	v := valueAt(m.Segment(segment), a)
	return v.m != nil && v.start == start && bytes.Equal(v.Raw(), raw)
}

// AddRepetition is as Set and adds text as one more repetition of the field.
func (m *Message) AddRepetition(addr, text string) (*Message, error) {
	a, err := ParseAddress(addr)
	if err != nil {
		return nil, err
	}
	if a.Field == 0 || a.Repetition != 0 || a.Component != 0 {
		return nil, &EditError{addr, "the address of a field is needed, without repetition and component"}
	}
	a.Repetition = m.At(a).Repetitions() + 1
	return m.Set(a.String(), text)
}

// Remove returns a message without what an address names. A segment goes with
// its terminator. A repetition goes, and those after it move up. Of anything
// else the content goes and the place stays. Where there is nothing, m comes
// back.
func (m *Message) Remove(addr string) (*Message, error) {
	a, err := ParseAddress(addr)
	if err != nil {
		return nil, err
	}
	v := m.At(a)
	switch {
	case v.level == levelNone || v.IsAbsent() && v.level != levelRepetition:
		return m, nil
	case v.level == levelSegment:
		return m.RemoveSegment(m.segmentAround(v.start))
	case v.level == levelRepetition && a.Component == 0:
		return m.removeRepetition(addr, v, a)
	}
	return m.SetRaw(addr, nil)
}

// removeRepetition takes v out with the separator before it, or for the first
// one the separator after it.
func (m *Message) removeRepetition(addr string, v Value, a Address) (*Message, error) {
	start, end := v.start, v.end
	switch {
	case a.Repetition > 1:
		start--
	case end < m.finish && m.data[end] == m.delims.Repetition:
		end++
	}
	edited := m.splice(start, end, nil, nil)
	if edited == nil || edited.Len() != m.Len() {
		return nil, &EditError{addr, "the repetition cannot be taken out by itself"}
	}
	return edited, nil
}

// InsertSegment returns a message with one more segment at position i, from 1
// to Len: before the one that is there, or last. raw is the segment without
// terminator; it gets the one that the message uses.
func (m *Message) InsertSegment(i int, raw []byte) (*Message, error) {
	where := "segment " + strconv.Itoa(i+1)
	if i < 1 || i > m.Len() {
		return nil, &EditError{where, "there is no such position; the header segment comes first"}
	}
	var edited *Message
	if end := m.terminator(); i < m.Len() {
		at := m.segs[i].start
		edited = m.splice(at, at, raw, end)
	} else {
		at := m.segs[i-1].end
		edited = m.splice(at, at, end, raw)
	}
	if !hasSegmentName(raw, m.delims.Field) || isHeaderName(raw[:3]) || edited == nil ||
		edited.Len() != m.Len()+1 || !bytes.Equal(edited.Segment(i).Raw(), raw) {
		return nil, &EditError{where, "what is to be inserted is not one segment with a name"}
	}
	return edited, nil
}

// RemoveSegment returns a message without the segment at position i, from 1.
func (m *Message) RemoveSegment(i int) (*Message, error) {
	where := "segment " + strconv.Itoa(i+1)
	if i < 1 || i >= m.Len() {
		return nil, &EditError{where, "there is no such segment, or it is the header, which must stay"}
	}
	start, end := m.segs[i].start, m.finish
	if i+1 < m.Len() {
		end = m.segs[i+1].start
	} else {
		// The last one leaves its own terminator, if any, to the one before.
		start = m.segs[i-1].end
	}
	return m.splice(start, end, nil, nil), nil
}

// editable returns the segment at an address whose field may be set.
func (m *Message) editable(a Address) (Segment, error) {
	var s Segment
	for s = range m.segmentsAt(a) {
		break
	}
	switch {
	case a.Field == 0:
		return s, &EditError{a.String(), "the address of a field is needed"}
	case !s.Valid():
		return s, &EditError{a.String(), "there is no such segment"}
	case s.isHeader() && a.Field < 3:
		return s, &EditError{a.String(), "delimiters cannot be set"}
	}
	return s, nil
}

// hasCharacters reports whether the message holds more than ASCII.
func (m *Message) hasCharacters() bool {
	return !isASCII(m.data[m.begin:m.finish]) || m.set.wide && bytes.IndexByte(m.data, escapeByte) >= 0
}

// splice returns the message with data[start:end] replaced by two pieces; nil
// where that is no message any more.
func (m *Message) splice(start, end int, first, second []byte) *Message {
	data := make([]byte, 0, len(m.data)+len(first)+len(second)-(end-start))
	data = append(data, m.data[:start]...)
	data = append(data, first...)
	data = append(data, second...)
	data = append(data, m.data[end:]...)
	edited, _ := Parse(data)
	return edited
}

// terminator returns how the message's first segment ends: CR, LF or CR LF, and
// CR where it is the only one and has no end.
func (m *Message) terminator() []byte {
	rest := m.data[m.segs[0].end:]
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return rest[:2]
	case len(rest) > 0 && rest[0] == '\n':
		return rest[:1]
	}
	return []byte{'\r'}
}

// room finds where a value stands or would stand, and the separators that must
// be written before it to get there.
type room struct {
	m      *Message
	before []byte
	wrong  string
}

// find returns the value's place, which is empty at the end of what is there
// where the value is not there yet.
func (w *room) find(s Segment, a Address) Value {
	v := s.Field(a.Field)
	if v.m == nil {
		end, missing := s.span().end, a.Field-s.Fields()
		if missing > maxParts {
			w.wrong = tooFar
			return v
		}
		w.before = append(w.before, bytes.Repeat([]byte{w.m.delims.Field}, missing)...)
		v = Value{w.m, end, end, levelField}
	}
	if a.Repetition != 0 || a.Component != 0 {
		v = w.into(v, levelRepetition, max(1, a.Repetition))
	}
	if a.Component != 0 {
		v = w.into(v, levelComponent, a.Component)
	}
	if a.Subcomponent != 0 {
		v = w.into(v, levelSubcomponent, a.Subcomponent)
	}
	return v
}

// maxParts bounds how many separators one edit may write, so that a slip in an
// address does not make a message of gigabytes.
const maxParts = 10_000

const tooFar = "the address is too far from what is there"

// into returns part i of level l of v, which is of the level above.
func (w *room) into(v Value, l level, i int) Value {
	if p := v.part(l, i); p.m != nil {
		return p
	}
	sep := w.m.delims.delimiter(l)
	missing := i - max(1, v.count(l))
	switch {
	case sep == 0:
		w.wrong = "the message declares no delimiter for such a part"
	case missing > maxParts:
		w.wrong = tooFar
	default:
		w.before = append(w.before, bytes.Repeat([]byte{sep}, missing)...)
	}
	return Value{w.m, v.end, v.end, l}
}
