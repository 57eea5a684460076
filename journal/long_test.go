package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"handover"
	"handover/internal/store"
	"handover/journal"
)

// ext4Shutdown is EXT4_IOC_SHUTDOWN, and noFlush its flag to stop the file
// system without writing anything, as a power cut does.
const (
	ext4Shutdown = 0x8004587d
	noFlush      = 2
)

// TestPowerCutOnExt4 cuts the power of a real file system under a journal: it
// is the long form of TestFaultSchedules, needs root, and runs with
// HANDOVER_LONG=1.
func TestPowerCutOnExt4(t *testing.T) {
	if os.Getenv("HANDOVER_LONG") != "1" {
		t.Skip("a long test: set HANDOVER_LONG=1")
	}
	if os.Getuid() != 0 {
		t.Fatal("it mounts a file system, and so needs root")
	}
	d := newExt4(t)
	acked := map[string]handover.Offset{}
	for round := range 20 {
		d.mount()
		judgeExt4(t, d.config(), acked)
		j := open(t, d.config())
		var mu sync.Mutex
		off := false
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for a := range 8 {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					control := fmt.Sprintf("%d/%d/%d", round, a, i)
					r, err := j.Append(context.Background(), []handover.Draft{message("s", control, "message "+control)})
					if err != nil {
						return
					}
					mu.Lock()
					if !off { // where the power is off, no answer goes out
						acked["message "+control] = r[0].Offset
					}
					mu.Unlock()
				}
			})
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = j.Tend(ctx) // fails once the power is off
				time.Sleep(20 * time.Millisecond)
			}
		})
		time.Sleep(time.Duration(100+rand.IntN(900)) * time.Millisecond)
		mu.Lock()
		off = true
		mu.Unlock()
		d.cut()
		cancel()
		wg.Wait()
		_ = j.Close() // the power is off
		d.unmount()
	}
	d.mount()
	judgeExt4(t, d.config(), acked)
	d.unmount()
	t.Logf("%d acknowledged messages over 20 power cuts", len(acked))
}

// judgeExt4 looks for every acknowledged message, and proves the journal.
func judgeExt4(t *testing.T, c journal.Config, acked map[string]handover.Offset) {
	t.Helper()
	j := open(t, c)
	found := map[string]handover.Offset{}
	for _, e := range all(t, j) {
		text := string(e.Body.Bytes)
		if found[text] != 0 {
			t.Errorf("%q is there twice", text)
		}
		found[text] = e.Offset
	}
	lost := 0
	for text, at := range acked {
		if found[text] != at {
			lost++
		}
	}
	if lost > 0 {
		t.Fatalf("%d of %d acknowledged messages are lost", lost, len(acked))
	}
	proven(t, j)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// ext4 is a file system in a file.
type ext4 struct {
	t       *testing.T
	image   string
	at      string
	mounted bool
}

func newExt4(t *testing.T) *ext4 {
	t.Helper()
	dir := t.TempDir()
	d := &ext4{t: t, image: filepath.Join(dir, "image"), at: filepath.Join(dir, "mount")}
	t.Cleanup(d.unmount)
	d.run("truncate", "-s", "512M", d.image)
	d.run("mkfs.ext4", "-q", "-F", d.image)
	d.run("mkdir", d.at)
	return d
}

func (d *ext4) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (d *ext4) mount() {
	d.t.Helper()
	d.run("mount", "-o", "loop", d.image, d.at)
	d.mounted = true
}

func (d *ext4) unmount() {
	if d.mounted {
		d.mounted = false
		d.run("umount", d.at)
	}
}

func (d *ext4) config() journal.Config {
	c := config(store.Place{Dir: filepath.Join(d.at, "data")})
	c.VolumeSize = 1 << 20
	return c
}

// cut stops the file system where it is.
func (d *ext4) cut() {
	d.t.Helper()
	f, err := os.Open(d.at)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), ext4Shutdown, noFlush); err != nil {
		d.t.Fatalf("shutting the file system down: %v", err)
	}
}
