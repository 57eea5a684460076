package mllp

import "bytes"

// The bytes that make a frame.
const (
	vt = 0x0b // before a message
	fs = 0x1c // after it
	cr = 0x0d // after fs
	lf = 0x0a
)

// Kind says what a Token is.
type Kind uint8

// The kinds of token.
const (
	None    Kind = iota // all bytes given so far are used up
	Begin               // VT: a frame begins
	Content             // bytes of the message
	End                 // FS CR: the frame has ended
	EndBare             // FS without CR: the frame has ended all the same
	Restart             // VT MSH within a frame: that one is given up, a new one begins
	Outside             // bytes between frames
)

// Token is a piece of the stream.
type Token struct {
	Kind Kind
	Data []byte // of Content and Outside; valid until the next call
	Size int    // how many bytes of the stream the token stands for
	Odd  bool   // of Content: it is, or ends in, a VT or FS that should not be there
}

// Decoder splits a stream of bytes into frames. It holds at most four bytes
// back, so what comes out does not depend on how the stream was split. The
// sizes of all tokens sum up to the bytes given. The zero Decoder is ready.
type Decoder struct {
	state state
	held  string // bytes taken and not yet given out: a prefix of a restart
	ready string // content to give out next
}

type state uint8

const (
	outside state = iota
	inside
	afterFS
	afterVT // held says what came
)

// restarts are the segments that can begin what is in a frame.
var restarts = [...]string{"\vMSH", "\vFHS", "\vBHS"}

// InFrame reports whether a frame has begun and not ended.
func (d *Decoder) InFrame() bool { return d.state != outside }

// AtEnd reports whether FS was the last byte, so that the frame has ended
// unless content follows.
func (d *Decoder) AtEnd() bool { return d.state == afterFS }

// Next returns the first token of p and how many bytes of p it used. Bytes that
// are not used must be given again.
func (d *Decoder) Next(p []byte) (Token, int) {
	if d.ready != "" {
		t := Token{Kind: Content, Data: []byte(d.ready), Size: len(d.ready)}
		d.ready = ""
		return t, 0
	}
	if len(p) == 0 {
		return Token{}, 0
	}
	switch d.state {
	case inside:
		return d.inside(p)
	case afterFS:
		return d.afterFS(p)
	case afterVT:
		return d.afterVT(p)
	default:
		return d.outside(p)
	}
}

func (d *Decoder) outside(p []byte) (Token, int) {
	if p[0] == vt {
		d.state = inside
		return Token{Kind: Begin, Size: 1}, 1
	}
	n := bytes.IndexByte(p, vt)
	if n < 0 {
		n = len(p)
	}
	return Token{Kind: Outside, Data: p[:n], Size: n}, n
}

func (d *Decoder) inside(p []byte) (Token, int) {
	n := bytes.IndexByte(p, fs)
	if n < 0 {
		n = len(p)
	}
	if v := bytes.IndexByte(p[:n], vt); v >= 0 {
		n = v
	}
	if n > 0 {
		return Token{Kind: Content, Data: p[:n], Size: n}, n
	}
	if p[0] == fs {
		d.state = afterFS
	} else {
		d.state, d.held = afterVT, "\v"
	}
	t, used := d.Next(p[1:])
	return t, used + 1
}

func (d *Decoder) afterFS(p []byte) (Token, int) {
	switch p[0] {
	case cr:
		d.state = outside
		return Token{Kind: End, Size: 2}, 1
	case lf, vt:
		d.state = outside
		return Token{Kind: EndBare, Size: 1}, 0
	case fs: // the first was content, the second may end the frame
		return Token{Kind: Content, Data: []byte{fs}, Size: 1, Odd: true}, 1
	default:
		d.state = inside
		return Token{Kind: Content, Data: []byte{fs}, Size: 1, Odd: true}, 0
	}
}

// afterVT compares what follows a VT within a frame with the beginnings of a
// message, byte by byte.
func (d *Decoder) afterVT(p []byte) (Token, int) {
	for i, b := range p {
		longer, ok := extend(d.held, b)
		switch {
		case !ok:
			return d.notRestart(), i
		case len(longer) == len(restarts[0]):
			d.state, d.held, d.ready = inside, "", longer[1:]
			return Token{Kind: Restart, Size: 1}, i + 1
		}
		d.held = longer
	}
	return Token{}, len(p)
}

// extend returns held and b if a restart may still come of it.
func extend(held string, b byte) (string, bool) {
	for _, r := range restarts {
		if r[:len(held)] == held && r[len(held)] == b {
			return r[:len(held)+1], true
		}
	}
	return "", false
}

// notRestart gives out what was held back: it was content after all.
func (d *Decoder) notRestart() Token {
	t := Token{Kind: Content, Data: []byte(d.held), Size: len(d.held), Odd: true}
	d.state, d.held = inside, ""
	return t
}

// Flush gives out what is held back when nothing more comes, or not in time:
// FS alone then ends the frame. The frame may still be open after it.
func (d *Decoder) Flush() Token {
	switch {
	case d.ready != "":
		t, _ := d.Next(nil)
		return t
	case d.state == afterFS:
		d.state = outside
		return Token{Kind: EndBare, Size: 1}
	case d.state == afterVT:
		return d.notRestart()
	default:
		return Token{}
	}
}
