package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, c Config) *Dir {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	d, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func createFile(t *testing.T, d *Dir) *File {
	t.Helper()
	f, err := d.Create()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestKeep(t *testing.T) {
	d := open(t, Config{})
	var synced, flushed int64
	d.sync = func(f *os.File) error { synced++; return f.Sync() }
	d.flush = func(f *os.File, from, size int64) error {
		if from != flushed {
			t.Errorf("flushed from %d, want %d", from, flushed)
		}
		flushed += size
		return flushRange(f, from, size)
	}
	f := createFile(t, d)
	want := bytes.Repeat([]byte("0123456789"), 300<<10)
	for rest := want; len(rest) > 0; {
		n := min(len(rest), 70<<10)
		if _, err := f.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	path, size, err := f.Keep()
	if err != nil || size != int64(len(want)) {
		t.Fatalf("size %d, %v", size, err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if synced != 1 || flushed < size-stride {
		t.Errorf("synced %d times, flushed %d bytes of %d", synced, flushed, size)
	}
	if err := f.Discard(); err != nil || exists(path) || d.Open() != 0 {
		t.Errorf("after Discard: %v, there: %v, open: %d", err, exists(path), d.Open())
	}
	if err := f.Discard(); err != nil || d.Open() != 0 {
		t.Errorf("a second Discard: %v, open: %d", err, d.Open())
	}
}

func TestTakenOver(t *testing.T) {
	d := open(t, Config{})
	f := createFile(t, d)
	_, _ = f.Write([]byte("content"))
	path, _, err := f.Keep()
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "mine")
	if err := os.Rename(path, mine); err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(); err != nil || !exists(mine) {
		t.Errorf("Discard: %v, there: %v", err, exists(mine))
	}
}

func TestDiscardWithoutKeep(t *testing.T) {
	d := open(t, Config{})
	f := createFile(t, d)
	_, _ = f.Write([]byte("content"))
	if err := f.Discard(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(d.Path()); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOpenRemovesLeftoversOnly(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"spool-1.part", "spool-2.part", "other.part", "spool-3.keep"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "spool-folder.part"), 0o700); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Dir: dir})
	var left []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); got != "other.part spool-3.keep spool-folder.part" {
		t.Errorf("left: %s", got)
	}
}

func TestFolderOfItsOwn(t *testing.T) {
	d, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := createFile(t, d)
	if _, _, err := f.Keep(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil || exists(d.Path()) {
		t.Errorf("after Close: %v, there: %v", err, exists(d.Path()))
	}
}

func TestOpenFails(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: blocked}); err == nil {
		t.Error("it opened a file as a folder")
	}
}

func TestLowDisk(t *testing.T) {
	d := open(t, Config{MinFree: 1000})
	free := int64(2000)
	d.free = func(string) (int64, error) { return free, nil }
	f := createFile(t, d)
	free = 999
	if _, err := d.Create(); !errors.Is(err, ErrFull) {
		t.Errorf("Create: %v", err)
	}
	if _, err := f.Write([]byte("little")); err != nil {
		t.Errorf("a file that was begun goes on: %v", err)
	}
	if _, err := f.Write(make([]byte, stride)); !errors.Is(err, ErrFull) {
		t.Errorf("Write: %v", err)
	}
	if _, _, err := f.Keep(); !errors.Is(err, ErrFull) {
		t.Errorf("Keep after a failure: %v", err)
	}
	_ = f.Discard()
	d.free = func(string) (int64, error) { return 0, errors.New("no answer") }
	if _, err := d.Create(); err == nil || errors.Is(err, ErrFull) {
		t.Errorf("Create without knowing: %v", err)
	}
	d.minFree = -1
	_ = createFile(t, d).Discard()
}

// A failed write to the disk is final: nobody tries again and hopes.
func TestFailedFlush(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		full bool
	}{"input/output error": {syscall.EIO, false}, "no space": {syscall.ENOSPC, true}, "quota": {syscall.EDQUOT, true}} {
		t.Run(name, func(t *testing.T) {
			d := open(t, Config{})
			failures := 0
			d.flush = func(*os.File, int64, int64) error { failures++; return c.err }
			f := createFile(t, d)
			_, _ = f.Write(make([]byte, stride))
			if _, err := f.Write([]byte("more")); err == nil {
				t.Error("Write goes on")
			}
			_, _, err := f.Keep()
			if err == nil || errors.Is(err, ErrFull) != c.full {
				t.Errorf("Keep: %v", err)
			}
			if failures != 1 {
				t.Errorf("tried %d times", failures)
			}
			_ = f.Discard()
		})
	}
}

func TestFailedSync(t *testing.T) {
	d := open(t, Config{})
	d.sync = func(*os.File) error { return syscall.EIO }
	f := createFile(t, d)
	_, _ = f.Write([]byte("content"))
	if _, _, err := f.Keep(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Keep: %v", err)
	}
	if err := f.Discard(); err != nil || d.Open() != 0 {
		t.Errorf("Discard: %v", err)
	}
}

func TestFewSyncAtOnce(t *testing.T) {
	d := open(t, Config{Syncs: 2})
	var now, most atomic.Int64
	d.sync = func(*os.File) error {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
		return nil
	}
	var all sync.WaitGroup
	for range 10 {
		f := createFile(t, d)
		all.Go(func() {
			_, _, _ = f.Keep()
			_ = f.Discard()
		})
	}
	all.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at once, want 2", most.Load())
	}
}
