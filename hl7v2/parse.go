package hl7v2

import (
	"bytes"
	"strconv"
)

// Parse reads a message, or a batch header with what follows it. Segments end
// with CR, LF or both, also mixed; a byte order mark before and framing bytes
// after are stepped over. The message is nil only where there is no readable
// MSH, BHS or FHS; else whatever can be read is there, and every problem is
// reported with its position, in the order of the checks.
//
// The message keeps data and copies nothing: whoever gave it must not change it
// afterwards.
func Parse(data []byte) (*Message, []Problem) {
	p := parser{m: &Message{data: data, plain: len(data)}}
	if !p.findHeader() {
		return nil, p.problems
	}
	m := p.m
	m.delims = p.readDelimiters(m.begin)
	p.split()
	p.readCharacterSet()
	p.check()
	return m, p.problems
}

// parser reads one message.
type parser struct {
	m *Message
	report
	breaks []int // line feeds that end no segment
}

const byteOrderMark = "\xEF\xBB\xBF"

// findHeader finds where the header segment begins.
func (p *parser) findHeader() bool {
	data := p.m.data
	at := 0
	if bytes.HasPrefix(data, []byte(byteOrderMark)) {
		at = len(byteOrderMark)
	}
	if beginsHeader(data[at:]) {
		p.m.begin = at
		return true
	}
	begin := findMSH(data, at)
	switch {
	case looksUTF16(data):
		p.add(Problem{Byte: 0, Code: CodeSequence, Fatal: true, Text: "text is UTF-16, which is for files only; turn it into UTF-8 first"})
		return false
	case begin < 0:
		p.add(Problem{Byte: at, Code: CodeSequence, Fatal: true, Text: "no MSH segment"})
		return false
	}
	if p.m.begin = begin; data[begin-1] != frameStart || begin-1 > at {
		p.add(Problem{Byte: at, Code: CodeSequence, Text: "content before MSH is not read"})
	}
	return true
}

// findMSH returns where a message begins at or after from: at the first MSH that
// begins a line or follows framing, else at the first anywhere; -1 where there
// is none.
func findMSH(data []byte, from int) int {
	anywhere := -1
	for i := from; i < len(data); i++ {
		next := bytes.Index(data[i:], []byte("MSH"))
		if next < 0 {
			break
		}
		i += next
		switch {
		case !beginsHeader(data[i:]):
		case i == from || data[i-1] < ' ':
			return i
		case anywhere < 0:
			anywhere = i
		}
	}
	return anywhere
}

// beginsHeader reports whether data begins with MSH, FHS or BHS and a field
// separator.
func beginsHeader(data []byte) bool {
	if len(data) < 4 || !mayDelimit(data[3]) {
		return false
	}
	return isHeaderName(data[:3])
}

// isHeaderName reports whether a message or batch begins with a segment of
// that name.
func isHeaderName(name []byte) bool {
	switch string(name) {
	case "MSH", "FHS", "BHS":
		return true
	}
	return false
}

// The bytes that frame a message in MLLP.
const frameStart, frameEnd = 0x0B, 0x1C

// usualSegments is how many segments are made room for at once; more grow.
const usualSegments = 256

// split finds where segments begin and end. CR always ends one (HL7 v2.9
// §2.5.2). In a message without any CR, LF does; in one with CR it does where a
// segment follows, and else is a line break within a field, as careless senders
// put into texts. That is reported.
func (p *parser) split() {
	m := p.m
	data := m.data
	m.finish = p.trimEnd()
	text := data[m.begin:m.finish]
	ends := bytes.Count(text, []byte{'\r'})
	byCR := ends > 0
	if !byCR {
		ends = bytes.Count(text, []byte{'\n'})
	}
	m.segs = make([]span, 0, min(ends+1, usualSegments))
	lines := lineScanner{data: data, end: m.finish}
	for at := m.begin; at < m.finish; {
		end, next := lines.next(at)
		for byCR && next < m.finish && isFeeds(data[end:next]) && !p.followsSegment(next) {
			p.breaks = append(p.breaks, end)
			end, next = lines.next(next)
		}
		if end > at {
			m.segs = append(m.segs, span{at, end})
		}
		if next < m.finish && hasBlankLine(data[end:next]) {
			p.add(Problem{Where: "segment " + strconv.Itoa(len(m.segs)+1), Byte: next, Code: CodeSequence, Text: "empty line before the segment"})
		}
		at = next
	}
}

