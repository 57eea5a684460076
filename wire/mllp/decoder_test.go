package mllp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// decode writes down what the decoder makes of the pieces: frames as [..],
// bare ends as [..), bytes outside as <..>, unfinished frames as [..
func decode(t testing.TB, pieces ...[]byte) string {
	t.Helper()
	var d Decoder
	var out strings.Builder
	var size, given int
	between := false
	write := func(tok Token) {
		size += tok.Size
		if between && tok.Kind != Outside {
			out.WriteByte('>')
			between = false
		}
		switch tok.Kind {
		case Begin:
			out.WriteByte('[')
		case Content:
			fmt.Fprintf(&out, "%s", tok.Data)
		case End:
			out.WriteByte(']')
		case EndBare:
			out.WriteByte(')')
		case Restart:
			out.WriteString("|[")
		case Outside:
			if !between {
				out.WriteByte('<')
				between = true
			}
			fmt.Fprintf(&out, "%s", tok.Data)
		}
	}
	for _, p := range pieces {
		given += len(p)
		for {
			tok, n := d.Next(p)
			p = p[n:]
			if tok.Kind == None {
				break
			}
			write(tok)
		}
		if len(p) != 0 {
			t.Fatalf("%d bytes were not taken", len(p))
		}
	}
	write(d.Flush())
	if between {
		out.WriteByte('>')
	}
	if size != given {
		t.Fatalf("tokens stand for %d bytes of %d", size, given)
	}
	return out.String()
}

func TestDecoder(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one frame", "\vA\x1c\r", "[A]"},
		{"two in one read", "\vA\x1c\r\vB\x1c\r", "[A][B]"},
		{"an empty frame", "\v\x1c\r", "[]"},
		{"segments and bytes over 127", "\vMSH|\rPID|\xff\x80\r\x1c\r", "[MSH|\rPID|\xff\x80\r]"},
		{"bytes before, between and after", "x\vA\x1c\ry\n\vB\x1c\rz", "<x>[A]<y\n>[B]<z>"},
		{"an unfinished frame", "\vMSH|", "[MSH|"},
		{"FS and no CR, then the next frame", "\vA\x1c\vB\x1c\r", "[A)[B]"},
		{"FS and LF", "\vA\x1c\n\vB\x1c\r", "[A)<\n>[B]"},
		{"FS and nothing more", "\vA\x1c", "[A)"},
		{"FS within the message", "\vA\x1cB\x1c\r", "[A\x1cB]"},
		{"FS twice at the end", "\vA\x1c\x1c\r", "[A\x1c]"},
		{"FS CR without a beginning", "A\x1c\r\vB\x1c\r", "<A\x1c\r>[B]"},
		{"VT within the message", "\vA\vB\x1c\r", "[A\vB]"},
		{"VT at the end of the message", "\vA\v\x1c\r", "[A\v]"},
		{"VT twice at the beginning", "\v\vA\x1c\r", "[\vA]"},
		{"a message that begins again", "\vMSH|1\r\vMSH|2\r\x1c\r", "[MSH|1\r|[MSH|2\r]"},
		{"a batch that begins again", "\vFHS|1\r\vBHS|2\r\x1c\r", "[FHS|1\r|[BHS|2\r]"},
		{"VT twice before a message", "\v\vMSH|1\r\x1c\r", "[|[MSH|1\r]"},
		{"VT and nearly a message", "\vA\vMSB\x1c\r", "[A\vMSB]"},
		{"VT, nearly, and then a message", "\vA\vMS\vMSH|\x1c\r", "[A\vMS|[MSH|]"},
		{"VT and nearly a message at the end", "\vA\vMS", "[A\vMS"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decode(t, []byte(c.in)); got != c.want {
				t.Errorf("in one read: %q, want %q", got, c.want)
			}
			if got := decode(t, bytewise(c.in)...); got != c.want {
				t.Errorf("byte by byte: %q, want %q", got, c.want)
			}
			for i := range c.in {
				if got := decode(t, []byte(c.in[:i]), []byte(c.in[i:])); got != c.want {
					t.Errorf("split at %d: %q, want %q", i, got, c.want)
				}
			}
		})
	}
}

func bytewise(s string) (pieces [][]byte) {
	for i := range s {
		pieces = append(pieces, []byte{s[i]})
	}
	return pieces
}

// FuzzMLLP holds that frames do not depend on how the bytes were split, that
// every byte is accounted for (decode counts), and that a message that may be
// framed comes back whole.
func FuzzMLLP(f *testing.F) {
	f.Add([]byte("\vMSH|^~\\&|A\r\x1c\r\vMSH|^~\\&|B\r\x1c\r"), []byte{3, 1, 200})
	f.Add([]byte("x\vA\x1c\vM\vMS\vMSH\x1c\x1c\r\n\v\x1c"), []byte{1})
	f.Add([]byte("\v\v\vFHS\vBH\x1c"), []byte{2, 5})
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := decode(t, data)
		var pieces [][]byte
		rest := data
		for _, c := range cuts {
			n := min(int(c), len(rest))
			pieces = append(pieces, rest[:n])
			rest = rest[n:]
		}
		if split := decode(t, append(pieces, rest)...); split != whole {
			t.Fatalf("split: %q, whole: %q", split, whole)
		}
		got := decode(t, AppendFrame(nil, data))
		if came := got == "["+string(data)+"]"; came != (Check(data) == nil) {
			t.Fatalf("a frame came back as %q, and Check says %v", got, Check(data))
		}
	})
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ in, where string }{
		{"MSH|^~\\&|", ""}, {"", ""}, {"a\vb\x1cc", ""}, {"a\x1c", ""}, {"a\v", ""},
		{"ab\x1c\rc", "byte 2"}, {"ab\x1c\nc", "byte 2"}, {"ab\x1c\v", "byte 2"}, {"a\x1c\x1c\r", "byte 2"},
		{"\x1c\r", "byte 0"}, {"ab\vMSH|", "byte 2"}, {"a\vb\x1cc\vFHS", "byte 5"},
	} {
		err := Check([]byte(c.in))
		if (err == nil) != (c.where == "") {
			t.Fatalf("%q: %v", c.in, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), c.where+": ") {
			t.Errorf("%q: %v, want a position at %s", c.in, err, c.where)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	frame := AppendFrame(nil, bytes.Repeat([]byte("OBX|1|NM|718-7^Haemoglobin^LN||13.2|g/dL\r"), 30))
	stream := bytes.Repeat(frame, 13)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		var d Decoder
		frames := 0
		for p := stream; ; {
			t, n := d.Next(p)
			p = p[n:]
			if t.Kind == End {
				frames++
			}
			if t.Kind == None {
				break
			}
		}
		if frames != 13 {
			b.Fatal(frames)
		}
	}
}
