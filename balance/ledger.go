package balance

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/klauspost/compress/s2"

	"handover"
	"handover/internal/store"
)

// ledger says of each offset what the fact there is, as far as tables are held
// against it: the state of a message, or how many versions a Written fact made; 0 is
// all else.
type ledger struct {
	chunks map[int64]*chunk // that are at hand
	dirty  int              // of them, those that are to be written
	sums   []summary        // of all chunks
	read   func(chunk int64) ([]byte, error)
}

// chunk are the values of chunkSize offsets.
type chunk struct {
	values [chunkSize]uint16
	dirty  bool
}

// summary is of the messages of a chunk.
type summary struct {
	messages int64
	weight   int64           // sum of handover.State.Weight
	versions int64           // of Written facts
	touched  handover.Offset // the last fact that changed it
}

// chunksAtHand is how many chunks are kept in memory that are as on disk.
const chunksAtHand = 32

// versions marks the value of a Written fact.
const versions = 0x8000

func stateValue(s handover.State) uint16 { return uint16(s.Number()) }

func versionsValue(n int64) uint16 { return versions | uint16(min(n, versions-1)) }

func newLedger() *ledger { return &ledger{chunks: map[int64]*chunk{}} }

// at returns a chunk, reading it if it is not at hand.
func (l *ledger) at(n int64) (*chunk, error) {
	c := l.chunks[n]
	if c == nil {
		c = &chunk{}
		if l.read != nil && n < int64(len(l.sums)) {
			body, err := l.read(n)
			if err != nil {
				return nil, err
			}
			c.decode(body)
		}
		l.chunks[n] = c
	}
	for int64(len(l.sums)) <= n {
		l.sums = append(l.sums, summary{})
	}
	return c, nil
}

// get returns a value whose chunk is at hand; 0 of what cannot be an offset yet.
func (l *ledger) get(at handover.Offset) uint16 {
	c := l.chunks[chunkOf(at)]
	if c == nil || at <= 0 {
		return 0
	}
	return c.values[at%chunkSize]
}

// set changes a value, whose chunk is at hand, by the fact at an offset.
func (l *ledger) set(at, by handover.Offset, value uint16) {
	c, s := l.chunks[chunkOf(at)], &l.sums[chunkOf(at)]
	s.count(at, c.values[at%chunkSize], -1)
	s.count(at, value, 1)
	if !c.dirty {
		c.dirty = true
		l.dirty++
	}
	c.values[at%chunkSize], s.touched = value, by
}

func (s *summary) count(at handover.Offset, value uint16, sign int64) {
	switch {
	case value >= versions:
		s.versions += sign * int64(value-versions)
	case value > 0:
		s.messages += sign
		s.weight += sign * handover.States[value-1].Weight(at)
	}
}

func (c *chunk) encode() []byte {
	raw := make([]byte, 0, 2*chunkSize)
	for _, v := range c.values {
		raw = binary.LittleEndian.AppendUint16(raw, v)
	}
	return s2.Encode(nil, raw)
}

// decode reads what encode wrote; what it cannot read is as if nothing was there, so
// that the tables are found to differ.
func (c *chunk) decode(body []byte) {
	raw, err := s2.Decode(nil, body)
	if err != nil {
		return
	}
	for i := 0; i < chunkSize && 2*i+1 < len(raw); i++ {
		c.values[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
}

// write writes the chunks that changed.
func (l *ledger) write(ctx context.Context, tx *store.Tx) error {
	var rows [][]any
	for n, c := range l.chunks {
		if s := l.sums[n]; c.dirty {
			rows = append(rows, []any{n, s.messages, s.weight, s.versions, int64(s.touched), c.encode()})
		}
	}
	return tx.ExecEach(ctx, `INSERT INTO chunk (chunk, messages, weight, versions, touched, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (chunk) DO UPDATE SET messages = excluded.messages, weight = excluded.weight, versions = excluded.versions,
		touched = excluded.touched, body = excluded.body`, rows)
}

// written says that all is on disk.
func (l *ledger) written() {
	for _, c := range l.chunks {
		c.dirty = false
	}
	l.dirty = 0
	l.trim()
}

// trim forgets the oldest chunks that are as on disk.
func (l *ledger) trim() {
	if len(l.chunks) <= l.dirty+chunksAtHand {
		return
	}
	for _, n := range slices.Sorted(maps.Keys(l.chunks)) {
		if len(l.chunks) <= l.dirty+chunksAtHand {
			return
		}
		if !l.chunks[n].dirty {
			delete(l.chunks, n)
		}
	}
}
