package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// ErrFull means that the disk has less space left than must stay free.
var ErrFull = errors.New("the disk is nearly full; make room on it")

const (
	prefix = "spool-"
	suffix = ".part"

	// stride is how many bytes are written before they are sent to the disk.
	// Sending them as they come, few at a time and one file at a time, keeps
	// dirty pages few: a journal that syncs beside 64 bodies of 50 MB waits
	// some milliseconds at most, and half a second without it.
	stride = 128 << 10

	// DefaultMinFree is the free space in bytes below which nothing is spooled.
	DefaultMinFree = 64 << 20

	// DefaultSyncs is how many files are sent to the disk at the same time.
	DefaultSyncs = 1
)

// Config says where and how bodies are spooled. Only Dir is needed.
type Config struct {
	Dir     string // made with mode 0700; "" is a new folder below os.TempDir
	MinFree int64  // bytes that stay free on the disk; 0: DefaultMinFree, < 0: not looked at
	Syncs   int    // files sent to the disk at the same time; 0: DefaultSyncs
}

// Dir is a folder of spool files. All its methods may be called at once from
// many goroutines.
type Dir struct {
	path    string
	minFree int64
	gate    chan struct{} // one slot for each flush or sync under way
	open    atomic.Int64
	made    bool // Open made a folder of its own below os.TempDir

	free  func(path string) (int64, error)
	flush func(f *os.File, from, size int64) error
	sync  func(*os.File) error
}

// Open makes the folder where it is missing and removes what a crash left in
// it: no file there was ever answered for. The folder must belong to one
// running program only.
func Open(_ context.Context, c Config) (*Dir, error) {
	d := &Dir{path: c.Dir, minFree: c.MinFree, free: freeBytes, flush: flushRange, sync: datasync}
	if d.minFree == 0 {
		d.minFree = DefaultMinFree
	}
	if c.Syncs <= 0 {
		c.Syncs = DefaultSyncs
	}
	d.gate = make(chan struct{}, c.Syncs)
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("opening the spool folder: %w", err)
	}
	return d, nil
}

func (d *Dir) prepare() (err error) {
	if d.path == "" {
		d.made = true
		d.path, err = os.MkdirTemp("", "handover-spool-")
		return err
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	return d.clean()
}

// clean removes our own leftovers and touches nothing else.
func (d *Dir) clean() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() || !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, suffix) {
			continue
		}
		if err := os.Remove(filepath.Join(d.path, name)); err != nil {
			return fmt.Errorf("removing a leftover: %w", err)
		}
	}
	return nil
}

// Close removes the folder if Open made it for itself.
func (d *Dir) Close() error {
	if d.made {
		return os.RemoveAll(d.path)
	}
	return nil
}

// Path returns the folder.
func (d *Dir) Path() string { return d.path }

// Open returns how many files are being written or waiting to be taken over.
func (d *Dir) Open() int64 { return d.open.Load() }

// checkSpace fails with ErrFull where the disk has too little left.
func (d *Dir) checkSpace() error {
	if d.minFree < 0 {
		return nil
	}
	free, err := d.free(d.path)
	if err != nil {
		return fmt.Errorf("asking for free space: %w", err)
	}
	if free < d.minFree {
		return fmt.Errorf("%w: %d bytes are free and %d must stay so", ErrFull, free, d.minFree)
	}
	return nil
}
