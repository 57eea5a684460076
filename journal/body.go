package journal

import (
	"encoding/binary"
	"errors"

	"handover"
)

// The forms of a stored body: docs/formats/journal-1.md, "Body".
const (
	formPlain  = 0
	formPack   = 1
	formMember = 2
	formFile   = 3
)

// stored is a body column taken apart.
type stored struct {
	form  byte
	salt  []byte
	data  []byte          // plain: the content; pack: the frame
	owner handover.Offset // member: the fact that holds the pack
	start int64           // member: where the content begins in the pack
	name  string          // file
}

var errBody = errors.New("the stored body cannot be read")

// parseBody takes apart the body column of the fact at an offset.
func parseBody(at handover.Offset, b []byte) (stored, error) {
	if len(b) < 1+saltSize {
		return stored{}, errBody
	}
	s := stored{form: b[0], salt: b[1 : 1+saltSize]}
	rest := b[1+saltSize:]
	switch s.form {
	case formPlain, formPack:
		s.data = rest
	case formMember:
		back, n := binary.Uvarint(rest)
		if n <= 0 || back == 0 || back >= uint64(at) {
			return stored{}, errBody
		}
		start, m := binary.Uvarint(rest[n:])
		if m <= 0 || start > maxPack {
			return stored{}, errBody
		}
		s.owner, s.start = at-handover.Offset(back), int64(start)
	case formFile:
		s.name = string(rest)
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

func memberBody(salt []byte, back, start uint64) []byte {
	b := binary.AppendUvarint(startBody(formMember, salt), back)
	return binary.AppendUvarint(b, start)
}

func fileBody(salt []byte, name string) []byte {
	return append(startBody(formFile, salt), name...)
}
