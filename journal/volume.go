package journal

import (
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"handover"
	"handover/internal/store"
)

// endless is beyond every offset.
const endless = handover.Offset(math.MaxInt64)

// volume is one file of the chain.
type volume struct {
	place      store.Place
	first      handover.Offset
	generation int

	// mu is held for reading while the volume is read, and for writing
	// while its file is opened, replaced or closed.
	mu    sync.RWMutex
	below handover.Offset // the next volume's first offset
	db    *store.DB       // nil: not open
	names *nameTable
	used  time.Time // last time it was opened for reading

	unfinished bool // sealed, but still with a write-ahead log
	again      bool // to be rewritten: a commit failed, or its packs are small

	// Of what was appended since opening, for the appender only.
	packs, content int64
}

// loose reports whether bodies were packed a few at a time, as when little
// happens, so that packing them anew saves space. Where much happens they are
// packed well already, and there is no time for it.
func (v *volume) loose() bool { return v.packs > 0 && v.content/v.packs < sealedPack/8 }

var volumeFile = regexp.MustCompile(`^facts-(\d{16})\.(\d+)\.db$`)

// parseVolume reads a volume's file name.
func parseVolume(file string) (first handover.Offset, generation int, ok bool) {
	m := volumeFile.FindStringSubmatch(file)
	if m == nil {
		return 0, 0, false
	}
	n, err1 := strconv.ParseInt(m[1], 10, 64)
	g, err2 := strconv.Atoi(m[2])
	return handover.Offset(n), g, err1 == nil && err2 == nil && n > 0
}

func volumeName(first handover.Offset, generation int) string {
	return fmt.Sprintf("facts-%016d.%d", int64(first), generation)
}

func (v *volume) name() string { return volumeName(v.first, v.generation) }

func (v *volume) hasLog() bool {
	info, err := os.Stat(v.place.Path(v.name()) + "-wal")
	return err == nil && info.Size() > 0
}

// open opens the file; sealed ones for reading only. The caller holds mu.
func (v *volume) open(ctx context.Context, writable bool) error {
	if v.db != nil {
		return nil
	}
	db, err := store.Open(ctx, store.Config{Place: v.place, Name: v.name(), Schema: schema,
		Durable: true, ReadOnly: !writable})
	if err != nil {
		return err
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		v.names, err = loadNames(ctx, tx)
		return err
	})
	if err != nil {
		_ = db.Close() // the first error says more
		return fmt.Errorf("opening volume %d: %w", v.first, err)
	}
	v.db = db
	return nil
}

// close closes the file. The caller holds mu.
func (v *volume) close() error {
	if v.db == nil {
		return nil
	}
	err := v.db.Close()
	v.db, v.names = nil, nil
	return err
}

// read runs fn on a snapshot of the volume, opening it if need be.
func (v *volume) read(ctx context.Context, fn func(*store.Tx) error) error {
	v.mu.RLock()
	for v.db == nil {
		v.mu.RUnlock()
		v.mu.Lock()
		err := v.open(ctx, false)
		v.used = time.Now()
		v.mu.Unlock()
		if err != nil {
			return err
		}
		v.mu.RLock()
	}
	defer v.mu.RUnlock()
	return v.db.Read(ctx, fn)
}

// write appends a commit to the last volume.
func (v *volume) write(ctx context.Context, c *commit) error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	err := v.db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, c, v.names) })
	v.names.settle(err == nil)
	return err
}

// finish turns a volume into a single file, durably.
func (v *volume) finish(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.close(); err != nil {
		return err
	}
	if err := v.open(ctx, true); err != nil {
		return err
	}
	if err := v.db.Checkpoint(ctx); err != nil {
		return err
	}
	if err := v.db.Finish(ctx); err != nil {
		return err
	}
	v.unfinished = false
	if err := v.close(); err != nil {
		return err
	}
	return syncDir(v.place.Dir)
}

// files returns all files that the volume may consist of.
func (v *volume) files() []string {
	path := v.place.Path(v.name())
	return []string{path, path + "-wal", path + "-shm", path + "-journal"}
}
