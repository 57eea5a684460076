package hl7v2

import (
	"bufio"
	"bytes"
	"io"
	"strconv"

	"golang.org/x/text/encoding/unicode"
)

// BatchConfig configures a BatchReader. The zero value works.
type BatchConfig struct {
	MaxMessage int // bytes; a longer one is reported and not kept; 0 is 64 MB
}

// BatchReader reads a file of messages one after the other and holds no more
// than one of them: a batch file (HL7 v2.9 §2.10.3: FHS, BHS, BTS, FTS), or a
// plain file of messages, with or without MLLP framing, with any line ends.
//
// Every byte of the file is in a message, in a batch segment, between lines,
// or reported as a problem with its position.
type BatchReader struct {
	report
	in      io.Reader
	lines   *lineReader
	limit   int
	ahead   fileLine // a line that was read and belongs to what comes next
	has     bool
	failure error

	file, batch envelope
	messages    int // in the whole file
	batches     int // in the whole file
	mismatches  int
}

// envelope is a file (FHS to FTS) or a batch (BHS to BTS) that is being read.
type envelope struct {
	open   bool
	header []byte
	count  int // of the batches or messages in it
}

// BatchMessage is a message of a file.
type BatchMessage struct {
	Bytes  []byte // from MSH to the end of its last segment, as in the file; the caller's own
	Byte   int64  // offset of its MSH in the file
	Line   int    // of its MSH, from 1
	Number int    // in the file, from 1
	Batch  int    // number of its batch in the file, from 1; 0 outside of any
	// TooLong: the message is longer than the limit, and Bytes is only its
	// beginning. It must not be processed.
	TooLong bool
}

// NewBatchReader returns a reader of the file in. A file in UTF-16 is read as
// UTF-8, and positions count in that.
func NewBatchReader(in io.Reader, c BatchConfig) *BatchReader {
	if c.MaxMessage <= 0 {
		c.MaxMessage = 64 << 20
	}
	return &BatchReader{in: in, limit: c.MaxMessage}
}

// Next returns the next message. After the last it returns io.EOF; an error of
// the underlying reader comes back as it is, after the message before it.
func (r *BatchReader) Next() (BatchMessage, error) {
	for {
		line, err := r.line()
		if err != nil {
			r.finish(err)
			return BatchMessage{}, err
		}
		switch kind(line) {
		case messageLine:
			return r.message(line), nil
		case batchLine:
			r.envelope(line)
		case otherLine:
			r.at(line, "", "content outside any message; it is not read")
		}
	}
}

// Problems returns what was found wrong with the file so far, in its order;
// Byte counts from the file's beginning. The messages' own problems are for
// Parse to find.
func (r *BatchReader) Problems() []Problem { return r.problems }

// Headers returns the FHS and BHS that hold where the last message stands, for
// the acknowledgement of a batch; nil where there is none. They are good until
// Next is called.
func (r *BatchReader) Headers() (file, batch []byte) { return r.file.header, r.batch.header }

// line returns the line ahead.
func (r *BatchReader) line() (fileLine, error) {
	if r.has {
		r.has = false
		return r.ahead, nil
	}
	if r.failure != nil {
		return fileLine{}, r.failure
	}
	if r.lines == nil {
		r.begin()
	}
	line, err := r.lines.next()
	r.failure = err
	return line, err
}

// unread puts a line back.
func (r *BatchReader) unread(line fileLine) { r.ahead, r.has = line, true }

// begin looks at the first bytes: UTF-16 is decoded, a mark stepped over.
func (r *BatchReader) begin() {
	first := bufio.NewReader(r.in)
	head, _ := first.Peek(4)
	var in io.Reader = first
	if order, from := utf16Order(head); order != nil {
		endian := unicode.LittleEndian
		if order.String() == "BigEndian" {
			endian = unicode.BigEndian
		}
		_, _ = first.Discard(from) // was peeked at, so it is there
		in = unicode.UTF16(endian, unicode.IgnoreBOM).NewDecoder().Reader(first)
		r.add(Problem{Code: CodeDataType, Text: "file is in UTF-16; it is read as UTF-8, in which positions count"})
	}
	r.lines = newLineReader(in, r.limit)
	if mark, _ := r.lines.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		r.lines.skip(len(byteOrderMark))
	}
}

