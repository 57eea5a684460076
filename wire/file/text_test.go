package file

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"handover/hl7v2"
)

func openBytes(t testing.TB, content []byte) text {
	t.Helper()
	text, err := openText(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// FuzzUTF16 holds that a file in UTF-16 reads as hl7v2.FromUTF16 reads it, and
// that the places of its characters are found again in the file.
func FuzzUTF16(f *testing.F) {
	f.Add(wide(binary.LittleEndian, "MSH|^~\\&|Ω\U0001F600é\r", true), uint(3))
	f.Add(wide(binary.BigEndian, "MSH|a", false), uint(1))
	f.Add([]byte{0xff, 0xfe, 'M', 0, 0x3d, 0xd8, 'x', 0, 0x3d}, uint(2))
	f.Add([]byte("MSH|^~\\&|plain"), uint(2))
	f.Fuzz(func(t *testing.T, content []byte, cut uint) {
		want, wide, problems := hl7v2.FromUTF16(content)
		text := openBytes(t, content)
		if (text.order != nil) != wide {
			t.Fatalf("wide is %v", wide)
		}
		got, err := io.ReadAll(iotest.OneByteReader(text.reader()))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
		if !wide {
			return
		}
		if odd := len(content)%2 != 0; text.cutOff() != odd {
			t.Errorf("cut off: %v, of %d bytes", !odd, len(content))
		}
		at := 0 // of a character near cut
		for at < len(want) && uint(at) < cut%uint(len(want)+1) {
			_, n := utf8.DecodeRune(want[at:])
			at += n
		}
		from, to, err := text.original(int64(at), int64(len(want)))
		if err != nil || len(problems) > 0 {
			return // half characters do not come back as they were
		}
		if from == 0 {
			from = text.bom
		}
		back := append([]byte{}, content[:text.bom]...)
		back = append(back, content[from:to]...)
		var read []byte
		if text := openBytes(t, back); text.order != nil {
			read, _ = io.ReadAll(text.reader())
		} else {
			return // too short to tell without a mark
		}
		if !bytes.Equal(read, want[at:]) {
			t.Errorf("from %d: %q, want %q", at, read, want[at:])
		}
	})
}
