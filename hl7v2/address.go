package hl7v2

import (
	"slices"
	"strconv"
	"strings"
)

// Address names a place in a message. Every number counts from 1; 0 means that
// it was not given.
//
//	PV1                                the segment
//	PID-5.1                            component 1 of field 5
//	PID-3[2].4.2                       subcomponent 2 of component 4 of the second repetition
//	OBX[3]-5                           field 5 of the third OBX
//	ORDER_OBSERVATION[2].OBX[1]-5      the first OBX of the second such group
type Address struct {
	Segment                                                string
	Occurrence, Field, Repetition, Component, Subcomponent int
	Group                                                  []string // from the outermost: "ORDER_OBSERVATION[2]"
}

// AddressError says where an address cannot be read.
type AddressError struct {
	Address string
	Byte    int // offset in Address
	Text    string
}

func (e *AddressError) Error() string {
	return "address " + strconv.Quote(e.Address) + ", character " + strconv.Itoa(e.Byte+1) + ": " + e.Text
}

// maxAddressNumber bounds the numbers of an address; no message has as many
// parts, and every sum with one stays far from overflow.
const maxAddressNumber = 1_000_000_000

// ParseAddress reads an address as shown at [Address]. The error is an
// *AddressError. The Address shares the string's memory.
func ParseAddress(s string) (Address, error) {
	p := addressReader{text: s}
	a := p.address()
	if p.err != nil {
		return Address{}, p.err
	}
	return a, nil
}

// MustParseAddress is as ParseAddress and panics on an error. It is for
// addresses written in the program itself.
func MustParseAddress(s string) Address {
	a, err := ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// String returns the address in the form that ParseAddress reads.
func (a Address) String() string {
	b := make([]byte, 0, 24)
	for _, g := range a.Group {
		b = append(append(b, g...), '.')
	}
	b = appendIndex(append(b, a.Segment...), a.Occurrence)
	if a.Field == 0 {
		return string(b)
	}
	b = strconv.AppendInt(append(b, '-'), int64(a.Field), 10)
	b = appendIndex(b, a.Repetition)
	for _, n := range []int{a.Component, a.Subcomponent} {
		if n == 0 {
			break
		}
		b = strconv.AppendInt(append(b, '.'), int64(n), 10)
	}
	return string(b)
}

func appendIndex(b []byte, n int) []byte {
	if n == 0 {
		return b
	}
	return append(strconv.AppendInt(append(b, '['), int64(n), 10), ']')
}

// Equal reports whether both name the same place in the same words.
func (a Address) Equal(b Address) bool {
	return a.Segment == b.Segment && a.Occurrence == b.Occurrence && a.Field == b.Field &&
		a.Repetition == b.Repetition && a.Component == b.Component &&
		a.Subcomponent == b.Subcomponent && slices.Equal(a.Group, b.Group)
}

// addressReader reads an address from left to right. After an error every
// step does nothing.
type addressReader struct {
	text string
	at   int
	err  *AddressError
}

func (p *addressReader) address() (a Address) {
	for {
		start := p.at
		name := p.name()
		index := p.index()
		if p.err != nil || !p.skip('.') {
			a.Segment, a.Occurrence = name, index
			p.segmentName(start, name)
			break
		}
		a.Group = append(a.Group, p.text[start:p.at-1])
	}
	if p.skip('-') {
		a.Field = p.number()
		a.Repetition = p.index()
		if p.skip('.') {
			a.Component = p.number()
			if p.skip('.') {
				a.Subcomponent = p.number()
			}
		}
	}
	if p.at < len(p.text) {
		p.fail(p.at, "is not expected here; write SEG[n]-field[n].component.subcomponent")
	}
	return a
}

func (p *addressReader) fail(at int, text string) {
	if p.err == nil {
		p.err = &AddressError{p.text, at, text}
	}
}

// skip steps over c, if it stands next.
func (p *addressReader) skip(c byte) bool {
	if p.err == nil && p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// name reads the name of a group or segment.
func (p *addressReader) name() string {
	start := p.at
	for p.at < len(p.text) && (isUpper(p.text[p.at]) || p.at > start && (isDigit(p.text[p.at]) || p.text[p.at] == '_')) {
		p.at++
	}
	if p.at == start {
		p.fail(start, "a segment or group name in capital letters is needed")
	}
	return p.text[start:p.at]
}

func (p *addressReader) segmentName(at int, name string) {
	if !validSegmentName(name) {
		p.fail(at, "a segment name has three characters: a capital letter, then capital letters or digits")
	}
}

// index reads "[n]", if it stands next.
func (p *addressReader) index() int {
	if !p.skip('[') {
		return 0
	}
	n := p.number()
	if !p.skip(']') {
		p.fail(p.at, "] is missing")
	}
	return n
}

// number reads a number from 1.
func (p *addressReader) number() int {
	start, n := p.at, 0
	for p.at < len(p.text) && isDigit(p.text[p.at]) && n < maxAddressNumber {
		n = n*10 + int(p.text[p.at]-'0')
		p.at++
	}
	switch {
	case p.at == start:
		p.fail(start, "a number is needed")
	case n == 0:
		p.fail(start, "numbers begin at 1")
	case p.text[start] == '0':
		p.fail(start, "a number does not begin with 0")
	case n > maxAddressNumber:
		p.fail(start, "the number is too large")
	}
	return n
}

// splitIndex takes "NAME[2]" apart; 0 where no index is given.
func splitIndex(s string) (name string, index int) {
	name, rest, found := strings.Cut(s, "[")
	if !found {
		return s, 0
	}
	index, _ = strconv.Atoi(strings.TrimSuffix(rest, "]"))
	return name, index
}

func validSegmentName(s string) bool {
	return len(s) == 3 && isUpper(s[0]) && isSegmentLetter(s[1]) && isSegmentLetter(s[2])
}

func isSegmentLetter(c byte) bool { return isUpper(c) || isDigit(c) }
