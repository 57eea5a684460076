package hl7v2

import "bytes"

// text returns data[start:end] in UTF-8, escape sequences decoded.
func (m *Message) text(start, end int) string {
	raw := m.data[start:end]
	if m.isPlain(raw) {
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
	dst     []byte
	// unknown, if not nil, is told of each escape sequence that is kept as it
	// stands because it has no meaning here, with its offset.
	unknown func(at int, closed bool)
}

func (t *textDecoder) decode(raw []byte) {
	for i := 0; i < len(raw); {
		before := t.shift
		n, kind := t.shift.step(t.set, t.delims.Escape, raw[i:])
		switch {
		case kind == stepSwitch:
			t.flush(before)
		case kind == stepByte && raw[i] == t.delims.Escape && raw[i] != 0:
			n = t.escape(raw, i)
		default:
			if kind == stepByte && t.delims.separates(raw[i]) {
				t.flush(before)
				t.shift = shift{}
			}
			t.pending = append(t.pending, raw[i:i+n]...)
		}
		i += n
	}
	t.flush(t.shift)
}

// flush decodes what waits.
func (t *textDecoder) flush(s shift) {
	if len(t.pending) > 0 {
		t.dst = s.decode(t.set, t.dst, t.pending)
		t.pending = t.pending[:0]
	}
}

// escape decodes the escape sequence that begins at raw[at] and returns its
// length. What is not closed or not known stays as it stands.
func (t *textDecoder) escape(raw []byte, at int) int {
	length := bytes.IndexByte(raw[at+1:], t.delims.Escape)
	if length < 0 || bytes.ContainsFunc(raw[at+1:at+1+length], func(r rune) bool { return r < 0x80 && t.delims.separates(byte(r)) }) {
		t.pending = append(t.pending, raw[at])
		if t.unknown != nil {
			t.unknown(at, false)
		}
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
		if t.unknown != nil {
			t.unknown(at, true)
		}
	}
	return len(whole)
}
