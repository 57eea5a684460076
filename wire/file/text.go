package file

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"handover/hl7v2"
	"handover/wire"
)

// text is a file as it can be split: its bytes, or what UTF-16 says as UTF-8.
type text struct {
	file  io.ReaderAt
	size  int64
	order binary.ByteOrder // nil: bytes
	bom   int64            // length of the byte order mark
	place *units           // where original was asked for last
	at    int64            // the same place in UTF-8
	from  int64            // and in the file
	last  *units           // what reader reads
}

// openText looks at the first bytes of the file.
func openText(file io.ReaderAt, size int64) (text, error) {
	t := text{file: file, size: size}
	var start [4]byte
	n, err := file.ReadAt(start[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return t, err
	}
	if _, wide, _ := hl7v2.FromUTF16(start[:n]); !wide {
		return t, nil
	}
	t.order = binary.BigEndian
	if start[0] == 0xff || start[1] == 0 {
		t.order = binary.LittleEndian
	}
	if start[0] >= 0xfe {
		t.bom = 2
	}
	t.from, t.place = t.bom, t.units(t.bom)
	return t, nil
}

func (t *text) format() string {
	switch t.order {
	case nil:
		return wire.MediaType
	case binary.BigEndian:
		return wire.UTF16BigEndian
	default:
		return wire.UTF16Little
	}
}

// reader returns what is to be split.
func (t *text) reader() io.Reader {
	if t.order == nil {
		return io.NewSectionReader(t.file, 0, t.size)
	}
	t.last = t.units(t.bom)
	return t.last
}

func (t *text) units(from int64) *units {
	return &units{order: t.order, in: bufio.NewReaderSize(io.NewSectionReader(t.file, from, t.size-from), 64<<10)}
}

// original returns where a piece of the text stands in the file. Pieces are
// asked for in order. The first takes the byte order mark with it.
func (t *text) original(begin, end int64) (from, to int64, err error) {
	if t.order == nil {
		return begin, end, nil
	}
	if from, err = t.advance(begin); err != nil {
		return 0, 0, err
	}
	if to, err = t.advance(end); err != nil {
		return 0, 0, err
	}
	if from == t.bom {
		from = 0
	}
	return from, to, nil
}

// advance reads on to an offset in the UTF-8 text and returns the file's.
func (t *text) advance(to int64) (int64, error) {
	for t.at < to {
		r, size, err := t.place.next()
		if err != nil {
			return 0, err
		}
		t.at += int64(utf8.RuneLen(r))
		t.from += int64(size)
	}
	return t.from, nil
}

// readable returns the beginning of a message as UTF-8.
func (t *text) readable(head []byte) []byte {
	if t.order == nil {
		return head
	}
	utf8, _, _ := hl7v2.FromUTF16(head)
	return utf8
}

// cutOff reports, once the text was read, whether the file ended within a
// UTF-16 character.
func (t *text) cutOff() bool { return t.last != nil && t.last.half }

// units reads UTF-16. As an io.Reader it gives UTF-8. Half of a pair is U+FFFD.
type units struct {
	order binary.ByteOrder
	in    *bufio.Reader
	char  [utf8.UTFMax]byte
	left  []byte // of char: what Read had no room for
	half  bool   // the last byte was alone
}

// next returns a character and how many bytes it took in the file.
func (u *units) next() (r rune, size int, err error) {
	pair, err := u.in.Peek(4)
	if len(pair) < 2 {
		u.half = u.half || len(pair) == 1
		if err == nil || len(pair) == 1 {
			err = io.EOF
		}
		return 0, 0, err
	}
	r, size = rune(u.order.Uint16(pair)), 2
	if utf16.IsSurrogate(r) {
		first := r
		r = utf8.RuneError
		if len(pair) == 4 {
			if r = utf16.DecodeRune(first, rune(u.order.Uint16(pair[2:]))); r != utf8.RuneError {
				size = 4
			}
		}
	}
	_, err = u.in.Discard(size)
	return r, size, err
}

// Read gives the text as UTF-8.
func (u *units) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(u.left) == 0 {
			r, _, err := u.next()
			if err != nil {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
			u.left = utf8.AppendRune(u.char[:0], r)
		}
		k := copy(p[n:], u.left)
		u.left = u.left[k:]
		n += k
	}
	return n, nil
}
