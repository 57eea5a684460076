package varint

import (
	"encoding/binary"
	"testing"
)

func TestReader(t *testing.T) {
	b := binary.AppendVarint(binary.AppendUvarint(nil, 300), -7)
	b = append(b, 2, 'a', 'b')
	r := Reader{B: b}
	if n, i, s := r.Uint(), r.Int(), string(r.Take(uint64(r.Count()))); n != 300 || i != -7 || s != "ab" || r.Bad || len(r.B) > 0 {
		t.Errorf("read %d, %d, %q; left %d bytes, bad %v", n, i, s, len(r.B), r.Bad)
	}
}

// After a fault nothing more is read, whatever follows.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]struct {
		b    []byte
		read func(*Reader)
	}{
		"an endless number":         {[]byte{0x80, 0x80}, func(r *Reader) { r.Uint() }},
		"an endless signed number":  {[]byte{0x80}, func(r *Reader) { r.Int() }},
		"no byte":                   {nil, func(r *Reader) { r.Byte() }},
		"more bytes than there are": {[]byte{1, 2}, func(r *Reader) { r.Take(3) }},
		"more things than bytes":    {[]byte{9, 1}, func(r *Reader) { r.Count() }},
	} {
		r := Reader{B: fault.b}
		if fault.read(&r); !r.Bad || r.Uint() != 0 || r.Int() != 0 || r.Byte() != 0 || r.Take(1) != nil || r.Count() != 0 {
			t.Errorf("%s: bad is %v", name, r.Bad)
		}
	}
}
