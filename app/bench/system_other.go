//go:build !linux

package bench

import (
	"os"
	"runtime"
	"time"
)

// dataSync makes a file's content durable.
func dataSync(f *os.File) error { return f.Sync() }

// busy is not known here.
func busy() time.Duration { return 0 }

// resident returns the bytes of memory that the Go runtime holds: less than all.
func resident() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}
