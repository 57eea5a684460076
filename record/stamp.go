package record

import (
	"cmp"
	"encoding/binary"
	"math"
	"time"

	"handover"
)

// ref names a resource.
type ref struct{ Type, ID string }

func (r ref) String() string { return r.Type + "/" + r.ID }

// stamp says who said something, when, and of which patient. All items that one
// message asserts of one resource share a stamp.
type stamp struct {
	source     string
	claim      string // id of the Patient that the message said it belongs to; "": none
	offset     handover.Offset
	event      int64 // µs since 1970: when it happened
	sent       int64 // µs since 1970: MSH-7
	tie        uint64
	correction bool
}

func newStamp(a *handover.Assertions, offset handover.Offset) stamp {
	return stamp{
		source: a.Source,
		offset: offset,
		event:  micro(a.EventTime),
		sent:   micro(a.SentTime),
		tie:    tie(a.Digest),
	}
}

// micro puts what has no time before everything that has one.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMicro()
}

// tie is the first 8 bytes of the message's digest. It decides between messages
// of the same two times, in a way that does not depend on their arrival.
func tie(digest []byte) uint64 {
	var b [8]byte
	copy(b[:], digest)
	return binary.BigEndian.Uint64(b[:])
}

// compare orders by event time, then sent time, then digest: never by offset.
func (s *stamp) compare(o *stamp) int {
	return cmp.Or(
		cmp.Compare(s.event, o.event),
		cmp.Compare(s.sent, o.sent),
		cmp.Compare(s.tie, o.tie),
	)
}

// sameVoice reports whether both are of one source about one patient. Only such
// items replace each other.
func (s *stamp) sameVoice(o *stamp) bool { return s.source == o.source && s.claim == o.claim }
