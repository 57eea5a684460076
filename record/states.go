package record

import (
	"container/list"
	"encoding/binary"
	"sync"

	"handover/internal/offheap"
)

// stateCache keeps the states used last, as they are in the tables: few ready
// for use, and many more encoded, in a ring of bytes that costs the collector
// nothing. The next message on the same patient or order mostly finds there
// what it needs.
type stateCache struct {
	mu    sync.Mutex
	limit int
	byRef map[ref]*list.Element
	order *list.List // of *state, latest first
	ring  *stateRing
}

func newStateCache(limit, bytes int) *stateCache {
	return &stateCache{limit: limit, byRef: map[ref]*list.Element{}, order: list.New(), ring: newStateRing(bytes)}
}

// get returns the state, nil if it is not kept here.
func (c *stateCache) get(r ref) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byRef[r]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*state)
	}
	s := c.ring.get(r)
	if s != nil {
		c.ready(s)
	}
	return s
}

// row returns the row id of a resource whose state is kept here; 0 if it is not.
func (c *stateCache) row(r ref) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byRef[r]; e != nil {
		return *e.Value.(*state).rid
	}
	_, rid := c.ring.find(r)
	return rid
}

// put keeps a state that was read from the tables.
func (c *stateCache) put(s *state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready(s)
}

// applied keeps a state that now is in the tables, where encoded stands. Itself
// it would hold much more: all that its message said, of which its texts are parts.
func (c *stateCache) applied(s *state, encoded []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring.put(s, encoded)
	if e := c.byRef[s.ref]; e != nil {
		delete(c.byRef, s.ref)
		c.order.Remove(e)
	}
}

func (c *stateCache) ready(s *state) {
	if e := c.byRef[s.ref]; e != nil {
		e.Value = s
		c.order.MoveToFront(e)
		return
	}
	c.byRef[s.ref] = c.order.PushFront(s)
	if c.order.Len() > c.limit {
		last := c.order.Back()
		delete(c.byRef, last.Value.(*state).ref)
		c.order.Remove(last)
	}
}

func (c *stateCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byRef = map[ref]*list.Element{}
	c.order.Init()
	c.ring = newStateRing(len(c.ring.room))
}

// stateRing holds encoded states, the newest in the place of the oldest. An
// entry is its own length, the hash of its name, the row id, the lengths of type,
// id and content (4, 8, 8 and three times 4 bytes), then type, id, content and
// state.
type stateRing struct {
	held *offheap.Room
	room []byte        // of held
	at   map[int64]int // hash → where the newest entry of that name begins
	head int           // where the next entry goes
	tail int           // where the oldest entry begins
	end  int           // where the entries before the room's end end, while head is below tail
}

const ringHeader = 4 + 8 + 8 + 3*4

func newStateRing(bytes int) *stateRing {
	held := offheap.New(bytes)
	return &stateRing{held: held, room: held.Bytes(), at: map[int64]int{}}
}

// put takes in a state; whatever was there of the same resource counts no more.
func (q *stateRing) put(s *state, encoded []byte) {
	hash := s.hash()
	delete(q.at, hash)
	size := ringHeader + len(s.Type) + len(s.ID) + len(s.content) + len(encoded)
	if size > len(q.room)/16 { // it would drive out too many others
		return
	}
	q.vacate(size)
	b := q.room[q.head:q.head:len(q.room)]
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint64(b, uint64(hash))
	b = binary.LittleEndian.AppendUint64(b, uint64(*s.rid))
	for _, n := range [...]int{len(s.Type), len(s.ID), len(s.content)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(append(b, s.Type...), s.ID...)
	_ = append(append(b, s.content...), encoded...)
	q.at[hash] = q.head
	q.head += size
}

// vacate makes so many bytes free at head, forgetting the oldest entries. Where
// the room's end is too near, head begins again at its start.
func (q *stateRing) vacate(size int) {
	if q.head+size > len(q.room) {
		for q.tail >= q.head && q.end > 0 {
			q.forget()
		}
		q.end, q.head = q.head, 0
	}
	for q.end > 0 && q.tail >= q.head && q.tail < q.head+size {
		q.forget()
	}
}

// forget takes out the oldest entry.
func (q *stateRing) forget() {
	size := int(binary.LittleEndian.Uint32(q.room[q.tail:]))
	hash := int64(binary.LittleEndian.Uint64(q.room[q.tail+4:]))
	if at, ok := q.at[hash]; ok && at == q.tail {
		delete(q.at, hash)
	}
	if q.tail += size; q.tail >= q.end {
		q.tail, q.end = 0, 0
	}
}

// find returns content and state of the resource, and its row; 0 if it is not
// here.
func (q *stateRing) find(r ref) (parts [2][]byte, rid int64) {
	at, ok := q.at[r.hash()]
	if !ok {
		return parts, 0
	}
	b := q.room[at:]
	rest := b[ringHeader:binary.LittleEndian.Uint32(b)]
	var cut [3][]byte
	for i := range cut {
		n := binary.LittleEndian.Uint32(b[20+4*i:])
		cut[i], rest = rest[:n], rest[n:]
	}
	if string(cut[0]) != r.Type || string(cut[1]) != r.ID {
		return parts, 0
	}
	return [2][]byte{cut[2], rest}, int64(binary.LittleEndian.Uint64(b[12:]))
}

// get decodes the state, nil if it is not here.
func (q *stateRing) get(r ref) *state {
	parts, rid := q.find(r)
	if rid == 0 {
		return nil
	}
	s, err := decode(parts[1], r, append([]byte(nil), parts[0]...))
	if err != nil {
		return nil // the tables have it
	}
	s.rid = &rid
	return s
}
