package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxControl is how much of MSH-10 a file's name has.
const maxControl = 60

// FileName is the name of the file that holds a message on its way out: MSH-10 as far as
// names allow it, and a part of the digest of its bytes, so that the same message has the
// same name and no other has.
func FileName(control string, message []byte) string {
	sum := sha256.Sum256(message)
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, control)
	return plain[:min(len(plain), maxControl)] + "." + hex.EncodeToString(sum[:6]) + ".hl7"
}
