// Package offheap gives large pieces of memory that Go's collector does not count.
// What it counts it lets grow by some share before it collects again, and whatever
// stays for good, as a cache does, costs that share more than its size.
package offheap

// Room is a piece of memory, zero at first. It is given back to the system once the
// Room is not reachable any more, so that whoever holds a part of it must hold the
// Room as well.
type Room struct{ bytes []byte }

// Bytes returns the memory.
func (r *Room) Bytes() []byte { return r.bytes }
