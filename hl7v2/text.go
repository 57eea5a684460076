package hl7v2

import (
	"bytes"
	"unicode/utf8"
)

// text returns data[start:end] in UTF-8, escape sequences decoded.
func (m *Message) text(start, end int) string {
	raw := m.data[start:end]
	if start >= m.plain || m.isPlain(raw) {
		return sharedString(raw)
	}
	t := textDecoder{set: &m.set, delims: m.delims, dst: make([]byte, 0, len(raw)+16)}
	t.decode(raw)
	return sharedString(t.dst)
}

// isPlain reports whether raw is its own text: ASCII without escapes.
func (m *Message) isPlain(raw []byte) bool {
	if m.delims.Escape != 0 && bytes.IndexByte(raw, m.delims.Escape) >= 0 {
		return false
	}
	return isASCII(raw) && (!m.set.switching || bytes.IndexByte(raw, escapeByte) < 0)
}

// textDecoder decodes one value. Bytes wait in pending until the repertoire
// changes, so that a character whose bytes came by \X..\ one by one is whole.
type textDecoder struct {
	set     *characterSet
	delims  Delimiters
	shift   shift
	pending []byte
	since   int // offset of pending
	dst     []byte
	// fault, if not nil, is told what is wrong, with its offset.
	fault func(at int, text string)
}

// What textDecoder finds wrong.
const (
	notClosed       = "escape sequence is not closed; it is kept as it stands"
	notKnown        = "escape sequence is not known; it is kept as it stands"
	notOfSet        = "bytes are not of the character set that holds here; they are kept, and read as U+FFFD"
	notSwitchedBack = "character set is not switched back at the end of the value; what follows may be misread"
)

func (t *textDecoder) wrong(at int, text string) {
	if t.fault != nil {
		t.fault(at, text)
	}
}

func (t *textDecoder) decode(raw []byte) {
	for i := 0; i < len(raw); {
		before := t.shift
		n, kind := t.shift.step(t.set, t.delims.Escape, raw[i:])
		if len(t.pending) == 0 {
			t.since = i
		}
		switch {
		case kind == stepSwitch:
			t.flush(before)
		case kind == stepByte && raw[i] == t.delims.Escape && raw[i] != 0:
			n = t.escape(raw, i)
		case kind == stepByte && t.delims.separates(raw[i]):
			t.end(i)
			t.dst = append(t.dst, raw[i])
		default:
			t.pending = append(t.pending, raw[i:i+n]...)
		}
		i += n
	}
	t.end(len(raw))
}

// end decodes what waits at the end of a value, where every switch ends.
func (t *textDecoder) end(at int) {
	if t.shift.g0 != nil {
		t.wrong(max(0, at-1), notSwitchedBack)
	}
	t.flush(t.shift)
	t.shift = shift{}
}

// flush decodes what waits.
func (t *textDecoder) flush(s shift) {
	if len(t.pending) == 0 {
		return
	}
	from := len(t.dst)
	t.dst = s.decode(t.set, t.dst, t.pending)
	t.pending = t.pending[:0]
	if t.fault == nil {
		return
	}
	if !t.set.base.utf8 && bytes.ContainsRune(t.dst[from:], utf8.RuneError) {
		t.fault(t.since, notOfSet)
	}
	t.dst = t.dst[:0] // who asks for faults does not want the text
}

// escape decodes the escape sequence that begins at raw[at] and returns its
// length. What is not closed or not known stays as it stands.
func (t *textDecoder) escape(raw []byte, at int) int {
	length := bytes.IndexByte(raw[at+1:], t.delims.Escape)
	if length < 0 || bytes.ContainsFunc(raw[at+1:at+1+length], func(r rune) bool { return r < 0x80 && t.delims.separates(byte(r)) }) {
		t.pending = append(t.pending, raw[at])
		t.wrong(at, notClosed)
		return 1
	}
	code := raw[at+1 : at+1+length]
	whole := raw[at : at+length+2]
	known := true
	switch c, ok := t.delims.escaped(code); {
	case ok:
		t.pending = append(t.pending, c)
	case len(code) > 1 && code[0] == 'X':
		t.pending, known = appendHex(t.pending, code[1:])
	case string(code) == "H" || string(code) == "N": // highlighting on and off
	case len(code) > 0 && code[0] == '.':
		t.pending, known = appendFormat(t.pending, code[1:])
	case len(code) > 0 && code[0] == 'Z': // by agreement between sites; unknown here
		t.pending = append(t.pending, whole...)
	default:
		known = false
	}
	if !known {
		t.pending = append(t.pending, whole...)
		t.wrong(at, notKnown)
	}
	return len(whole)
}
