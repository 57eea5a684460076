package record

import (
	"bytes"
	"container/list"
	"sync"
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
	ring  *ring
}

func newStateCache(limit, bytes int) *stateCache {
	return &stateCache{limit: limit, byRef: map[ref]*list.Element{}, order: list.New(), ring: newRing(bytes)}
}

// get returns the state, nil if it is not kept here.
func (c *stateCache) get(r ref) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byRef[r]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*state)
	}
	parts, rid := c.find(r)
	if rid == 0 {
		return nil
	}
	s, err := decode(parts[3], r, bytes.Clone(parts[2]))
	if err != nil {
		return nil // the tables have it
	}
	s.rid = &rid
	c.ready(s)
	return s
}

// find returns what the ring has of a resource: its content, its state encoded.
func (c *stateCache) find(r ref) (parts [4][]byte, rid int64) {
	parts, rid = c.ring.find(r.hash())
	if string(parts[0]) != r.Type || string(parts[1]) != r.ID {
		return parts, 0
	}
	return parts, rid
}

// row returns the row id of a resource whose state is kept here; 0 if it is not.
func (c *stateCache) row(r ref) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byRef[r]; e != nil {
		return *e.Value.(*state).rid
	}
	_, rid := c.find(r)
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
	c.ring.put(s.hash(), *s.rid, s.ref, s.content, encoded)
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
	c.ring = newRing(len(c.ring.room))
}

// leads keeps what the identifiers lead to that were used last.
type leads struct {
	mu   sync.Mutex
	ring *ring // by the key's hash, with the key
}

// leadBytes is room for some eight thousand identifiers.
const leadBytes = 1 << 20

func newLeads() *leads { return &leads{ring: newRing(leadBytes)} }

// get returns the resource that a key leads to, if that is kept here. No resource
// has the key as its id.
func (l *leads) get(key string) (to ref, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hash := keyHash(key)
	parts, rid := l.ring.find(hash)
	if rid == 0 || string(parts[2]) != key {
		return to, false
	}
	to = ref{string(parts[0]), string(parts[1])}
	l.ring.used(hash)
	return to, true
}

// put keeps that a key leads to the resource of a row.
func (l *leads) put(key string, to ref, rid int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring.put(keyHash(key), rid, to, []byte(key), nil)
}

// drop forgets a key, because a resource has it as its id.
func (l *leads) drop(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring.drop(keyHash(key))
}

func (l *leads) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring = newRing(leadBytes)
}