// lineKind is what a line is outside a message.
type lineKind int

const (
	emptyLine lineKind = iota
	messageLine
	batchLine
	otherLine
)

func kind(line fileLine) lineKind {
	text := bytes.TrimLeft(line.text, " \t")
	switch {
	case len(text) == 0:
		return emptyLine
	case bytes.HasPrefix(text, []byte("MSH")) && (len(text) == 3 || !isSegmentLetter(text[3])):
		return messageLine
	case isBatchSegment(text):
		return batchLine
	}
	return otherLine
}

func isBatchSegment(text []byte) bool {
	if len(text) < 3 || len(text) > 3 && !mayDelimit(text[3]) {
		return false
	}
	switch string(text[:3]) {
	case "FHS", "BHS", "BTS", "FTS":
		return true
	}
	return false
}

// message gathers a message from its MSH up to where another thing begins.
func (r *BatchReader) message(line fileLine) BatchMessage {
	r.messages++
	m := BatchMessage{Number: r.messages, Line: line.number, Byte: line.byte}
	if r.batch.open {
		m.Batch = r.batches
		r.batch.count++
	} else if r.file.open {
		r.at(line, "", "message outside any batch, in a file with FHS")
	}
	if blank := len(line.text) - len(bytes.TrimLeft(line.text, " \t")); blank > 0 {
		r.at(line, "MSH", "white space before MSH; it is not read")
		m.Byte += int64(blank)
		line.raw = line.raw[blank:]
	}
	g := gathered{limit: r.limit}
	g.add(line)
	for !g.done {
		next, err := r.line()
		if err != nil || r.ends(next, &g) {
			break
		}
		g.add(next)
	}
	r.leftOver(&g)
	if m.TooLong = g.tooLong; m.TooLong {
		r.add(Problem{Where: where(m.Line, "MSH"), Byte: int(m.Byte), Code: "104", Fatal: true,
			Text: "message is longer than the limit; only its beginning is kept"})
	}
	m.Bytes = g.bytes[:g.end:g.end]
	return m
}

// ends reports whether the line begins something else than a part of the
// message, and puts it back if so.
func (r *BatchReader) ends(line fileLine, g *gathered) bool {
	if line.ended {
		return true
	}
	if line.framed || kind(line) == messageLine || kind(line) == batchLine {
		r.unread(line)
		return true
	}
	return false
}

// leftOver reports the comments that followed the message.
func (r *BatchReader) leftOver(g *gathered) {
	for _, line := range g.comments {
		r.at(line, "", "content outside any message; it is not read")
	}
}

// gathered are the lines of a message. Empty lines at its end are not part of
// it, nor are comments after an empty line at its end: lines that begin with
// # or //. Everything else after MSH is.
type gathered struct {
	limit    int
	bytes    []byte
	end      int // of the last line that is surely part of the message
	comments []fileLine
	apart    bool // an empty line or a comment was last
	done     bool
	tooLong  bool
}

func (g *gathered) add(line fileLine) {
	if len(g.bytes)+len(line.raw) > g.limit || line.cut {
		g.tooLong = true
	}
	if room := g.limit - len(g.bytes); room > 0 {
		g.bytes = append(g.bytes, line.raw[:min(room, len(line.raw))]...)
	}
	text := bytes.TrimSpace(line.text)
	switch {
	case len(text) == 0:
		g.apart = true
	case g.apart && isComment(text):
		if len(g.comments) <= reportLimit {
			line.raw, line.text = nil, nil
			g.comments = append(g.comments, line)
		}
	default:
		g.apart = false
		g.comments = g.comments[:0]
		g.end = len(g.bytes)
	}
}

func isComment(text []byte) bool {
	return text[0] == '#' || bytes.HasPrefix(text, []byte("//"))
}

// at reports a problem of the file at a line.
func (r *BatchReader) at(line fileLine, segment, text string) {
	r.add(Problem{Where: where(line.number, segment), Byte: int(line.byte), Code: CodeSequence, Text: text})
}

func where(line int, segment string) string {
	if segment != "" {
		segment = ", " + segment
	}
	return "line " + strconv.Itoa(line) + segment
}
