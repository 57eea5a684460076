package hl7v2

import "unicode/utf8"

// textEncoder writes a text as a value: in the message's first character set,
// in one that it declares to switch to where the first lacks a character, with
// whatever looks like a delimiter escaped. It ends where it began, with nothing
// switched.
type textEncoder struct {
	set    *characterSet
	delims Delimiters
	shift  shift
	dst    []byte
}

// encodeText returns text as it stands in a value of the message. It says what
// is wrong where that cannot be; "" where nothing is.
func (m *Message) encodeText(text string) (raw []byte, wrong string) {
	switch {
	case !utf8.ValidString(text):
		return nil, "text is not UTF-8"
	case m.delims.Escape == 0 && NeedsEscape(text, m.delims):
		return nil, "text holds delimiters or control characters, and the message declares no escape character"
	case text == `""`:
		return appendEscaped(nil, text, m.delims), ""
	}
	e := textEncoder{set: &m.set, delims: m.delims, dst: make([]byte, 0, len(text)+8)}
	for _, r := range text {
		if !e.character(r) {
			return nil, "text has characters that no set declared in MSH-18 has"
		}
	}
	e.back()
	return e.dst, ""
}

// character writes one character; false where no declared set has it.
func (e *textEncoder) character(r rune) bool {
	if r < utf8.RuneSelf {
		e.back()
		e.dst = appendEscapedByte(e.dst, byte(r), e.delims)
		return true
	}
	if code := e.set.base.encode(r); code != nil && e.useBase() {
		e.dst = append(e.dst, code...)
		return true
	}
	for _, to := range e.set.declared {
		if code := to.encode(r); code != nil {
			e.use(to)
			e.code(to, code)
			return true
		}
	}
	return false
}

// code writes a character's code. Where G0 has delimiters, a code that looks
// like one is escaped.
func (e *textEncoder) code(r *repertoire, code []byte) {
	switch {
	case r.g0 == "":
		e.dst = append(e.dst, code...)
	case r.ascii:
		e.dst = appendEscapedByte(e.dst, code[0]&^0x80, e.delims)
	default:
		for _, b := range code {
			e.dst = append(e.dst, b&^0x80)
		}
	}
}

// use switches to a repertoire, as G0 where it can be that.
func (e *textEncoder) use(r *repertoire) {
	if r.g0 == "" {
		if e.shift.g1 != r {
			e.designate(r.g1)
			e.shift.g1 = r
		}
		return
	}
	if e.shift.g0 != r {
		e.designate(r.g0)
		e.shift.g0 = r
	}
}

// back returns to ASCII as G0.
func (e *textEncoder) back() {
	if e.shift.g0 != nil {
		e.designate(asciiG0.g0)
		e.shift.g0 = nil
	}
}

// useBase makes the upper half that of the first set; false where, once left,
// it cannot be named.
func (e *textEncoder) useBase() bool {
	half := latinHalves[e.set.base.name]
	if e.shift.g1 != nil && half == nil {
		return false
	}
	e.back()
	if e.shift.g1 != nil {
		e.use(half)
	}
	return true
}

// designate writes a switch, in the way that MSH-20 asks for.
func (e *textEncoder) designate(name string) {
	const digits = "0123456789ABCDEF"
	if !e.set.escaped || e.delims.Escape == 0 {
		e.dst = append(append(e.dst, escapeByte), name...)
		return
	}
	letter := byte('C')
	if name[0] == '$' {
		letter = 'M'
	}
	e.dst = append(e.dst, e.delims.Escape, letter)
	for _, b := range []byte(name) {
		e.dst = append(e.dst, digits[b>>4], digits[b&15])
	}
	e.dst = append(e.dst, e.delims.Escape)
}

// encode returns the character in the set's bytes, nil where it has none.
func (b *base) encode(r rune) []byte {
	if b.utf8 {
		return utf8.AppendRune(nil, r)
	}
	if b.encoding == nil {
		return nil
	}
	code, err := b.encoding.NewEncoder().Bytes(utf8.AppendRune(nil, r))
	if err != nil || len(code) == 0 || code[0] < 0x80 || len(code) == 1 && code[0] < 0xA0 {
		return nil
	}
	return code
}

// encode returns the character's code with its high bits set, nil where the
// repertoire has none.
func (r *repertoire) encode(c rune) []byte {
	if r.encoding == nil {
		return nil
	}
	code, err := r.encoding.NewEncoder().Bytes(utf8.AppendRune(nil, c))
	if err != nil || len(code) != len(r.prefix)+r.width || string(code[:len(r.prefix)]) != r.prefix {
		return nil
	}
	code = code[len(r.prefix):]
	for _, b := range code {
		if b < 0xA0 || b&0x7F > r.last && r.width == 1 || r.width == 2 && (b < 0xA1 || b > 0xFE) {
			return nil
		}
	}
	if code[0]&0x7F > r.last {
		return nil
	}
	return code
}
