package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
)

// fact is a fact as it is kept: what the tree covers, and the stored form of
// the body.
type fact struct {
	at     handover.Offset
	head   handover.Header
	key    []byte
	digest [sha256.Size]byte // of salt and content
	size   int64             // of the content, in bytes
	slot   uint64            // key that wraps the body's key; 0: not sealed
	mark   []byte            // against duplicates; nil: none
	body   []byte            // as stored; nil: removed by retention
}

// leafPrefix separates our leaves from anything else that is hashed.
const leafPrefix = "handover fact 1\n"

// leaf returns the fact's leaf hash in the tree.
func (f *fact) leaf() tlog.Hash {
	b := make([]byte, 0, 512)
	b = append(b, leafPrefix...)
	number := func(n uint64) {
		b = binary.BigEndian.AppendUint64(b, 8)
		b = binary.BigEndian.AppendUint64(b, n)
	}
	text := func(s string) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	number(uint64(f.head.Kind))
	number(uint64(f.head.Time.UnixMilli()))
	text(string(f.key))
	text(f.head.Release)
	text(f.head.Source)
	number(uint64(f.head.Cause))
	number(uint64(f.head.Class))
	text(f.head.Actor)
	text(f.head.Format)
	text(f.head.Answer)
	text(f.head.Conn)
	number(uint64(f.size))
	text(string(f.digest[:]))
	if f.head.Trace != "" {
		text(f.head.Trace)
	}
	return tlog.RecordHash(b)
}

// saltSize is the length of the random bytes that go into a digest.
const saltSize = 16

// digestOf returns the salted digest of content with the given SHA-256.
func digestOf(salt []byte, content [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(append(make([]byte, 0, saltSize+sha256.Size), salt...), content[:]...))
}

// names gives texts numbers. A volume has its own.
type names interface {
	number(text string) uint64
	text(number uint64) (string, bool)
}

// appendHead encodes what `head` holds: docs/formats/journal-1.md, "Head".
func (f *fact) appendHead(b []byte, n names) []byte {
	b = append(b, f.digest[:]...)
	var back uint64
	if f.head.Cause > 0 {
		back = uint64(f.at - f.head.Cause)
	}
	for _, v := range [...]uint64{uint64(f.size), uint64(f.head.Class), back, f.slot,
		n.number(f.head.Release), n.number(f.head.Source), n.number(f.head.Actor),
		n.number(f.head.Format), n.number(f.head.Answer), n.number(f.head.Conn), uint64(len(f.mark))} {
		b = binary.AppendUvarint(b, v)
	}
	b = append(b, f.mark...)
	if f.head.Trace == "" {
		return b
	}
	return append(binary.AppendUvarint(b, uint64(len(f.head.Trace))), f.head.Trace...)
}

var errHead = errors.New("the head cannot be read")

// parseHead fills the fact from its encoded head; at, kind, time and key must
// be there already.
func (f *fact) parseHead(b []byte, n names) error {
	if len(b) < sha256.Size {
		return errHead
	}
	copy(f.digest[:], b)
	b = b[sha256.Size:]
	var v [11]uint64
	for i := range v {
		x, used := binary.Uvarint(b)
		if used <= 0 {
			return errHead
		}
		v[i], b = x, b[used:]
	}
	if uint64(len(b)) < v[10] || v[2] > uint64(f.at) || v[1] > 255 {
		return errHead
	}
	var ok bool
	if f.head.Trace, ok = parseTrace(b[v[10]:]); !ok {
		return errHead
	}
	b = b[:v[10]]
	f.size, f.head.Class, f.slot = int64(v[0]), handover.Retention(v[1]), v[3]
	if v[2] > 0 {
		f.head.Cause = f.at - handover.Offset(v[2])
	}
	for i, dest := range [...]*string{&f.head.Release, &f.head.Source, &f.head.Actor,
		&f.head.Format, &f.head.Answer, &f.head.Conn} {
		s, ok := n.text(v[4+i])
		if !ok {
			return errHead
		}
		*dest = s
	}
	if len(b) > 0 {
		f.mark = append([]byte(nil), b...)
	}
	return nil
}

// parseTrace reads what stands after the mark: nothing, or the trace with its length.
func parseTrace(b []byte) (trace string, ok bool) {
	if len(b) == 0 {
		return "", true
	}
	n, used := binary.Uvarint(b)
	if used <= 0 || n == 0 || n != uint64(len(b)-used) {
		return "", false
	}
	return string(b[used:]), true
}
