package journal

import (
	"runtime"
	"unsafe"

	"handover"
	"handover/internal/offheap"
)

// controls leads from numbers of 48 bits, which are parts of digests and so come in
// no order, to offsets. It is a hash table outside of Go's heap: a window may hold
// millions of them, and Go would let its heap grow by a share of that.
type controls struct {
	room *offheap.Room
	high []uint32 // the upper 32 bits of the number; both in room
	low  []uint64 // its lower 16 bits, and the offset in 48; 0: nothing is here
	used int
}

const fewControls = 1 << 10

// newControls makes a table with room for so many numbers.
func newControls(numbers int) *controls {
	c := &controls{}
	c.make(max(fewControls, numbers+numbers/3))
	return c
}

func (c *controls) make(slots int) {
	c.room = offheap.New(slots * 12)
	start := unsafe.Pointer(&c.room.Bytes()[0])
	c.low = unsafe.Slice((*uint64)(start), slots)
	c.high = unsafe.Slice((*uint32)(unsafe.Add(start, slots*8)), slots)
}

// slot returns where the number is, or would be put.
func (c *controls) slot(number uint64) int {
	high, low := uint32(number>>16), number<<48
	i := int(uint64(high) * uint64(len(c.high)) >> 32)
	for c.low[i] != 0 && (c.high[i] != high || c.low[i]&(0xffff<<48) != low) {
		if i++; i == len(c.low) {
			i = 0
		}
	}
	return i
}

func (c *controls) get(number uint64) (at handover.Offset, ok bool) {
	low := c.low[c.slot(number)]
	return handover.Offset(low & (1<<48 - 1)), low != 0
}

// put sets the offset of a number, at least 1.
func (c *controls) put(number uint64, at handover.Offset) {
	if c.used >= len(c.low)/5*4 {
		c.grow()
	}
	i := c.slot(number)
	if c.low[i] == 0 {
		c.used++
	}
	c.high[i], c.low[i] = uint32(number>>16), number<<48|uint64(at)
}

// grow makes the table longer by a third: so at least three fifths of it are used.
func (c *controls) grow() {
	old := *c
	c.make(len(old.low) + len(old.low)/3)
	for i, low := range old.low {
		if low != 0 {
			j := c.slot(uint64(old.high[i])<<16 | low>>48)
			c.high[j], c.low[j] = old.high[i], low
		}
	}
	runtime.KeepAlive(old.room)
}
