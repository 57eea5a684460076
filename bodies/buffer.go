package bodies

import (
	"encoding/binary"
	"errors"
	"time"

	"handover/internal/varint"
)

// errBody is all that can be said of a body that was not written here.
var errBody = errors.New("the body of a fact cannot be read")

// writer gathers a body: texts that stand in it once each, in the order in
// which they are first met, and numbers that say which text is where.
type writer struct {
	b     []byte
	texts []byte   // one after the other
	ends  []uint64 // of each in texts
	known map[string]uint64
}

func (w *writer) reset() {
	w.b, w.texts, w.ends = w.b[:0], w.texts[:0], w.ends[:0]
	if w.known == nil {
		w.known = map[string]uint64{}
	}
	clear(w.known)
}

func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) count(n int)   { w.uint(uint64(n)) }
func (w *writer) int(n int64)   { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) byte(b byte)   { w.b = append(w.b, b) }

// text writes which text stands here: 0 for the next that was not met before.
func (w *writer) text(s string) {
	if n, ok := w.known[s]; ok {
		w.uint(n)
		return
	}
	w.add(s)
}

func (w *writer) textOf(s []byte) {
	if n, ok := w.known[string(s)]; ok {
		w.uint(n)
		return
	}
	w.add(string(s))
}

func (w *writer) add(s string) {
	w.texts = append(w.texts, s...)
	w.ends = append(w.ends, uint64(len(w.texts)))
	w.known[s] = uint64(len(w.ends))
	w.uint(0)
}

// time writes 0 for no time, else seconds, nanoseconds and the zone.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.byte(0)
		return
	}
	w.byte(1)
	_, zone := t.Zone()
	w.int(t.Unix())
	w.uint(uint64(t.Nanosecond()))
	w.int(int64(zone))
}

// appendTo appends the whole body: the texts' lengths, the texts, the rest.
func (w *writer) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(w.ends)))
	begin := uint64(0)
	for _, end := range w.ends {
		b = binary.AppendUvarint(b, end-begin)
		begin = end
	}
	return append(append(b, w.texts...), w.b...)
}

// reader reads what a writer wrote.
type reader struct {
	varint.Reader
	list []string
	next int // text that was not met yet
}

// newReader takes the texts apart; the strings share one copy of them.
func newReader(body []byte) *reader {
	r := &reader{Reader: varint.Reader{B: body}}
	n := r.Count()
	sizes := make([]uint64, n)
	whole := uint64(0)
	for i := range sizes {
		sizes[i] = r.Uint()
		if sizes[i] > uint64(len(body)) {
			r.Fail()
		}
		whole += sizes[i]
	}
	all := string(r.Take(whole))
	if r.Bad {
		return r
	}
	r.list = make([]string, n)
	for i, size := range sizes {
		r.list[i], all = all[:size], all[size:]
	}
	return r
}

// done reports an error unless everything was read and nothing was wrong.
func (r *reader) done() error {
	if r.Bad || len(r.B) > 0 || r.next < len(r.list) {
		return errBody
	}
	return nil
}

func (r *reader) text() string {
	n := r.Uint()
	if n == 0 {
		r.next++
		n = uint64(r.next)
	}
	if r.Bad || n > uint64(r.next) || n > uint64(len(r.list)) {
		r.Fail()
		return ""
	}
	return r.list[n-1]
}

func (r *reader) time() time.Time {
	switch r.Byte() {
	case 0:
		return time.Time{}
	case 1:
	default:
		r.Fail()
	}
	seconds, nanos, zone := r.Int(), r.Uint(), r.Int()
	if nanos >= 1e9 || zone <= -24*3600 || zone >= 24*3600 {
		r.Fail()
		return time.Time{}
	}
	t := time.Unix(seconds, int64(nanos)).UTC()
	if zone != 0 {
		t = t.In(time.FixedZone("", int(zone)))
	}
	return t
}
