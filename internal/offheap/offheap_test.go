package offheap

import (
	"runtime"
	"testing"
)

func TestRoom(t *testing.T) {
	for range 100 { // as much as would not fit if none were given back
		r := New(64 << 20)
		b := r.Bytes()
		if len(b) != 64<<20 || b[0] != 0 || b[len(b)-1] != 0 {
			t.Fatalf("%d bytes, first %d, last %d", len(b), b[0], b[len(b)-1])
		}
		b[0], b[len(b)-1] = 1, 2
		runtime.GC()
		if b[0] != 1 || b[len(b)-1] != 2 {
			t.Fatal("what was written is gone")
		}
		runtime.KeepAlive(r)
	}
}

// The heap does not grow by it.
func TestRoomIsNotCounted(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := New(256 << 20)
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 && runtime.GOOS == "linux" {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	runtime.KeepAlive(r)
}
