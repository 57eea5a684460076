// Package faultvfs is a disk that fails as it is told to. It is a SQLite VFS
// over real files, and promises that what it does to them is what a real disk
// may do: an operation fails, a write is torn, the space runs out, and after a
// power cut whatever was not synced is there, or not, sector by sector. After
// a sync that failed the data stays readable, but later syncs do not make it
// durable, as with Linux's page cache. docs/decisions/0002 says how far that
// goes and how it was proven. It is for tests and for `handover torture`; no engine
// that anybody relies on runs on it.
package faultvfs

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Op is a kind of operation that can fail.
type Op uint8

// The operations that are counted.
const (
	Write Op = 1 << iota
	Sync
	Truncate
	Any = Write | Sync | Truncate
)

// Effect is what happens at the operation that a Fault chooses.
type Effect uint8

// The effects.
const (
	Fail Effect = iota // it fails with an I/O error, this once
	Cut                // the power goes: a write is torn, and nothing works any more
)

// Fault chooses one operation.
type Fault struct {
	Op     Op // which kinds are counted
	N      int64
	Effect Effect
}

// Disk is one simulated disk.
type Disk struct {
	name string

	mu       sync.Mutex
	rng      *rand.Rand
	images   map[string]*image
	fault    *Fault
	left     int64 // operations until the fault
	dead     bool  // the power is off
	epoch    int   // handles of an earlier one are dead for good
	capacity int64 // bytes in all files; negative: endless
	ops      int64
	hits     int64         // operations that failed as they were told to
	through  bool          // syncs reach the real disk
	slow     time.Duration // that a sync takes longer
}

var disks atomic.Int64

// New makes a disk with a seed for everything that it leaves to chance, and
// registers it as a VFS.
func New(seed uint64) *Disk {
	d := &Disk{name: fmt.Sprint("fault", disks.Add(1)), rng: rand.New(rand.NewPCG(seed, 0)),
		images: map[string]*image{}, capacity: -1}
	vfs.Register(d.name, d)
	return d
}

// Name returns the name of the VFS.
func (d *Disk) Name() string { return d.name }

// Close removes the VFS. Files stay as they are.
func (d *Disk) Close() { vfs.Unregister(d.name) }

// Arm makes the n-th operation from now fail.
func (d *Disk) Arm(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.left = &f, f.N
}

// Limit sets how many bytes all files may have together from now on.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Through makes every sync that succeeds a sync of the real disk too, from now on.
// What a power cut loses is simulated all the same.
func (d *Disk) Through() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.through = true
}

// Slow makes every sync take so much longer from now on.
func (d *Disk) Slow(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = by
}

// Hits returns how many operations failed because Arm or Limit said so.
func (d *Disk) Hits() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hits
}

// Used returns how many bytes the files have.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() (sum int64) {
	for path, i := range d.images {
		if info, err := os.Stat(path); err == nil {
			i.size = info.Size()
			sum += i.size
		}
	}
	return sum
}

// Ops returns how many operations there were.
func (d *Disk) Ops() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// Dead reports whether the power is off.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// PowerCut cuts the power now, unless it is off already: every open handle is
// dead from here on.
func (d *Disk) PowerCut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Restart turns the power on. What was not synced before a cut is lost or not,
// by chance. Without a cut it is the program's end only: everything reads as it
// was written, and what was not synced may still be lost by a later cut.
func (d *Disk) Restart() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	if d.dead {
		for _, path := range d.paths() {
			errs = append(errs, d.images[path].lose(path, d.rng))
		}
		d.images = map[string]*image{}
	}
	d.dead, d.fault = false, nil
	d.epoch++
	return errors.Join(errs...)
}

// paths in a fixed order, so that the same seed does the same.
func (d *Disk) paths() []string {
	var out []string
	for path := range d.images {
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// Flip inverts one bit of a file.
func Flip(path string, bit int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], bit/8)
	if err == nil {
		b[0] ^= 1 << (bit % 8)
		_, err = f.WriteAt(b[:], bit/8)
	}
	return errors.Join(err, f.Close())
}

var (
	errIO   = vfs.SystemError(syscall.EIO, sqlite3.IOERR)
	errSync = vfs.SystemError(syscall.EIO, sqlite3.IOERR_FSYNC)
	errFull = vfs.SystemError(syscall.ENOSPC, sqlite3.FULL)
)

// step counts an operation and returns what must happen to it.
func (d *Disk) step(op Op, epoch int) (effect Effect, hit bool, err error) {
	if d.dead || epoch != d.epoch {
		return 0, false, errIO
	}
	d.ops++
	if d.fault == nil || d.fault.Op&op == 0 {
		return 0, false, nil
	}
	if d.left--; d.left > 0 {
		return 0, false, nil
	}
	effect = d.fault.Effect
	d.fault = nil
	d.hits++
	if effect == Cut {
		d.dead = true
	}
	return effect, true, nil
}

// Open implements vfs.VFS; SQLite calls OpenFilename.
func (d *Disk) Open(string, vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return nil, 0, sqlite3.CANTOPEN
}

// OpenFilename implements vfs.VFSFilename.
func (d *Disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return nil, flags, sqlite3.CANTOPEN
	}
	base, out, err := system.OpenFilename(name, flags)
	if err != nil || name == nil {
		return base, out, err // temporary files have no story to survive
	}
	path := name.String()
	if d.images[path] == nil {
		size, err := base.Size()
		if err != nil {
			return nil, out, errors.Join(err, base.Close())
		}
		d.images[path] = newImage(size)
	}
	return &file{File: base, disk: d, image: d.images[path], epoch: d.epoch}, out, nil
}

// system is the VFS that is built on.
var system = vfs.Find("os").(vfs.VFSFilename)

// Delete implements vfs.VFS. A deletion is durable at once.
func (d *Disk) Delete(path string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errIO
	}
	delete(d.images, path)
	return system.Delete(path, false)
}

// Access implements vfs.VFS.
func (d *Disk) Access(path string, flags vfs.AccessFlag) (bool, error) {
	return system.Access(path, flags)
}

// FullPathname implements vfs.VFS.
func (d *Disk) FullPathname(path string) (string, error) { return system.FullPathname(path) }

func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
