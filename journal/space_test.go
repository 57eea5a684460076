package journal_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/faultvfs"
	"handover/internal/store/storetest"
)

func decided(text string) handover.Draft {
	return handover.Draft{Header: handover.Header{Kind: handover.Decided, Format: "application/json"},
		Body: handover.Body{Bytes: []byte(text)}}
}

func TestMessagesAreRefusedBelowTheMark(t *testing.T) {
	c := config(storetest.SQLite(t))
	c.LowSpace, c.Reserve = 1000, 500
	var free atomic.Int64
	free.Store(5000)
	c.Free = func(string) (int64, error) { return free.Load(), nil }
	j := open(t, c)
	appendOne(t, j, message("a", "1", "x"))

	free.Store(999)
	time.Sleep(250 * time.Millisecond) // it looks five times a second
	if _, err := j.Append(t.Context(), []handover.Draft{message("a", "2", "y")}); handover.KindOf(err) != handover.Full {
		t.Errorf("a message below the mark: %v, want Full", err)
	}
	appendOne(t, j, decided("still kept"))
	if got := all(t, j); len(got) != 2 {
		t.Errorf("%d facts are readable, want 2", len(got))
	}
	free.Store(5000)
	time.Sleep(250 * time.Millisecond)
	appendOne(t, j, message("a", "2", "y"))
}

// A full disk: messages are refused, the reserve takes what follows from those
// that were kept, reading goes on, retention makes room.
func TestFullDisk(t *testing.T) {
	disk := faultvfs.New(1)
	defer disk.Close()
	clock := newClock()
	c := config(storetest.SQLite(t))
	c.VFS, c.Reserve, c.Now, c.VolumeSize = disk.Name(), 1<<20, clock.Now, 5000
	c.Free = func(string) (int64, error) { return 1 << 40, nil }
	c.LowSpace = 1000
	j := open(t, c)
	reserve := filepath.Join(c.Dir, "journal", "reserve")
	fill(t, j, 0, 50)
	if err := j.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(reserve); err != nil {
		t.Fatal("nothing is held in reserve")
	}

	disk.Limit(disk.Used())
	var err error
	n := 0
	for ; err == nil; n++ {
		_, err = j.Append(t.Context(), []handover.Draft{message("b", "", "some more text, never the same")})
	}
	if handover.KindOf(err) != handover.Full {
		t.Fatalf("after %d messages: %v, want Full", n, err)
	}
	tail := j.Tail()

	disk.Limit(disk.Used() + 1<<20) // what giving up the reserve does on a real disk
	appendOne(t, j, decided("an outcome"))
	if got := all(t, j); handover.Offset(len(got)) != tail+1 {
		t.Errorf("%d facts are readable, want %d", len(got), tail+1)
	}
	clock.add(48 * time.Hour)
	done, err := j.Expire(t.Context(), handover.KeepMessage, clock.Now().Add(-24*time.Hour))
	if err != nil || done.Bodies == 0 {
		t.Errorf("retention on a full disk removed %d bodies: %v", done.Bodies, err)
	}
	proven(t, j)
}

func TestReserveIsSpentAndTakenBack(t *testing.T) {
	disk := faultvfs.New(1)
	defer disk.Close()
	c := config(storetest.SQLite(t))
	c.VFS, c.Reserve, c.LowSpace = disk.Name(), 1<<20, 1000
	var free atomic.Int64
	free.Store(1 << 40)
	c.Free = func(string) (int64, error) { return free.Load(), nil }
	j := open(t, c)
	reserve := filepath.Join(c.Dir, "journal", "reserve")
	appendOne(t, j, message("a", "1", "x"))

	free.Store(2000)
	disk.Limit(0)
	if _, err := j.Append(t.Context(), []handover.Draft{decided("an outcome")}); handover.KindOf(err) != handover.Full {
		t.Errorf("with no space at all: %v, want Full", err)
	}
	if _, err := os.Stat(reserve); err == nil {
		t.Error("the reserve was not given up")
	}
	disk.Limit(-1)
	appendOne(t, j, decided("an outcome"))
	time.Sleep(250 * time.Millisecond)
	if _, err := j.Append(t.Context(), []handover.Draft{message("a", "2", "y")}); handover.KindOf(err) != handover.Full {
		t.Errorf("a message while the reserve is spent: %v, want Full", err)
	}
	free.Store(1 << 40)
	time.Sleep(250 * time.Millisecond)
	appendOne(t, j, message("a", "2", "y"))
	if info, err := os.Stat(reserve); err != nil || info.Size() != 1<<20 {
		t.Errorf("the reserve was not taken back: %v", err)
	}
}

