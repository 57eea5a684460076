package wire

import (
	"bytes"
	"errors"
	"fmt"

	"handover"
	"handover/internal/spool"
)

// The limits of a Room that names none.
const (
	DefaultMaxMessage = 100 << 20 // bytes of one message
	DefaultInMemory   = 256 << 10 // bytes of a message that is not spooled
)

// reuse is the largest buffer that an idle connection keeps for its next message.
const reuse = 16 << 10

// Room is where messages are gathered. One Room serves all listeners of a
// program. The zero Room works: it keeps messages in memory only.
type Room struct {
	Spool      *spool.Dir // nil: nothing is spooled, and Memory alone decides
	Memory     *Memory    // shared by all; nil: no limit
	MaxMessage int64      // bytes; 0: DefaultMaxMessage
	InMemory   int64      // bytes; larger messages are spooled; 0: DefaultInMemory
}

func (r Room) withDefaults() Room {
	if r.MaxMessage <= 0 {
		r.MaxMessage = DefaultMaxMessage
	}
	if r.InMemory <= 0 {
		r.InMemory = DefaultInMemory
	}
	r.InMemory = max(r.InMemory, HeadSize)
	return r
}

// Collector gathers the bytes of one message after the other: in memory while
// a message is small and the budget lasts, in a spool file otherwise, and not
// at all once it is over the limit. It belongs to one goroutine. Its first
// HeadSize bytes it always holds, beyond the budget where it must.
type Collector struct {
	room  Room
	buf   []byte // the whole message, or its head once file or err is set
	taken int64  // of the budget
	file  *spool.File
	size  int64
	err   error
}

// NewCollector returns an empty collector. Release gives back what it holds.
func NewCollector(r Room) *Collector { return &Collector{room: r.withDefaults()} }

// Size returns how many bytes were written since the last Release.
func (c *Collector) Size() int64 { return c.size }

// Write takes all of p, whatever happens: Held.Err tells.
func (c *Collector) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	switch {
	case c.err != nil:
	case c.size > c.room.MaxMessage:
		c.fail(&handover.Error{Op: "receiving a message", Kind: handover.TooLarge,
			Err: fmt.Errorf("it is larger than %d bytes; raise the limit of the source, or send less", c.room.MaxMessage)})
	case c.file != nil:
		c.toFile(p)
	case c.fits(len(p)):
		c.buf = append(c.buf, p...)
		return len(p), nil
	default:
		c.spill(p)
	}
	c.toHead(p)
	return len(p), nil
}

// fits makes room in memory for n more bytes, or says that there is none.
func (c *Collector) fits(n int) bool {
	need := len(c.buf) + n
	if need <= cap(c.buf) {
		return true
	}
	if int64(need) > c.room.InMemory {
		return false
	}
	size := min(max(4<<10, 2*cap(c.buf), need), int(c.room.InMemory))
	grow := int64(size - cap(c.buf))
	if size <= HeadSize {
		c.room.Memory.must(grow)
	} else if !c.room.Memory.Take(grow) {
		return false
	}
	c.taken += grow
	c.buf = append(make([]byte, 0, size), c.buf...)
	return true
}

// spill moves what is in memory to a file and goes on there.
func (c *Collector) spill(p []byte) {
	if c.room.Spool == nil {
		c.fail(&handover.Error{Op: "receiving a message", Kind: handover.Unavailable,
			Err: errors.New("there is no memory for it now, and no spool folder; send it again later")})
		return
	}
	file, err := c.room.Spool.Create()
	if err != nil {
		c.failSpool(err)
		return
	}
	c.file = file
	c.toFile(c.buf)
	c.toFile(p)
	c.keepHead()
}

func (c *Collector) toFile(p []byte) {
	if c.file == nil {
		return // it failed a moment ago
	}
	if _, err := c.file.Write(p); err != nil {
		c.failSpool(err)
	}
}

// toHead adds to the head of a message that is not in memory as a whole.
func (c *Collector) toHead(p []byte) {
	missing := HeadSize - len(c.buf)
	if missing <= 0 {
		return
	}
	p = p[:min(missing, len(p))]
	if need := len(c.buf) + len(p); need > cap(c.buf) {
		c.room.Memory.must(int64(HeadSize - cap(c.buf)))
		c.taken += int64(HeadSize - cap(c.buf))
		c.buf = append(make([]byte, 0, HeadSize), c.buf...)
	}
	c.buf = append(c.buf, p...)
}

// keepHead gives up all memory but the head's.
func (c *Collector) keepHead() {
	if cap(c.buf) <= HeadSize {
		return
	}
	c.buf = bytes.Clone(c.buf[:min(len(c.buf), HeadSize)])
	c.room.Memory.Give(c.taken - int64(cap(c.buf)))
	c.taken = int64(cap(c.buf))
}

func (c *Collector) failSpool(err error) {
	kind := handover.Unavailable
	if errors.Is(err, spool.ErrFull) {
		kind = handover.Full
	}
	c.fail(&handover.Error{Op: "receiving a large message", Kind: kind, Err: err})
}

// fail gives up the message: its disk space at once, its bytes as they come.
func (c *Collector) fail(err error) {
	c.err = err
	c.discardFile()
	c.keepHead()
}

// Held is what a Collector gathered: see the fields of the same names in Arrival.
type Held struct {
	Body handover.Body
	Head []byte
	Size int64
	Err  error
}

// Finish ends the message. A large one is on disk when Finish returns.
func (c *Collector) Finish() Held {
	h := Held{Size: c.size}
	if c.file != nil {
		path, size, err := c.file.Keep()
		if err != nil {
			c.failSpool(err)
		} else {
			h.Body = handover.Body{File: path, Size: size}
		}
	}
	h.Err = c.err
	switch {
	case c.file != nil || c.err != nil:
		h.Head, c.buf = c.buf, nil
	case cap(c.buf) <= reuse:
		h.Body.Bytes = bytes.Clone(c.buf)
		h.Head = h.Body.Bytes
	default:
		h.Body.Bytes, c.buf = c.buf, nil
		h.Head = h.Body.Bytes
	}
	return h
}

// Release removes the spool file if nobody took it, gives the budget back and
// makes the collector ready for the next message.
func (c *Collector) Release() {
	c.discardFile()
	c.size, c.err = 0, nil
	if cap(c.buf) > reuse {
		c.buf = nil
	}
	c.buf = c.buf[:0]
	c.room.Memory.Give(c.taken - int64(cap(c.buf)))
	c.taken = int64(cap(c.buf))
}

// Close releases everything. The collector is not used again.
func (c *Collector) Close() {
	c.Release()
	c.room.Memory.Give(c.taken)
	c.buf, c.taken = nil, 0
}

func (c *Collector) discardFile() {
	if c.file != nil {
		_ = c.file.Discard() // a leftover is removed at the next start
		c.file = nil
	}
}
