package record

import (
	"bytes"
	"container/list"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"handover/internal/store"
	"handover/internal/varint"
)

// A pack holds what one message did: for each resource it touched, the content
// of a new version (empty if there is none) and the state. Packed together they
// compress to a fraction of what they would take alone, and cost one row.
type pack struct {
	contents, states [][]byte
}

// The coders are shared: both are safe for concurrent use in the forms used
// here, and one goroutine at a time is enough for either.
var (
	packer = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10), zstd.WithEncoderCRC(true))
		if err != nil {
			panic("record: " + err.Error()) // only wrong options
		}
		return e
	})
	unpacker = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			panic("record: " + err.Error()) // only wrong options
		}
		return d
	})
)

// largeRoom is the length in bytes of a room that is not used again.
const largeRoom = 1 << 20

// rooms are where states and packs are written, which are kept in no more memory
// than they take.
var rooms = sync.Pool{New: func() any { return new([]byte) }}

// keepRoom returns what was written into a room, and lets the room be used again.
func keepRoom(room *[]byte, written []byte) []byte {
	if cap(written) <= largeRoom {
		*room = written
	}
	return bytes.Clone(written)
}

// encode writes the lengths, then all contents, then all states, so that what is
// alike lies together.
func (p *pack) encode() []byte {
	room, out := rooms.Get().(*[]byte), rooms.Get().(*[]byte)
	defer rooms.Put(room)
	defer rooms.Put(out)
	b := (*room)[:0]
	b = binary.AppendUvarint(b, uint64(len(p.contents)))
	for i := range p.contents {
		b = binary.AppendUvarint(b, uint64(len(p.contents[i])))
		b = binary.AppendUvarint(b, uint64(len(p.states[i])))
	}
	for _, c := range p.contents {
		b = append(b, c...)
	}
	for _, s := range p.states {
		b = append(b, s...)
	}
	if cap(b) <= largeRoom {
		*room = b
	}
	return keepRoom(out, packer().EncodeAll(b, (*out)[:0]))
}

func readPack(body []byte) (*pack, int, error) {
	raw, err := unpacker().DecodeAll(body, nil)
	if err != nil {
		return nil, 0, errState
	}
	r := &reader{Reader: varint.Reader{B: raw}}
	n := r.Count()
	sizes := make([][2]uint64, n)
	for i := range sizes {
		sizes[i] = [2]uint64{r.Uint(), r.Uint()}
	}
	p := &pack{contents: make([][]byte, n), states: make([][]byte, n)}
	for i := range sizes {
		p.contents[i] = r.Take(sizes[i][0])
	}
	for i := range sizes {
		p.states[i] = r.Take(sizes[i][1])
	}
	if r.Bad || len(r.B) > 0 {
		return nil, 0, errState
	}
	return p, len(raw), nil
}

// packCache keeps the packs read last, unpacked.
type packCache struct {
	mu    sync.Mutex
	limit int
	used  int
	byKey map[int64]*list.Element
	order *list.List // of packEntry, latest first
}

type packEntry struct {
	key  int64
	pack *pack
	size int
}

func newPackCache(limit int) *packCache {
	return &packCache{limit: limit, byKey: map[int64]*list.Element{}, order: list.New()}
}

func (c *packCache) get(key int64) *pack {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(packEntry).pack
}

func (c *packCache) put(key int64, p *pack, size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey[key] != nil || size > c.limit {
		return
	}
	c.byKey[key] = c.order.PushFront(packEntry{key, p, size})
	for c.used += size; c.used > c.limit; {
		e := c.order.Remove(c.order.Back()).(packEntry)
		delete(c.byKey, e.key)
		c.used -= e.size
	}
}

func (c *packCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKey = map[int64]*list.Element{}
	c.order.Init()
	c.used = 0
}

// readPacks returns the packs, from the cache or the table.
func (r *Record) readPacks(ctx context.Context, tx *store.Tx, keys []int64) (map[int64]*pack, error) {
	out := make(map[int64]*pack, len(keys))
	var missing []any
	for _, k := range keys {
		if _, ok := out[k]; ok || k == 0 {
			continue
		}
		out[k] = r.packs.get(k)
		if out[k] == nil {
			missing = append(missing, k)
		}
	}
	err := eachRow(ctx, tx, `SELECT pack, body FROM pack WHERE pack IN (%s)`, missing, func(scan func(...any) error) error {
		var k int64
		var body []byte
		if err := scan(&k, &body); err != nil {
			return err
		}
		p, size, err := readPack(body)
		if err != nil {
			return fmt.Errorf("reading pack %d: %w", k, err)
		}
		r.packs.put(k, p, size)
		out[k] = p
		return nil
	})
	return out, err
}

// eachRow runs the query with %s standing for the arguments' places, in parts
// of few sizes so that few statements are prepared.
func eachRow(ctx context.Context, tx *store.Tx, query string, args []any, fn func(scan func(...any) error) error) error {
	for len(args) > 0 {
		n := 1
		for n < len(args) && n < 64 {
			n *= 2
		}
		part := make([]any, n)
		used := copy(part, args)
		for i := used; i < n; i++ {
			part[i] = args[0]
		}
		args = args[used:]
		if err := tx.Each(ctx, fmt.Sprintf(query, "?"+strings.Repeat(", ?", n-1)), part, fn); err != nil {
			return err
		}
	}
	return nil
}
