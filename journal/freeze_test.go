package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal"
)

// TestFreezeUnderLoad copies a journal that is appended to, sealed and tended
// all the while. What was acknowledged before must be in the copy.
func TestFreezeUnderLoad(t *testing.T) {
	c := config(store.Place{Dir: t.TempDir()})
	c.VolumeSize, c.LargeBody = 50_000, 4000
	j := open(t, c)
	ctx, stop := context.WithCancel(t.Context())
	var acked atomic.Int64
	var work sync.WaitGroup
	for a := range 4 {
		work.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				d := message(fmt.Sprint("s", a), fmt.Sprint("c", n), fmt.Sprintf("%d %d %s", a, n, bytes.Repeat([]byte("x"), n%3000)))
				if n%50 == 0 {
					d.Body = spooled(t, bytes.Repeat([]byte{byte('a' + a)}, 5000))
				}
				if _, err := j.Append(context.WithoutCancel(ctx), []handover.Draft{d}); err != nil {
					t.Error(err)
					return
				}
				acked.Store(int64(j.Tail()))
			}
		})
	}
	work.Go(func() {
		for ctx.Err() == nil {
			if err := j.Tend(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	for i := range 5 {
		time.Sleep(100 * time.Millisecond)
		before := acked.Load()
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		frozen, err := j.Freeze(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if frozen.Size < before {
			t.Errorf("the copy ends at %d, but %d was acknowledged before", frozen.Size, before)
		}
		sameAsFrozen(t, c, dir, frozen)
	}
	stop()
	work.Wait()
}

// sameAsFrozen opens the copy and proves it.
func sameAsFrozen(t *testing.T, c journal.Config, dir string, frozen journal.Checkpoint) {
	t.Helper()
	c.Dir = dir
	twin, err := journal.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	report := proven(t, twin)
	if report.Checkpoint != frozen {
		t.Errorf("the copy has %v, want %v", report.Checkpoint, frozen)
	}
}

func spooled(t *testing.T, content []byte) handover.Body {
	f, err := os.CreateTemp("", "handover-freeze-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return handover.Body{File: f.Name(), Size: int64(len(content))}
}

// TestFreezeOutlivesRetention: what a copy holds stays there when the journal
// it came from loses it.
func TestFreezeOutlivesRetention(t *testing.T) {
	now := newClock()
	c := config(store.Place{Dir: t.TempDir()})
	c.VolumeSize, c.LargeBody, c.Now = 3000, 4000, now.Now
	j := open(t, c)
	for n := range 40 {
		d := message("s", fmt.Sprint(n), fmt.Sprint("message ", n))
		if n%5 == 0 {
			d.Body = spooled(t, bytes.Repeat([]byte("y"), 5000))
		}
		appendOne(t, j, d)
	}
	if err := j.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	frozen, err := j.Freeze(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	now.add(time.Hour)
	done, err := j.Expire(t.Context(), handover.KeepMessage, now.Now())
	if err != nil || done.Bodies == 0 {
		t.Fatalf("removed %d bodies: %v", done.Bodies, err)
	}
	sameAsFrozen(t, c, dir, frozen)
	c.Dir = dir
	twin := open(t, c)
	body, err := twin.Open(t.Context(), everything, 1)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(body)
	if err != nil || len(content) != 5000 || body.Close() != nil {
		t.Errorf("read %d bytes of the first body: %v", len(content), err)
	}
	proven(t, j)
}

func TestFreezeOfAnEmptyJournal(t *testing.T) {
	c := config(store.Place{Dir: t.TempDir()})
	dir := t.TempDir()
	frozen, err := open(t, c).Freeze(t.Context(), dir)
	if err != nil || frozen.Size != 0 {
		t.Fatalf("%v, %v", frozen, err)
	}
	sameAsFrozen(t, c, dir, frozen)
}

func TestFreezeOnPostgreSQLIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		if at.URL == "" {
			return
		}
		if at.Dir == "" {
			at.Dir = t.TempDir()
		}
		if _, err := open(t, config(at)).Freeze(t.Context(), t.TempDir()); handover.KindOf(err) != handover.Unsupported {
			t.Errorf("copied: %v", err)
		}
	})
}