// trimEnd returns where the last segment ends: before terminators, framing and
// filling.
func (p *parser) trimEnd() int {
	data, end, junk := p.m.data, len(p.m.data), false
	for ; end > p.m.begin; end-- {
		switch data[end-1] {
		case '\r', '\n':
		case 0, frameStart, frameEnd, 0x1A: // 0x1A ended files once
			junk = true
		default:
			if junk {
				p.add(Problem{Byte: end, Code: CodeSequence, Text: "framing or filling bytes after the last segment are not read"})
			}
			return end
		}
	}
	return end
}

// followsSegment reports whether at that offset something begins that looks
// like a segment: a name of two to four capital letters or digits and a field
// separator, or a whole line of a name.
func (p *parser) followsSegment(at int) bool {
	data := p.m.data[at:p.m.finish]
	n := 0
	for n < len(data) && n < 5 && isSegmentLetter(data[n]) {
		n++
	}
	switch {
	case n < 2 || n > 4 || !isUpper(data[0]):
		return false
	case n < len(data) && data[n] == p.m.delims.Field:
		return true
	}
	return n == 3 && (n == len(data) || data[n] == '\r' || data[n] == '\n')
}

// lineScanner finds line ends in one pass, however they are mixed.
type lineScanner struct {
	data   []byte
	end    int
	cr, lf int // the next of each at or after the last position asked for
}

// next returns where the line at that offset ends and where the next begins.
func (l *lineScanner) next(at int) (end, next int) {
	if l.cr < at || at == 0 {
		l.cr = l.find(at, '\r')
	}
	if l.lf < at || at == 0 {
		l.lf = l.find(at, '\n')
	}
	end = min(l.cr, l.lf)
	for next = end; next < l.end && (l.data[next] == '\r' || l.data[next] == '\n'); {
		next++
	}
	return end, next
}

func (l *lineScanner) find(at int, c byte) int {
	if i := bytes.IndexByte(l.data[at:l.end], c); i >= 0 {
		return at + i
	}
	return l.end
}

// isFeeds reports whether a run of line ends has line feeds only.
func isFeeds(run []byte) bool { return len(run) > 0 && bytes.IndexByte(run, '\r') < 0 }

// hasBlankLine reports whether a run of line ends is more than one CR, LF, CR
// LF or LF CR.
func hasBlankLine(run []byte) bool {
	return len(run) > 2 || len(run) == 2 && run[0] == run[1]
}

// readCharacterSet reads MSH-18 and MSH-20. The fields before it may hold
// characters whose second byte looks like a delimiter, so where a plain
// reading finds no known set, the sets that are read otherwise are tried: one
// by which MSH-18 names that very set is right.
func (p *parser) readCharacterSet() {
	m := p.m
	m.set.base = asciiBase
	if hasSwitch(m.data[m.begin:m.finish], m.delims.Escape) {
		m.set.wide = true
	}
	if !m.isNamed(0, "MSH") {
		return
	}
	if p.takeCharacterSet() || isASCII(m.segment0()) && bytes.IndexByte(m.segment0(), escapeByte) < 0 {
		return
	}
	plain := m.set
	for _, try := range []string{"GB 18030-2000", "BIG-5", "ISO IR87", "ISO IR159", "KS X 1001"} {
		m.set = newCharacterSet([]string{try}, "")
		if p.takeCharacterSet() && m.set.wide {
			return
		}
	}
	m.set = plain
}

func (m *Message) segment0() []byte { return Segment{m, 0}.Raw() }

// maxSets bounds the repetitions of MSH-18 that are looked at; table 0211 has
// fewer names.
const maxSets = 64

// takeCharacterSet takes the set that MSH-18 names under the present reading.
// It is false where MSH-18 names none or one that is not known.
func (p *parser) takeCharacterSet() bool {
	m := p.m
	field := m.header(18)
	if field.IsAbsent() {
		return false
	}
	var room [4]string
	names := room[:0]
	known := false
	for v := range field.All() {
		name := sharedString(v.Raw())
		table, _ := knownSet(name)
		known = known || name != "" && table != ""
		if names = append(names, name); len(names) == maxSets {
			break
		}
	}
	wide := m.set.wide
	m.set = newCharacterSet(names, sharedString(m.header(20).Raw()))
	m.set.wide = m.set.wide || wide && hasSwitch(m.data[m.begin:m.finish], m.delims.Escape)
	return known
}
