//go:build !unix

package offheap

// New returns room for so many bytes, on the heap.
func New(size int) *Room { return &Room{make([]byte, size)} }
