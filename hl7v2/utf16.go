package hl7v2

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// FromUTF16 turns a UTF-16 text into UTF-8. Files may be in UTF-16, with a byte
// order mark or without; a connection never is, since framing and delimiters
// are bytes. It is false, and data itself comes back, where data is not
// UTF-16. Half characters become U+FFFD and are reported with their offset in
// data. Whoever needs the file as it came must keep data.
//
// MSH-18 is left as it stands: Parse takes the sets UNICODE and UNICODE UTF-16
// of a message that can be read as bytes for UTF-8.
func FromUTF16(data []byte) (text []byte, converted bool, problems []Problem) {
	order, from := utf16Order(data)
	if order == nil {
		return data, false, nil
	}
	var r report
	text = make([]byte, 0, len(data)*3/4)
	for i := from; i+1 < len(data); i += 2 {
		c := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(c) {
			pair := rune(utf8.RuneError)
			if i+3 < len(data) {
				pair = utf16.DecodeRune(c, rune(order.Uint16(data[i+2:])))
			}
			if pair == utf8.RuneError {
				r.add(Problem{Byte: i, Code: CodeDataType, Text: "half of a character of two units; it is read as U+FFFD"})
			} else {
				i += 2
			}
			c = pair
		}
		text = utf8.AppendRune(text, c)
	}
	if (len(data)-from)%2 != 0 {
		r.add(Problem{Byte: len(data) - 1, Code: CodeDataType, Text: "last byte is half of a character; it is not read"})
	}
	return text, true, r.problems
}

// utf16Order returns the byte order of a UTF-16 text and where it begins; nil
// where data is none.
func utf16Order(data []byte) (order binary.ByteOrder, from int) {
	if len(data) < 4 {
		return nil, 0
	}
	switch {
	case data[0] == 0xFF && data[1] == 0xFE && data[2]|data[3] != 0:
		return binary.LittleEndian, 2
	case data[0] == 0xFE && data[1] == 0xFF:
		return binary.BigEndian, 2
	case isHeaderLetter(data[0]) && data[1] == 0 && isHeaderLetter(data[2]) && data[3] == 0:
		return binary.LittleEndian, 0
	case data[0] == 0 && isHeaderLetter(data[1]) && data[2] == 0 && isHeaderLetter(data[3]):
		return binary.BigEndian, 0
	}
	return nil, 0
}

// isHeaderLetter reports whether c occurs in MSH, FHS or BHS.
func isHeaderLetter(c byte) bool { return c == 'M' || c == 'S' || c == 'H' || c == 'F' || c == 'B' }

func looksUTF16(data []byte) bool {
	order, _ := utf16Order(data)
	return order != nil
}
