package handover

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ResourceID returns the id that a resource gets when it is first seen: 32
// lower-case characters of base32, the first 20 bytes of HMAC-SHA256 under the
// site key over type, authority and value, each preceded by its length (8
// bytes, big-endian). It is stable, and cannot be guessed back without the key.
func ResourceID(siteKey []byte, resourceType, authority, value string) string {
	m, _ := idMACs.Get().(*idMAC)
	if m == nil || !bytes.Equal(m.key, siteKey) {
		m = &idMAC{key: bytes.Clone(siteKey), mac: hmac.New(sha256.New, siteKey)}
	}
	defer idMACs.Put(m)
	m.mac.Reset()
	m.text = m.text[:0]
	for _, part := range [...]string{resourceType, authority, value} {
		m.text = append(binary.BigEndian.AppendUint64(m.text, uint64(len(part))), part...)
	}
	m.mac.Write(m.text)
	m.text = m.mac.Sum(m.text[:0])
	return idEncoding.EncodeToString(m.text[:20])
}

// PackID returns the 20 bytes that an id of ResourceID stands for; ok is false
// where the id cannot be one.
func PackID(id string) (packed []byte, ok bool) {
	if len(id) != 32 {
		return nil, false
	}
	packed, err := idEncoding.DecodeString(id)
	return packed, err == nil && len(packed) == 20
}

// UnpackID returns the id that 20 bytes stand for.
func UnpackID(packed []byte) string { return idEncoding.EncodeToString(packed) }

// idMAC is an HMAC under a site key, kept because making one costs more than
// using it.
type idMAC struct {
	key  []byte
	mac  hash.Hash
	text []byte
}

var idMACs sync.Pool // of *idMAC

// DocumentKey returns the key by which a document is found that a message
// carried: the first 16 bytes of HMAC-SHA256 under the site key over "document"
// and the SHA-256 of its content. Without the key nobody can find out whether a
// known document is there.
func DocumentKey(siteKey []byte, digest [sha256.Size]byte) []byte {
	mac := hmac.New(sha256.New, siteKey)
	mac.Write([]byte("document"))
	mac.Write(digest[:])
	return mac.Sum(nil)[:16]
}

// OrderKey returns what stands for an ordering key in facts: 16 hexadecimal digits
// of HMAC-SHA256 under the site key over "order" and the key. It says nothing of the
// key to whoever has not the site key.
func OrderKey(siteKey []byte, key string) string {
	mac := hmac.New(sha256.New, siteKey)
	mac.Write([]byte("order"))
	mac.Write([]byte(key))
	return hex.EncodeToString(mac.Sum(nil)[:8])
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
