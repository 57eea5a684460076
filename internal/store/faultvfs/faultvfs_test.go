package faultvfs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover/internal/store"
	"handover/internal/store/faultvfs"
)

// The disk is proven by what it does to SQLite: with synchronous=FULL nothing
// that was acknowledged is lost, with NORMAL something is, and after a sync
// that failed even FULL loses, unless the file is given up.

type world struct {
	t      testing.TB
	disk   *faultvfs.Disk
	config store.Config
	db     *store.DB
	acked  map[int]bool
}

func newWorld(t testing.TB, seed uint64, durable bool) *world {
	disk := faultvfs.New(seed)
	t.Cleanup(disk.Close)
	w := &world{t: t, disk: disk, acked: map[int]bool{}, config: store.Config{
		Place: store.Place{Dir: t.TempDir(), VFS: disk.Name()}, Name: "x", Durable: durable,
		Schema: []string{`CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)`}}}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	db, err := store.Open(context.Background(), w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.db = db
}

// write adds a row, and notes it if that succeeded.
func (w *world) write(id int) error {
	ctx := context.Background()
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO row VALUES (?, ?)`, id, make([]byte, 3000))
		return err
	})
	if err == nil {
		w.acked[id] = true
	}
	return err
}

// restart closes what is open, turns the power on and returns how many
// acknowledged rows are lost; all of them if the file cannot be read.
func (w *world) restart() (lost int) {
	w.t.Helper()
	_ = w.db.Close() // the power is off
	if err := w.disk.Restart(); err != nil {
		w.t.Fatal(err)
	}
	ctx := context.Background()
	db, err := store.Open(ctx, w.config)
	if err != nil {
		return len(w.acked)
	}
	w.db = db
	for id := range w.acked {
		err := db.Read(ctx, func(tx *store.Tx) error {
			var n int
			_, err := tx.Get(ctx, []any{&n}, `SELECT count(*) FROM row WHERE id = ? AND length(body) = 3000`, id)
			lost += 1 - n
			return err
		})
		if err != nil {
			lost++
		}
	}
	return lost
}

func losses(t *testing.T, seeds uint64, durable bool, run func(w *world, seed uint64)) (lost int) {
	t.Helper()
	for seed := range seeds {
		w := newWorld(t, seed, durable)
		run(w, seed)
		lost += w.restart()
		_ = w.db.Close()
	}
	return lost
}

func cutSomewhere(w *world, seed uint64) {
	w.disk.Arm(faultvfs.Fault{Op: faultvfs.Any, N: int64(seed) + 1, Effect: faultvfs.Cut})
	for i := range 20 {
		if w.write(i) != nil {
			break
		}
	}
	w.disk.PowerCut()
}

func TestPowerCutLosesOnlyWhatIsNotSynced(t *testing.T) {
	if lost := losses(t, 60, true, cutSomewhere); lost != 0 {
		t.Errorf("synchronous=FULL lost %d acknowledged rows", lost)
	}
	lost := losses(t, 60, false, cutSomewhere)
	if lost == 0 {
		t.Error("synchronous=NORMAL lost nothing, so the disk is kinder than a real one")
	}
	t.Logf("synchronous=NORMAL lost %d acknowledged rows", lost)
}

func TestWithoutPowerCutNothingIsLost(t *testing.T) {
	lost := losses(t, 5, false, func(w *world, _ uint64) {
		for i := range 10 {
			if err := w.write(i); err != nil {
				w.t.Fatal(err)
			}
		}
	})
	if lost != 0 {
		t.Errorf("lost %d rows of a program that only ended", lost)
	}
}

// A failed sync followed by good ones looks healthy, and is not.
func TestFailedSyncIsNotMadeGoodByTheNext(t *testing.T) {
	failed := 0
	lost := losses(t, 40, true, func(w *world, _ uint64) {
		for i := range 10 {
			if i == 3 {
				w.disk.Arm(faultvfs.Fault{Op: faultvfs.Sync, N: 1})
			}
			if err := w.write(i); err != nil {
				failed++
				if !store.Lost(err) || !store.Unsynced(err) {
					w.t.Errorf("a failed sync came out as %v", err)
				}
				// Reopening alone is not enough either: the log is read
				// from the cache and taken for good.
				_ = w.db.Close()
				w.open()
			}
		}
		w.disk.PowerCut()
	})
	if failed != 40 {
		t.Errorf("%d of 40 syncs failed", failed)
	}
	if lost == 0 {
		t.Error("nothing was lost, so the disk forgives failed syncs")
	}
	t.Logf("lost %d acknowledged rows", lost)
}

func TestFailedWriteFailsThatTransactionOnly(t *testing.T) {
	w := newWorld(t, 1, true)
	w.disk.Arm(faultvfs.Fault{Op: faultvfs.Write, N: 2})
	errs := 0
	for i := range 10 {
		if err := w.write(i); err != nil {
			errs++
		}
	}
	if errs != 1 || len(w.acked) != 9 {
		t.Errorf("%d transactions failed and %d were acknowledged", errs, len(w.acked))
	}
	if lost := w.restart(); lost != 0 {
		t.Errorf("lost %d", lost)
	}
	_ = w.db.Close()
}

func TestFullDisk(t *testing.T) {
	w := newWorld(t, 1, true)
	w.disk.Limit(w.disk.Used() + 50_000)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = w.write(n)
	}
	if !store.Full(err) || store.Lost(err) {
		t.Fatalf("after %d rows: %v; want a full disk", n, err)
	}
	w.disk.Limit(-1)
	if err := w.write(200); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if lost := w.restart(); lost != 0 {
		t.Errorf("lost %d", lost)
	}
	_ = w.db.Close()
}

// A disk whose syncs are slow and real is no kinder than the other.
func TestThroughLosesOnlyWhatIsNotSynced(t *testing.T) {
	through := func(w *world, seed uint64) {
		w.disk.Through()
		w.disk.Slow(time.Millisecond)
		cutSomewhere(w, seed)
		if w.disk.Hits() > 1 {
			t.Errorf("%d operations failed", w.disk.Hits())
		}
	}
	if lost := losses(t, 20, true, through); lost != 0 {
		t.Errorf("synchronous=FULL lost %d acknowledged rows", lost)
	}
	if lost := losses(t, 20, false, through); lost == 0 {
		t.Error("synchronous=NORMAL lost nothing, so a cut lost nothing")
	}
}

func TestSameSeedSameStory(t *testing.T) {
	story := func() string {
		w := newWorld(t, 7, false)
		cutSomewhere(w, 30)
		lost := w.restart()
		_ = w.db.Close()
		files, _ := filepath.Glob(filepath.Join(w.config.Dir, "*"))
		for i, f := range files {
			info, _ := os.Stat(f)
			files[i] = fmt.Sprint(filepath.Base(f), " ", info.Size())
		}
		return fmt.Sprint(lost, len(w.acked), strings.Join(files, ","))
	}
	if a, b := story(), story(); a != b {
		t.Errorf("the same seed gave %q and %q", a, b)
	}
}

func TestFlip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte{0, 0}, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := faultvfs.Flip(path, 9); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); got[0] != 0 || got[1] != 2 {
		t.Errorf("got %v", got)
	}
	if err := faultvfs.Flip(path, 99); err == nil {
		t.Error("flipped a bit that is not there")
	}
}
