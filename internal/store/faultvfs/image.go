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
}

func newImage(size int64) *image { return &image{size: size, durable: size, old: map[int64]lost{}} }

// touch notes what is about to be overwritten.
func (i *image) touch(f vfs.File, from, to int64) error {
	for s := from / sector; s*sector < to; s++ {
		if was, known := i.old[s]; known {
			was.doomed = false // written again, so a sync saves it again
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

// lose puts the file into a state that a power cut may leave.
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
	var sectors []int64
	for s := range i.old {
		sectors = append(sectors, s)
	}
	slices.Sort(sectors)
	for _, s := range sectors {
		keep := luck == 1 || luck > 1 && rng.IntN(2) == 0
		if keep {
			continue
		}
		data := make([]byte, sector)
		copy(data, i.old[s].data)
		if _, err := f.WriteAt(data, s*sector); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if luck == 0 || luck > 1 && rng.IntN(2) == 0 {
		err = f.Truncate(i.durable)
	}
	return errors.Join(err, f.Close())
}
