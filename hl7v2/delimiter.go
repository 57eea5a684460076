package hl7v2

// Delimiters are the separators that a message declares in MSH-1 and MSH-2
// (HL7 v2.9 §2.5.4). One that is not declared is 0 and is never found: v2.1
// and v2.2 let a sender leave out what it does not use, and the truncation
// character exists from v2.7 on.
type Delimiters struct {
	Field, Component, Repetition, Escape, Subcomponent, Truncation byte
}

// Recommended are the delimiters that the standard suggests, without a
// truncation character, as versions before 2.7 have it.
var Recommended = Delimiters{Field: '|', Component: '^', Repetition: '~', Escape: '\\', Subcomponent: '&'}

// String returns them as they stand in MSH-1 and MSH-2: `|^~\&`.
func (d Delimiters) String() string {
	b := []byte{d.Field}
	for _, c := range d.encoding() {
		if c != 0 {
			b = append(b, c)
		}
	}
	return string(b)
}

// encoding returns the encoding characters in the order of MSH-2.
func (d Delimiters) encoding() [5]byte {
	return [5]byte{d.Component, d.Repetition, d.Escape, d.Subcomponent, d.Truncation}
}

// separates reports whether c ends a field, repetition, component or
// subcomponent.
func (d Delimiters) separates(c byte) bool {
	return c != 0 && (c == d.Field || c == d.Component || c == d.Repetition || c == d.Subcomponent)
}

// mayDelimit reports whether c can serve as a delimiter: a printable ASCII
// character that is neither letter nor digit.
func mayDelimit(c byte) bool {
	return c > ' ' && c < 0x7F && !isLetter(c) && !isDigit(c)
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLetter(c byte) bool { return isUpper(c &^ 0x20) }

// readDelimiters reads the delimiters of the header segment that begins at from:
// "MSH|^~\&|...". It reports what is wrong with them; where the header declares
// no encoding characters at all, the recommended ones are taken.
func (p *parser) readDelimiters(from int) Delimiters {
	data := p.m.data[from:]
	d := Delimiters{Field: data[3]}
	roles := [...]*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent, &d.Truncation}
	const first = 4 // offset of MSH-2
	fault := func(i int, text string) {
		p.add(Problem{Where: string(data[:3]) + "-2", Byte: from + i, Code: CodeDataType, Text: text})
	}
	i := first
	for ; i < len(data) && data[i] != d.Field && data[i] != '\r' && data[i] != '\n'; i++ {
		c, role := data[i], i-first
		switch {
		case role >= len(roles):
			fault(i, "more than five encoding characters; those after the fifth are not used")
			return d
		case !mayDelimit(c):
			fault(i, "encoding character must be a printable ASCII character that is no letter or digit; it is not used")
		case d.has(c):
			fault(i, "encoding character is declared twice; the first meaning stands")
		default:
			*roles[role] = c
		}
	}
	if i == first {
		fault(i, "no encoding characters are declared; the recommended ones are taken")
		return d.withRecommended()
	}
	return d
}

// withRecommended returns the recommended encoding characters behind d's field
// separator.
func (d Delimiters) withRecommended() Delimiters {
	r := Recommended
	r.Field = d.Field
	for _, p := range []*byte{&r.Component, &r.Repetition, &r.Escape, &r.Subcomponent} {
		if *p == d.Field {
			*p = 0
		}
	}
	return r
}

// has reports whether c already has a meaning.
func (d Delimiters) has(c byte) bool {
	return d.separates(c) || c == d.Escape || c == d.Truncation
}
