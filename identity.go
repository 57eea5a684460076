package handover

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ResourceID returns the id that a resource gets when it is first seen: 32
// lower-case characters of base32, the first 20 bytes of HMAC-SHA256 under the
// site key over type, authority and value, each preceded by its length (8
// bytes, big-endian). It is stable, and cannot be guessed back without the key.
func ResourceID(siteKey []byte, resourceType, authority, value string) string {
	mac := hmac.New(sha256.New, siteKey)
	for _, part := range []string{resourceType, authority, value} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return strings.ToLower(idEncoding.EncodeToString(mac.Sum(nil)[:20]))
}

// Qualified returns the authority of the identity with all that makes its value
// unique: the source where none is named, the resource within which it counts,
// and for order and result numbers the patient. Scope and patient are
// "Type/id", or "" where there is none.
func (id Identity) Qualified(source, scope, patient string) string {
	authority := id.Authority
	if authority == "" {
		authority = "source:" + source
	}
	if id.Scope != "" {
		authority += " of " + scope
	}
	if id.Order && patient != "" && (id.Scope == "" || patient != scope) {
		authority += " of " + patient
	}
	return authority
}
