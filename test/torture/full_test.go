package torture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"handover/app/torture"
)

// TestFullDisk runs the program, which sends on what comes, on a small file system that
// fills up: first below the mark, then to the last byte, where it is killed and started
// again. Then room is made. It mounts that file system and so needs root; app's
// TestFullDisk is the form that does not.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=400m"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	e := newEngine(t, filepath.Join(dir, "data"), "volume_size: 4MB\nlow_space: 150MB\n")
	careful := newReceiver(t, 3, 0, torture.Destination{Name: "careful"})
	e.configure("destinations/careful.yaml", fmt.Sprintf("destination: careful\nsend: mllp://%s\nowner: the tests\nconnections: 4\n"+
		"retry:\n  first: 20ms\n  most: 200ms\n", careful.Address()))
	e.configure("routes/out.yaml", "route: out\nfrom: [now, later]\nto:\n  - destination: careful\n")
	e.start()
	c := e.crowd(16, 20*time.Millisecond)
	moving(t, c, "at first")
	filler := filepath.Join(dir, "filler")

	fill(t, filler, 130<<20)
	refusing(t, c)
	e.awaitDecided(time.Minute)
	reading(e)

	fill(t, filler, 0)
	reading(e)
	e.kill()
	e.start()
	reading(e)
	acked, _, _ := c.Sums()
	time.Sleep(300 * time.Millisecond)
	if now, _, _ := c.Sums(); now != acked {
		t.Errorf("%d messages were acknowledged on a full disk", now-acked)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	moving(t, c, "when there was room again")
	end(t, c)
	e.awaitDecided(time.Minute)
	e.awaitDelivered(time.Minute)
	e.balanced()
	e.stop()
	e.verify()
	k := e.judge(c, careful)
	acked, resent, refused := c.Sums()
	t.Logf("%d messages acknowledged, tried again %d times, told to try again %d times; the journal: %s", acked, resent, refused, k.Summary())
}

// moving waits until messages are acknowledged again.
func moving(t *testing.T, c *torture.Crowd, when string) {
	t.Helper()
	before, _, _ := c.Sums()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if now, _, _ := c.Sums(); now > before+100 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no messages are acknowledged %s", when)
		}
	}
}

// refusing waits until every sender is told to keep its messages.
func refusing(t *testing.T, c *torture.Crowd) {
	t.Helper()
	before := map[*torture.Sender]int64{}
	for _, s := range c.Senders {
		before[s] = s.Refused()
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		told := 0
		for _, s := range c.Senders {
			if s.Refused() > before[s] {
				told++
			}
		}
		if told == len(c.Senders) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("only %d of %d senders were refused on a disk below the mark", told, len(c.Senders))
		}
	}
}

// reading asks for something of trace, record and journal.
func reading(e *engine) {
	e.t.Helper()
	var messages struct {
		Messages []struct{ Offset int64 }
	}
	e.get("/api/v1/messages?state=routed&limit=5", &messages)
	if len(messages.Messages) == 0 {
		e.t.Fatal("no message is found on a full disk")
	}
	var story struct{ Facts []any }
	e.get(fmt.Sprint("/api/v1/traces/", messages.Messages[0].Offset), &story)
	var bundle struct{ Entry []any }
	e.get("/fhir/Patient?_count=5", &bundle)
	if len(story.Facts) == 0 || len(bundle.Entry) == 0 {
		e.t.Errorf("on a full disk: a story of %d facts, %d patients", len(story.Facts), len(bundle.Entry))
	}
}

// fill makes the file so long that so many bytes stay free.
func fill(t *testing.T, path string, leave int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := []byte(strings.Repeat("f", 4096))
	for {
		var disk syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(path), &disk); err != nil {
			t.Fatal(err)
		}
		if int64(disk.Bavail)*disk.Bsize <= leave {
			return
		}
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
