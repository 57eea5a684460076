package wire

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"

	"handover"
	"handover/internal/spool"
)

func folder(t *testing.T) *spool.Dir {
	t.Helper()
	d, err := spool.Open(t.Context(), spool.Config{Dir: t.TempDir(), MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 31)
	}
	return b
}

// pour writes p in pieces of differing size.
func pour(c *Collector, p []byte) {
	for len(p) > 0 {
		n := min(len(p), 1+rand.IntN(20<<10))
		_, _ = c.Write(p[:n])
		p = p[n:]
	}
}

func TestCollector(t *testing.T) {
	room := Room{Spool: folder(t), Memory: NewMemory(0), MaxMessage: 1 << 20}
	c := NewCollector(room)
	for _, n := range []int{0, 1, 1200, reuse, reuse + 1, HeadSize, HeadSize + 1, DefaultInMemory, DefaultInMemory + 1, 1 << 20, 10, 1<<20 + 1, 20} {
		want := content(n)
		pour(c, want)
		if c.Size() != int64(n) {
			t.Errorf("%d bytes: size %d", n, c.Size())
		}
		h := c.Finish()
		checkHeld(t, h, want, n)
		c.Release()
		if h.Body.File != "" {
			if _, err := os.Stat(h.Body.File); err == nil {
				t.Errorf("%d bytes: the file is left", n)
			}
		}
		if used := room.Memory.Used(); used > reuse {
			t.Errorf("%d bytes: %d bytes are held between messages", n, used)
		}
	}
	c.Close()
	if room.Memory.Used() != 0 || room.Spool.Open() != 0 {
		t.Errorf("%d bytes and %d files are left", room.Memory.Used(), room.Spool.Open())
	}
}

func checkHeld(t *testing.T, h Held, want []byte, n int) {
	t.Helper()
	if !bytes.HasPrefix(want, h.Head) || len(h.Head) < min(n, HeadSize) || h.Size != int64(n) {
		t.Errorf("%d bytes: head of %d, size %d", n, len(h.Head), h.Size)
	}
	switch {
	case n > 1<<20:
		if handover.KindOf(h.Err) != handover.TooLarge || h.Body.Len() != 0 {
			t.Errorf("%d bytes: %v, body of %d", n, h.Err, h.Body.Len())
		}
	case n > DefaultInMemory:
		got, err := os.ReadFile(h.Body.File)
		if err != nil || !bytes.Equal(got, want) || h.Body.Size != int64(n) || h.Err != nil {
			t.Errorf("%d bytes: file of %d, %v, %v", n, len(got), err, h.Err)
		}
	default:
		if h.Body.File != "" || !bytes.Equal(h.Body.Bytes, want) || h.Err != nil {
			t.Errorf("%d bytes: %d in memory, %v", n, len(h.Body.Bytes), h.Err)
		}
	}
}

// What the Receiver got stays as it is when the next message comes.
func TestBodyBelongsToTheReceiver(t *testing.T) {
	c := NewCollector(Room{})
	for _, n := range []int{100, reuse, 200 << 10} {
		pour(c, content(n))
		first := c.Finish()
		c.Release()
		pour(c, bytes.Repeat([]byte("z"), n))
		c.Finish()
		c.Release()
		if !bytes.Equal(first.Body.Bytes, content(n)) {
			t.Errorf("%d bytes were written over", n)
		}
	}
}

// When the budget is used up, messages go through files before their time, and
// all arrive.
func TestCollectorsShareABudget(t *testing.T) {
	room := Room{Spool: folder(t), Memory: NewMemory(600 << 10)}
	var all []*Collector
	files := 0
	for range 10 {
		c := NewCollector(room)
		all = append(all, c)
		want := content(200 << 10)
		pour(c, want)
		h := c.Finish()
		got := h.Body.Bytes
		if h.Body.File != "" {
			files++
			got, _ = os.ReadFile(h.Body.File)
		}
		if h.Err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, %d bytes", h.Err, len(got))
		}
	}
	if files < 5 || files == 10 {
		t.Errorf("%d of 10 went through files", files)
	}
	if peak := room.Memory.Peak(); peak > 600<<10+10*HeadSize {
		t.Errorf("%d bytes were held at once", peak)
	}
	for _, c := range all {
		c.Close()
	}
	if room.Memory.Used() != 0 {
		t.Errorf("%d bytes are not given back", room.Memory.Used())
	}
}

func TestNoSpoolFolder(t *testing.T) {
	c := NewCollector(Room{MaxMessage: 1 << 20})
	pour(c, content(300<<10))
	h := c.Finish()
	if handover.KindOf(h.Err) != handover.Unavailable || h.Body.Len() != 0 || len(h.Head) < HeadSize {
		t.Errorf("%v, %d, %d", h.Err, h.Body.Len(), len(h.Head))
	}
	c.Release()
	pour(c, content(100))
	if h := c.Finish(); h.Err != nil || len(h.Body.Bytes) != 100 {
		t.Errorf("the next message: %v", h.Err)
	}
}

func TestDiskFull(t *testing.T) {
	d, err := spool.Open(t.Context(), spool.Config{Dir: t.TempDir(), MinFree: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	c := NewCollector(Room{Spool: d})
	pour(c, content(300<<10))
	if h := c.Finish(); handover.KindOf(h.Err) != handover.Full {
		t.Errorf("%v", h.Err)
	}
	c.Close()
}

func TestMemory(t *testing.T) {
	m := NewMemory(100)
	if !m.Take(60) || m.Take(41) || !m.Take(40) || m.Used() != 100 || m.Peak() != 100 {
		t.Errorf("used %d, peak %d", m.Used(), m.Peak())
	}
	m.Give(70)
	m.must(90)
	if m.Used() != 120 || m.Peak() != 120 || m.Take(1) {
		t.Errorf("used %d, peak %d", m.Used(), m.Peak())
	}
	var none *Memory
	none.Give(1)
	none.must(1)
	if !none.Take(1<<60) || none.Used() != 0 || none.Peak() != 0 {
		t.Error("a nil Memory has a limit")
	}
}

func BenchmarkCollectorSmall(b *testing.B) {
	c := NewCollector(Room{Memory: NewMemory(0)})
	p := content(1200)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Write(p)
		c.Finish()
		c.Release()
	}
}
