package torture

import (
	"bufio"
	"fmt"
	"net"
	"time"
)

// fault is something that a receiver does but accept. What it makes of a message
// follows from the receiver's book: a message for which no AA with its own MSH-10
// went out whole may never be taken as delivered, and one that arrived and got no
// answer may not be sent again unless the destination lets it.
type fault struct {
	name string
	// before takes the line before the message is read; the message does not arrive.
	before func(*line)
	// after answers, or does not. It reports whether the connection goes on.
	after func(l *line, control string) bool
	late  bool // the receiver waits with its rest until it is answered
}

var accepting = fault{after: func(l *line, control string) bool { return l.accept(control) }}

var faults = []fault{
	{name: "rejected", after: (*line).reject},
	{name: "answered late", late: true, after: func(l *line, control string) bool {
		time.AfterFunc(l.r.late, func() { defer l.r.pending.Done(); l.accept(control) })
		return true
	}},
	{name: "answered twice", after: func(l *line, control string) bool {
		l.accept(control)
		return l.accept(control)
	}},
	{name: "answered in pieces", after: (*line).pieces},
	{name: "answered for another message, then right", after: func(l *line, control string) bool {
		return l.write(acknowledgement("AA", "X"+control)) && l.accept(control)
	}},
	{name: "answered for another message only", after: func(l *line, control string) bool {
		return l.write(acknowledgement("AA", control+"X"))
	}},
	{name: "answered with what is no message", after: func(l *line, control string) bool { return l.write([]byte("\x0bAA " + control + "\x1c\r")) }},
	{name: "never answered", after: func(*line, string) bool { return true }},
	{name: "hung up after reading", after: func(*line, string) bool { return false }},
	{name: "hung up half-way through the answer", after: (*line).half},
	{name: "reset after reading", after: func(l *line, _ string) bool { l.reset(); return false }},
	{name: "hung up before reading", before: func(*line) {}},
	{name: "hung up half-way through the message", before: func(l *line) { _, _ = l.from.Discard(20) }},
	{name: "reset half-way through the message", before: func(l *line) { _, _ = l.from.Discard(20); l.reset() }},
	{name: "stayed and read nothing", before: func(l *line) { time.Sleep(4 * l.r.late) }},
}

// line is one connection of a receiver.
type line struct {
	r    *Receiver
	conn net.Conn
	from *bufio.Reader
}

// meet takes one message, and does one of all that may happen. It reports whether
// the connection goes on.
func (l *line) meet() bool {
	if _, err := l.from.Peek(1); err != nil {
		return false
	}
	f := l.r.chance()
	if f.before != nil {
		f.before(l)
		return false
	}
	control, err := l.read()
	if err != nil {
		if f.late {
			l.r.pending.Done()
		}
		return false
	}
	l.r.came(control)
	return f.after(l, control)
}

func acknowledgement(code, control string) []byte {
	return fmt.Appendf(nil, "\x0bMSH|^~\\&|R|R|H|H|20260302||ACK|A%s|P|2.5.1\rMSA|%s|%s\r\x1c\r", control, code, control)
}

func (l *line) write(answer []byte) bool {
	_, err := l.conn.Write(answer)
	return err == nil
}

func (l *line) accept(control string) bool {
	l.r.says(l.r.book.Said, control)
	return l.write(acknowledgement("AA", control))
}

func (l *line) reject(control string) bool {
	l.r.says(l.r.book.Rejected, control)
	return l.write(acknowledgement("AE", control))
}

// pieces gives the answer byte by byte.
func (l *line) pieces(control string) bool {
	l.r.says(l.r.book.Said, control)
	for _, b := range acknowledgement("AA", control) {
		if !l.write([]byte{b}) {
			return false
		}
	}
	return true
}

// half gives a part of the answer: at most all of it but its end.
func (l *line) half(control string) bool {
	answer := acknowledgement("AA", control)
	l.write(answer[:1+l.r.intN(len(answer)-2)])
	return false
}

// reset makes the connection end with RST in place of FIN.
func (l *line) reset() {
	if c, ok := l.conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0) // else it ends as others do
	}
}
