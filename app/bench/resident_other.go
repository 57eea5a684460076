//go:build !linux

package bench

import "runtime"

// resident returns the bytes of memory that the Go runtime holds: less than all.
func resident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
