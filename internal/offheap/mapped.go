//go:build unix

package offheap

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// New returns room for so many bytes. Where the system gives none, it is on the
// heap like all else.
func New(size int) *Room {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return &Room{make([]byte, size)}
	}
	r := &Room{b}
	runtime.AddCleanup(r, func(b []byte) { _ = unix.Munmap(b) }, b)
	return r
}
