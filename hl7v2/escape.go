package hl7v2

import (
	"bytes"
	"strconv"
	"strings"
)

// escaped returns the delimiter for which an escape code stands (HL7 v2.9
// §2.7.1). One that is not declared is the recommended one, which is what the
// sender can only mean.
func (d Delimiters) escaped(code []byte) (byte, bool) {
	if len(code) != 1 {
		return 0, false
	}
	var declared, recommended byte
	switch code[0] {
	case 'F':
		declared, recommended = d.Field, Recommended.Field
	case 'S':
		declared, recommended = d.Component, Recommended.Component
	case 'T':
		declared, recommended = d.Subcomponent, Recommended.Subcomponent
	case 'R':
		declared, recommended = d.Repetition, Recommended.Repetition
	case 'E':
		declared, recommended = d.Escape, Recommended.Escape
	case 'P':
		declared, recommended = d.Truncation, '#'
	}
	if declared == 0 {
		declared = recommended
	}
	return declared, declared != 0
}

// escapeCode returns the letter that stands for the delimiter c.
func (d Delimiters) escapeCode(c byte) (byte, bool) {
	if c == 0 {
		return 0, false
	}
	switch c {
	case d.Field:
		return 'F', true
	case d.Component:
		return 'S', true
	case d.Subcomponent:
		return 'T', true
	case d.Repetition:
		return 'R', true
	case d.Escape:
		return 'E', true
	case d.Truncation:
		return 'P', true
	}
	return 0, false
}

// appendHex appends the bytes that the digits of \Xdd..\ stand for.
func appendHex(dst, digits []byte) ([]byte, bool) {
	if len(digits)%2 != 0 {
		return dst, false
	}
	from := len(dst)
	for i := 0; i < len(digits); i += 2 {
		high, low := unhex(digits[i]), unhex(digits[i+1])
		if high < 0 || low < 0 {
			return dst[:from], false
		}
		dst = append(dst, byte(high<<4|low))
	}
	return dst, true
}

// maxSkip bounds the lines and spaces that one \.sp\ or \.sk\ can make, about
// a page or a line's width, so that a few bytes cannot become a long text.
const maxSkip = 99

// appendFormat appends what a formatting command (HL7 v2.9 §2.7.6) is as plain
// text: line breaks and spaces. Indents, centring and word wrap are layout and
// are nothing.
func appendFormat(dst, command []byte) ([]byte, bool) {
	if len(command) < 2 {
		return dst, false
	}
	name, argument := strings.ToLower(string(command[:2])), strings.TrimSpace(string(command[2:]))
	n, err := strconv.Atoi(argument)
	if argument != "" && (err != nil || n < -maxSkip || n > maxSkip) {
		return dst, false
	}
	switch {
	case name == "sp" && argument == "":
		return append(dst, '\n'), true
	case name == "sp" && n > 0:
		return append(dst, strings.Repeat("\n", n)...), true
	case name == "sk" && n > 0:
		return append(dst, strings.Repeat(" ", n)...), true
	case (name == "in" || name == "ti") && argument != "":
		return dst, true
	case argument != "":
		return dst, false
	case name == "br" || name == "ce":
		return append(dst, '\n'), true
	case name == "fi" || name == "nf":
		return dst, true
	}
	return dst, false
}

// Escape returns text as it may stand in a value of a message with these
// delimiters: delimiters by their letters, a line feed as \.br\, other control
// characters but the tab as \Xdd\, and a text of two double quotes such that
// it is not null. Where no escape character is declared nothing can be
// escaped, and whoever calls must see to it that nothing needs to be (see
// [NeedsEscape]).
func Escape(text string, d Delimiters) string {
	if !NeedsEscape(text, d) || d.Escape == 0 {
		return text
	}
	return string(appendEscaped(make([]byte, 0, len(text)+16), text, d))
}

// NeedsEscape reports whether text cannot stand in a value as it is.
func NeedsEscape(text string, d Delimiters) bool {
	for i := 0; i < len(text); i++ {
		if _, ok := d.escapeCode(text[i]); ok || isControl(text[i]) {
			return true
		}
	}
	return text == `""`
}

func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7F }

func appendEscaped(dst []byte, text string, d Delimiters) []byte {
	if text == `""` {
		return appendEscapedByte(append(dst, d.Escape, 'X', '2', '2', d.Escape), '"', d)
	}
	for i := 0; i < len(text); i++ {
		dst = appendEscapedByte(dst, text[i], d)
	}
	return dst
}

func appendEscapedByte(dst []byte, c byte, d Delimiters) []byte {
	const digits = "0123456789ABCDEF"
	letter, ok := d.escapeCode(c)
	switch {
	case ok:
		return append(dst, d.Escape, letter, d.Escape)
	case c == '\n' && !d.has('.'):
		return append(append(append(dst, d.Escape), ".br"...), d.Escape)
	case isControl(c):
		return append(dst, d.Escape, 'X', digits[c>>4], digits[c&15], d.Escape)
	}
	return append(dst, c)
}

// Unescape decodes the escape sequences of a value that is in UTF-8. What is
// not closed or not known stays as it stands. Unescape(Escape(text, d), d) is
// text, if d has an escape character and text is valid UTF-8.
func Unescape(value string, d Delimiters) string {
	if d.Escape == 0 || !strings.Contains(value, string(d.Escape)) {
		return value
	}
	t := textDecoder{set: &characterSet{base: utf8Base}, delims: d, dst: make([]byte, 0, len(value))}
	t.decode([]byte(value))
	return sharedString(t.dst)
}

// hasSwitch reports whether data holds what may be \C..\ or \M..\.
func hasSwitch(data []byte, escape byte) bool {
	if escape == 0 {
		return false
	}
	for {
		i := bytes.IndexByte(data, escape)
		if i < 0 || i+1 >= len(data) {
			return false
		}
		if data[i+1] == 'C' || data[i+1] == 'M' {
			return true
		}
		data = data[i+1:]
	}
}