// After a failed sync the file is given up: what follows goes into another, and
// the old one is written anew.
func TestFailedSyncEndsTheVolume(t *testing.T) {
	disk := faultvfs.New(1)
	defer disk.Close()
	c := config(store.Place{Dir: t.TempDir()})
	c.VFS = disk.Name()
	j := open(t, c)
	appendOne(t, j, message("a", "1", "x"))
	disk.Arm(faultvfs.Fault{Op: faultvfs.Sync, N: 1})
	if _, err := j.Append(t.Context(), []handover.Draft{message("a", "2", "y")}); handover.KindOf(err) != handover.Unavailable {
		t.Errorf("a failed sync: %v, want Unavailable", err)
	}
	if r := appendOne(t, j, message("a", "2", "y")); r.Offset != 2 || r.First != 0 {
		t.Errorf("sent again: %+v, want offset 2", r)
	}
	names := func() string {
		paths, _ := filepath.Glob(filepath.Join(c.Dir, "journal", "facts-*.db"))
		out := ""
		for _, p := range paths {
			out += filepath.Base(p) + " "
		}
		return out
	}
	if got := names(); got != "facts-0000000000000001.0.db facts-0000000000000002.0.db " {
		t.Errorf("volumes: %s", got)
	}
	if err := j.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "facts-0000000000000001.1.db facts-0000000000000002.0.db " {
		t.Errorf("volumes after tending: %s", got)
	}
	proven(t, j)
}

func TestVolumesChainAndFinish(t *testing.T) {
	c := config(storetest.SQLite(t))
	c.VolumeSize = 10_000
	j := open(t, c)
	fill(t, j, 0, 200)
	if err := j.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	logs, _ := filepath.Glob(filepath.Join(c.Dir, "journal", "facts-*-wal"))
	volumes, _ := filepath.Glob(filepath.Join(c.Dir, "journal", "facts-*.db"))
	if len(volumes) < 5 || len(logs) > 1 {
		t.Errorf("%d volumes with %d logs; want several, all but the last finished", len(volumes), len(logs))
	}
	if got := all(t, j); len(got) != 400 {
		t.Errorf("%d facts across volumes", len(got))
	}
	proven(t, j)
}

func TestRunTends(t *testing.T) {
	c := config(storetest.SQLite(t))
	clock := newClock()
	c.VolumeSize, c.CheckpointEvery, c.Now = 10_000, time.Millisecond, clock.Now
	c.Keep = map[handover.Retention]time.Duration{handover.KeepMessage: time.Hour}
	j := open(t, c)
	fill(t, j, 0, 100)
	clock.add(2 * time.Hour)
	ran := make(chan error)
	ctx, cancel := newContext(t)
	go func() { ran <- j.Run(ctx, func(err error) { t.Error(err) }) }()
	for {
		if _, err := j.Wait(ctx, j.Tail()); err != nil {
			t.Fatal(err)
		}
		kinds := map[handover.FactKind]int{}
		for _, e := range all(t, j) {
			kinds[e.Kind]++
		}
		if kinds[handover.Checkpointed] > 0 && kinds[handover.RetentionDone] > 0 {
			break
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if r := proven(t, j); r.Gone == 0 || r.Checkpoints == 0 {
		t.Errorf("report: %+v", r)
	}
}
