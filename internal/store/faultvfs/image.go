package faultvfs

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is what a disk writes whole.
const sector = 512

// image knows, of one file, what would be on disk after a power cut.
type image struct {
	size    int64 // now
	durable int64 // size at the last sync
	old     map[int64]lost
}

// lost is what a sector held at the last sync that counted.
type lost struct {
	data   []byte // shorter than a sector where the file ended
	doomed bool   // written before a sync that failed: no later sync saves it
	cut    bool   // taken away by a truncation, and not written since
}

func newImage(size int64) *image { return &image{size: size, durable: size, old: map[int64]lost{}} }

// touch notes what is about to be overwritten.
func (i *image) touch(f vfs.File, from, to int64) error {
	for s := from / sector; s*sector < to; s++ {
		if was, known := i.old[s]; known {
			was.doomed, was.cut = false, false // a sync saves it again
			i.old[s] = was
			continue
		}
		data := make([]byte, sector)
		n, err := f.ReadAt(data, s*sector)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		i.old[s] = lost{data: data[:n]}
	}
	return nil
}

// truncate notes what is about to be cut off.
func (i *image) truncate(f vfs.File, size int64) error {
	if size >= i.size {
		return nil
	}
	if err := i.touch(f, size, i.size); err != nil {
		return err
	}
	for s := (size + sector - 1) / sector; s*sector < i.size; s++ {
		was := i.old[s]
		was.cut = true
		i.old[s] = was
	}
	return nil
}

// synced makes everything durable but what is doomed.
func (i *image) synced() {
	for s, was := range i.old {
		if !was.doomed {
			delete(i.old, s)
		}
	}
	i.durable = i.size
}

// failed dooms what the sync did not write.
func (i *image) failed() {
	for s, was := range i.old {
		was.doomed = true
		i.old[s] = was
	}
}

// lose puts the file into a state that a power cut may leave. A truncation is
// there or not, as one; written sectors are there or not, each by itself.
func (i *image) lose(path string, rng *rand.Rand) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	// Some cuts lose everything, some nothing, most a part.
	luck := rng.IntN(4)
	kept := func() bool { return luck == 1 || luck > 1 && rng.IntN(2) == 0 }
	truncated, grown := kept(), kept()
	for _, s := range i.sectors() {
		was := i.old[s]
		if was.cut && truncated || !was.cut && kept() {
			continue
		}
		data := make([]byte, sector)
		if !truncated || !i.shrunk() {
			copy(data, was.data)
		}
		if _, err := f.WriteAt(data, s*sector); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	size := i.size
	if i.size < i.durable && !truncated || i.size > i.durable && !grown {
		size = i.durable
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// shrunk reports whether the file was cut since the last sync.
func (i *image) shrunk() bool {
	for _, was := range i.old {
		if was.cut {
			return true
		}
	}
	return false
}

func (i *image) sectors() []int64 {
	var out []int64
	for s := range i.old {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
