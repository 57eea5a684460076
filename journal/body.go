package journal

import (
	"encoding/binary"
	"errors"

	"handover"
)

// The forms of a stored body: docs/formats/journal-1.md, "Body".
const (
	formPlain = 0
	formPack  = 1
	formFile  = 2
)

// maxSpan bounds how many facts a pack may reach over.
const maxSpan = 1 << 16

// stored is a body column taken apart.
type stored struct {
	form byte
	salt []byte
	data []byte // plain: the content; pack: this fact's piece of the frame
	pack packRef
	name string // file
}

// packRef says where a content lies in a pack.
type packRef struct {
	owner handover.Offset // the first fact with a piece of the frame
	span  int64           // how far after it the last one is
	start int64           // where the content begins in the unpacked frame
}

// errBody says that a body is damaged: reading it again gives the same.
var errBody = damaged(errors.New("the stored body cannot be read"))

func damaged(why error) error {
	return &handover.Error{Op: "reading a body", Kind: handover.Damaged, Err: why}
}

// parseBody takes apart the body column of the fact at an offset.
func parseBody(at handover.Offset, b []byte) (stored, error) {
	if len(b) < 1+saltSize {
		return stored{}, errBody
	}
	s := stored{form: b[0], salt: b[1 : 1+saltSize]}
	rest := b[1+saltSize:]
	switch s.form {
	case formPlain:
		s.data = rest
	case formFile:
		s.name = string(rest)
	case formPack:
		var v [3]uint64 // back to the owner, span, start
		for i := range v {
			x, n := binary.Uvarint(rest)
			if n <= 0 {
				return stored{}, errBody
			}
			v[i], rest = x, rest[n:]
		}
		if v[0] >= uint64(at) || v[1] > maxSpan || v[0] > v[1] || v[2] > maxPack {
			return stored{}, errBody
		}
		s.pack = packRef{at - handover.Offset(v[0]), int64(v[1]), int64(v[2])}
		s.data = rest
	default:
		return stored{}, errBody
	}
	return s, nil
}

func startBody(form byte, salt []byte) []byte {
	return append(append(make([]byte, 0, 64), form), salt...)
}

func plainBody(salt, content []byte) []byte {
	return append(startBody(formPlain, salt), content...)
}

func packBody(salt []byte, back, span, start uint64, piece []byte) []byte {
	b := startBody(formPack, salt)
	for _, v := range [...]uint64{back, span, start} {
		b = binary.AppendUvarint(b, v)
	}
	return append(b, piece...)
}

func fileBody(salt []byte, name string) []byte {
	return append(startBody(formFile, salt), name...)
}
