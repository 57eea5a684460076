// Package varint reads binary forms made of varints and of bytes whose number a
// varint says. It promises that hostile bytes make no panic and no room for what
// is not there: after the first fault a Reader yields nothing more, so that only
// the end need ask.
package varint

import "encoding/binary"

// Reader reads B from its beginning, and keeps in it what is left.
type Reader struct {
	B   []byte
	Bad bool // there was a fault
}

// Fail ends the reading.
func (r *Reader) Fail() { r.Bad, r.B = true, nil }

// Uint reads an unsigned varint.
func (r *Reader) Uint() uint64 {
	n, size := binary.Uvarint(r.B)
	if size <= 0 {
		r.Fail()
		return 0
	}
	r.B = r.B[size:]
	return n
}

// Int reads a signed varint.
func (r *Reader) Int() int64 {
	n, size := binary.Varint(r.B)
	if size <= 0 {
		r.Fail()
		return 0
	}
	r.B = r.B[size:]
	return n
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Take reads so many bytes, which are not copied.
func (r *Reader) Take(n uint64) []byte {
	if uint64(len(r.B)) < n {
		r.Fail()
		return nil
	}
	out := r.B[:n:n]
	r.B = r.B[n:]
	return out
}

// Count reads how many things follow, each of which takes a byte at least, so
// that nothing is made room for that is not there.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > uint64(len(r.B)) {
		r.Fail()
		return 0
	}
	return int(n)
}
