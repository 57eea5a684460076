package journal

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
	"sync"
	"time"

	"handover"
)

const (
	exactSize   = 10 // bytes of a mark for source, control id and content
	controlSize = 6  // and for source and control id
	markSize    = exactSize + controlSize

	// blockMarks is how many marks one stored block holds, and blockFacts how
	// many facts it may span: both bound what is read when the journal opens.
	blockMarks = 4096
	blockFacts = 8192
)

// marker computes marks under a key.
type marker struct{ macs sync.Pool } // of *markMAC: to make one costs more than to use it

type markMAC struct {
	hash.Hash
	text []byte
}

func newMarker(key []byte) *marker {
	m := &marker{}
	m.macs.New = func() any { return &markMAC{Hash: hmac.New(sha256.New, key)} }
	return m
}

func (m *marker) mark(source, control string, content [sha256.Size]byte) []byte {
	mac := m.macs.Get().(*markMAC)
	defer m.macs.Put(mac)
	mark := make([]byte, 0, markSize)
	mark = append(mark, mac.of(source, control, string(content[:]))[:exactSize]...)
	return append(mark, mac.of(source, control)[:controlSize]...)
}

// of returns the MAC of texts, each after its length, until the next call.
func (m *markMAC) of(parts ...string) []byte {
	m.Reset()
	m.text = m.text[:0]
	for _, p := range parts {
		m.text = append(binary.BigEndian.AppendUint64(m.text, uint64(len(p))), p...)
	}
	m.Write(m.text)
	m.text = m.Sum(m.text[:0])
	return m.text
}

// marked is a received message in the window.
type marked struct {
	at   handover.Offset
	time int64 // milliseconds
	mark [markSize]byte
}

func exactOf(mark []byte) uint64 { return binary.BigEndian.Uint64(mark) }

func controlOf(mark []byte) uint64 {
	return binary.BigEndian.Uint64(mark[markSize-8:]) & (1<<(8*controlSize) - 1)
}

// window knows which messages came lately. It holds a part of each mark; whether
// two are the same is decided on whole marks, 128 bits, which lie in the journal.
type window struct {
	length int64 // milliseconds
	eras   []*era
}

// era is a stretch of the window that is forgotten as one.
type era struct {
	since   int64                      // milliseconds
	control *controls                  // first message with this control id
	exact   map[uint64]handover.Offset // messages with a control id that was there
}

// eras in a window: what is known longer than promised is at most an era.
const eraCount = 8

func newWindow(length time.Duration) *window { return &window{length: length.Milliseconds()} }

// candidates returns the offsets of earlier messages that may have the same
// content, or the same control id, newest last.
func (w *window) candidates(mark []byte, now int64) (found []handover.Offset) {
	w.forget(now)
	for _, e := range w.eras {
		if at, ok := e.control.get(controlOf(mark)); ok {
			found = append(found, at)
		}
		if at, ok := e.exact[exactOf(mark)]; ok {
			found = append(found, at)
		}
	}
	return found
}

// fill remembers many messages, the oldest first.
func (w *window) fill(all []marked) {
	for i, m := range all {
		if w.ended(m.time) {
			same, _ := slices.BinarySearchFunc(all[i:], m.time+w.length/eraCount+1, func(m marked, end int64) int { return cmp.Compare(m.time, end) })
			w.begin(m.time, same)
		}
		w.add(m)
	}
}

// ended reports whether a message of that time begins an era.
func (w *window) ended(time int64) bool {
	n := len(w.eras)
	return n == 0 || time-w.eras[n-1].since > w.length/eraCount
}

// begin begins an era of about so many messages.
func (w *window) begin(time int64, messages int) {
	w.eras = append(w.eras, &era{since: time, control: newControls(messages), exact: map[uint64]handover.Offset{}})
}

// add remembers a message. Times do not fall.
func (w *window) add(m marked) {
	w.forget(m.time)
	if w.ended(m.time) {
		w.begin(m.time, 0)
	}
	e := w.eras[len(w.eras)-1]
	for _, old := range w.eras {
		if _, known := old.control.get(controlOf(m.mark[:])); known {
			e.exact[exactOf(m.mark[:])] = m.at
			return
		}
	}
	e.control.put(controlOf(m.mark[:]), m.at)
}

// forget drops eras that ended before the window.
func (w *window) forget(now int64) {
	for len(w.eras) > 1 && w.eras[1].since < now-w.length {
		w.eras = w.eras[1:]
	}
}

// markBlock is a stored stretch of marks, in order of offset.
type markBlock struct {
	at    handover.Offset // the block speaks for all facts up to here
	time  int64           // of the last mark, milliseconds
	marks []marked
}

// encode writes the marks as docs/formats/journal-1.md says.
func (b *markBlock) encode() []byte {
	out := make([]byte, 0, len(b.marks)*(markSize+6))
	var at, when int64
	for _, m := range b.marks {
		out = binary.AppendUvarint(out, uint64(int64(m.at)-at))
		out = binary.AppendUvarint(out, uint64(m.time-when))
		out = append(out, m.mark[:]...)
		at, when = int64(m.at), m.time
	}
	return out
}

var errMarks = errors.New("a block of marks cannot be read")

func decodeMarks(b []byte) (marks []marked, err error) {
	marks = make([]marked, 0, len(b)/(markSize+2))
	var at, when int64
	for len(b) > 0 {
		a, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errMarks
		}
		t, m := binary.Uvarint(b[n:])
		if m <= 0 || len(b) < n+m+markSize {
			return nil, errMarks
		}
		at, when = at+int64(a), when+int64(t)
		b = b[n+m:]
		marks = append(marks, marked{handover.Offset(at), when, [markSize]byte(b)})
		b = b[markSize:]
	}
	return marks, nil
}
