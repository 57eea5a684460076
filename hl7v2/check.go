package hl7v2

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// check reports what is wrong in a message whose segments and character set
// are known.
func (p *parser) check() {
	p.checkNames()
	p.checkHeader()
	p.checkBreaks()
	p.checkCharacterSet()
	p.checkControls()
	p.checkHighBytes()
	p.checkValues()
}

// at adds a problem at a byte, and finds out where in the message that is.
func (p *parser) at(offset int, code, text string) {
	where := ""
	if p.told[text] < reportLimit {
		if a, ok := p.m.Locate(offset); ok {
			where = a.String()
		} else if i := p.m.segmentAround(offset); i >= 0 {
			where = segmentPlace(i)
		}
	}
	p.add(Problem{Where: where, Byte: offset, Code: code, Text: text})
}

// checkNames reports segments whose name cannot be one, and a second message.
func (p *parser) checkNames() {
	isMessage := p.m.isNamed(0, "MSH")
	for i, s := range p.m.segs {
		raw := p.m.data[s.start:s.end]
		named := hasSegmentName(raw, p.m.delims.Field)
		switch {
		case named && (i == 0 || !isHeaderName(raw[:3])):
		case isMessage && isHidden(raw):
			p.add(Problem{Where: segmentPlace(i), Byte: s.start, Code: CodeSequence, Fatal: true,
				Text: "another message begins within this one"})
		case !named:
			p.add(Problem{Where: segmentPlace(i), Byte: s.start, Code: CodeSequence,
				Text: "segment has no name of three capital letters or digits and a field separator"})
		}
	}
}

// isHidden reports whether a header segment begins here, be it behind framing
// bytes or a byte order mark.
func isHidden(raw []byte) bool {
	return beginsHeader(bytes.TrimLeft(raw, "\x00\x0B\x1A\x1C \uFEFF"))
}

func segmentPlace(i int) string { return "segment " + strconv.Itoa(i+1) }

func hasSegmentName(raw []byte, field byte) bool {
	return len(raw) >= 3 && isUpper(raw[0]) && isSegmentLetter(raw[1]) && isSegmentLetter(raw[2]) &&
		(len(raw) == 3 || raw[3] == field)
}

// isRequired reports whether a field of MSH is one without which a message
// cannot be answered or understood (HL7 v2.9 §2.13.9).
func isRequired(n int) bool { return n == 7 || n >= 9 && n <= 12 }

// checkHeader reports required fields that are missing. MSH-7 is required
// since v2.4.
func (p *parser) checkHeader() {
	if !p.m.isNamed(0, "MSH") {
		return
	}
	last := 0
	for n, v := range p.m.Segment(0).All() {
		if last = n; n > 12 {
			return
		}
		if isRequired(n) && !v.IsValued() {
			p.missing(n, v.start)
		}
	}
	for n := last + 1; n <= 12; n++ {
		if isRequired(n) {
			p.missing(n, p.m.segs[0].end)
		}
	}
}

func (p *parser) missing(n, at int) {
	if n == 7 && beforeV24(p.m.Version()) {
		return
	}
	p.add(Problem{Where: "MSH-" + strconv.Itoa(n), Byte: at, Code: CodeRequired, Text: "required field is missing"})
}

// beforeV24 reports whether a version is one of 2.1, 2.2 and 2.3 to 2.3.1.
func beforeV24(version string) bool {
	return version == "2.1" || version == "2.2" || version == "2.3" || version == "2.3.1"
}

func (p *parser) checkBreaks() {
	for _, at := range p.breaks {
		p.at(at, CodeDataType, "line feed within a field; it is kept as a part of the value")
	}
}

func (p *parser) checkCharacterSet() {
	if !p.m.isNamed(0, "MSH") {
		return
	}
	i := 0
	for v := range p.m.header(18).All() {
		i++
		table, exact := knownSet(sharedString(v.Raw()))
		text := ""
		switch {
		case v.IsNull():
		case table == "" && !v.IsAbsent():
			text = "character set is not known; bytes are read as if none were declared"
		case bases[table] == nil:
			text = "character set cannot be read; bytes are read as if none were declared"
		case !exact:
			text = "character set is not spelled as in table 0211"
		}
		if text != "" {
			p.add(Problem{Where: "MSH-18[" + strconv.Itoa(i) + "]", Byte: v.start, Code: CodeTable, Text: text})
		}
	}
}

// checkControls reports NUL bytes, and ESC where nothing can be switched to.
func (p *parser) checkControls() {
	p.eachByte(0, func(at int) { p.at(at, CodeDataType, "NUL byte; it is kept") })
	if !p.m.set.switching {
		p.eachByte(escapeByte, func(at int) {
			p.at(at, CodeDataType, "ESC byte, but MSH-18 declares no set to switch to; it is kept")
		})
	}
}

// eachByte calls f with the offset of every c.
func (p *parser) eachByte(c byte, f func(at int)) {
	m := p.m
	for at := m.begin; ; at++ {
		i := bytes.IndexByte(m.data[at:m.finish], c)
		if i < 0 {
			return
		}
		at += i
		f(at)
	}
}

// checkHighBytes reports bytes above 0x7F that nothing declares, or that the
// declared set does not have.
func (p *parser) checkHighBytes() {
	m := p.m
	text := m.data[m.begin:m.finish]
	first := firstHigh(text)
	m.ascii = first < 0
	if m.ascii || m.set.switching {
		return
	}
	first += m.begin
	switch base := m.set.base; {
	case base == asciiBase && m.begin == len(byteOrderMark) && utf8.Valid(text):
		m.set.base = utf8Base // the byte order mark has declared it
	case base == asciiBase:
		p.at(first, CodeDataType, "bytes above 127, which MSH-18 does not declare; they are kept, and read as UTF-8 where they are that, else as ISO 8859-1")
	case base.utf8:
		p.checkUTF8(text)
	case utf8.Valid(text) && !base.pairs:
		p.at(first, CodeDataType, "bytes above 127 are UTF-8, but MSH-18 declares another set; they are read as declared")
	}
}

func (p *parser) checkUTF8(text []byte) {
	if utf8.Valid(text) {
		return
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			p.at(p.m.begin+i, CodeDataType, "bytes are not UTF-8, which MSH-18 declares; they are kept, and read as U+FFFD")
			for n = 1; i+n < len(text) && !utf8.FullRune(text[i+n:]); n++ {
			}
		}
		i += n
	}
}

// checkValues reports what in the values has no meaning: escape sequences that
// are not closed or not known, bytes that the declared set does not have, and a
// switch to another set that is not taken back.
func (p *parser) checkValues() {
	m := p.m
	values := m.header(2).end
	if !m.needsDecoding(m.data[values:m.finish]) {
		if m.ascii {
			m.plain = values
		}
		return
	}
	for i, seg := range m.segs {
		s, from := Segment{m, i}, seg.start
		if s.isHeader() {
			from = max(from, s.Field(2).end)
		}
		if !m.needsDecoding(m.data[from:seg.end]) {
			continue
		}
		t := textDecoder{set: &m.set, delims: m.delims}
		t.fault = func(offset int, text string) { p.at(from+offset, CodeDataType, text) }
		t.decode(m.data[from:seg.end])
	}
}

// needsDecoding reports whether something in raw may be wrong that only
// decoding shows.
func (m *Message) needsDecoding(raw []byte) bool {
	return m.delims.Escape != 0 && bytes.IndexByte(raw, m.delims.Escape) >= 0 ||
		m.set.switching && bytes.IndexByte(raw, escapeByte) >= 0 ||
		m.set.base.encoding != nil && !isASCII(raw)
}
