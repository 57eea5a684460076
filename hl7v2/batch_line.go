package hl7v2

import (
	"bufio"
	"errors"
	"io"
)

// fileLine is one line of a file with its line end, valid until the next is
// read.
type fileLine struct {
	raw    []byte // with its end; only the beginning where cut is set
	text   []byte // raw without its end and without framing before it
	byte   int64  // offset of text in the file
	number int    // from 1
	framed bool   // a frame began before it
	ended  bool   // a frame ended in its place; text is empty
	cut    bool   // it was longer than the limit
}

// lineReader reads lines that end with CR, LF or CRLF, and takes MLLP framing
// away. A frame's end counts as such only before a line end, a frame's begin
// or the end of the file.
type lineReader struct {
	r      *bufio.Reader
	limit  int
	buffer []byte
	offset int64
	number int
}

const lineChunk = 64 << 10

func newLineReader(r io.Reader, limit int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, lineChunk), limit: limit}
}

// next returns the next line, or io.EOF when there is none.
func (l *lineReader) next() (fileLine, error) {
	l.buffer = l.buffer[:0]
	line := fileLine{byte: l.offset, number: l.number + 1}
	for {
		c, err := l.peek()
		switch {
		case errors.Is(err, io.EOF) && l.offset > line.byte:
			return l.finish(line, 0), nil
		case err != nil:
			return line, err
		case c == frameStart && l.offset == line.byte:
			l.skip(1)
			line.framed, line.byte = true, l.offset
		case c == frameStart && beginsHeader(l.after(4)):
			return l.finish(line, 0), nil
		case c == frameEnd && l.frameEndsHere():
			if l.offset > line.byte {
				return l.finish(line, 0), nil
			}
			line.ended = true
			l.skip(1)
			l.skipLineEnd()
			return l.finish(line, 0), nil
		case c == '\r' && string(l.after(1)) == "\n":
			return l.finish(line, l.take(2, &line)), nil
		case c == '\r' || c == '\n':
			return l.finish(line, l.take(1, &line)), nil
		default:
			l.take(l.run(), &line)
		}
	}
}

// peek returns the next byte without taking it.
func (l *lineReader) peek() (byte, error) {
	b, err := l.r.Peek(1)
	if len(b) == 0 {
		return 0, err
	}
	return b[0], nil
}

// after returns up to n bytes behind the next one.
func (l *lineReader) after(n int) []byte {
	b, _ := l.r.Peek(n + 1)
	return b[min(len(b), 1):]
}

// run returns how many of the buffered bytes cannot end the line; at least 1.
func (l *lineReader) run() int {
	b, _ := l.r.Peek(l.r.Buffered())
	n := 1
	for n < len(b) && !isLineByte(b[n]) {
		n++
	}
	return n
}

func isLineByte(c byte) bool {
	return c == '\r' || c == '\n' || c == frameStart || c == frameEnd
}

// take moves n bytes to the line, up to the limit, and returns n.
func (l *lineReader) take(n int, line *fileLine) int {
	b, _ := l.r.Peek(n)
	if room := l.limit - len(l.buffer); len(b) > room {
		b = b[:max(room, 0)]
		line.cut = true
	}
	l.buffer = append(l.buffer, b...)
	l.skip(n)
	return n
}

func (l *lineReader) skip(n int) {
	_, _ = l.r.Discard(n) // was peeked at, so it is there
	l.offset += int64(n)
}

// frameEndsHere reports whether the frame's end that is next is one.
func (l *lineReader) frameEndsHere() bool {
	b := l.after(1)
	return len(b) == 0 || b[0] == '\r' || b[0] == '\n' || b[0] == frameStart
}

// skipLineEnd passes over the CR that follows a frame's end.
func (l *lineReader) skipLineEnd() {
	for _, end := range []byte("\r\n") {
		if c, err := l.peek(); err == nil && c == end {
			l.skip(1)
		}
	}
}

func (l *lineReader) finish(line fileLine, end int) fileLine {
	line.raw, line.text = l.buffer, l.buffer
	if !line.cut {
		line.text = l.buffer[:len(l.buffer)-end]
	}
	l.number++
	return line
}
