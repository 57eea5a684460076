package faultvfs

import (
	"time"

	"github.com/ncruces/go-sqlite3/vfs"
)

// file is an open file of the disk.
type file struct {
	vfs.File
	disk  *Disk
	image *image
	epoch int
}

// Unwrap returns the real file.
func (f *file) Unwrap() vfs.File { return f.File }

// SharedMemory gives the write-ahead log its index.
func (f *file) SharedMemory() vfs.SharedMemory {
	if s, ok := f.File.(vfs.FileSharedMemory); ok {
		return s.SharedMemory()
	}
	return nil
}

// LockState implements vfs.FileLockState.
func (f *file) LockState() vfs.LockLevel {
	if s, ok := f.File.(vfs.FileLockState); ok {
		return s.LockState()
	}
	return vfs.LOCK_NONE
}

// ReadAt reads, unless the power is off.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	dark := f.disk.dead || f.epoch != f.disk.epoch
	f.disk.mu.Unlock()
	if dark {
		return 0, errIO
	}
	return f.File.ReadAt(p, off)
}

// WriteAt writes, fails, or is cut in the middle.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	effect, hit, err := d.step(Write, f.epoch)
	if err != nil {
		return 0, err
	}
	end := off + int64(len(p))
	if d.capacity >= 0 && end > f.image.size && d.used()+end-f.image.size > d.capacity {
		d.hits++
		return 0, errFull
	}
	if hit && effect == Fail {
		return 0, errIO
	}
	if hit { // torn: the first sectors only, the power is off
		p = p[:d.rng.IntN(len(p)/sector+1)*sector]
	}
	if err := f.image.touch(f.File, off, off+int64(len(p))); err != nil {
		return 0, err
	}
	n, err := f.File.WriteAt(p, off)
	f.image.size = max(f.image.size, off+int64(n))
	if hit {
		return n, errIO
	}
	return n, err
}

// Truncate cuts the file, or fails.
func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if _, hit, err := f.disk.step(Truncate, f.epoch); err != nil || hit {
		return errIO
	}
	if err := f.image.truncate(f.File, size); err != nil {
		return err
	}
	f.image.size = size
	return f.File.Truncate(size)
}

// Sync makes the file durable, as far as the simulation goes; the real disk is
// asked only if Through says so.
func (f *file) Sync(how vfs.SyncFlag) error {
	f.disk.mu.Lock()
	slow := f.disk.slow
	f.disk.mu.Unlock()
	time.Sleep(slow)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	_, hit, err := f.disk.step(Sync, f.epoch)
	if err != nil {
		return err
	}
	if hit {
		f.image.failed()
		return errSync
	}
	if f.disk.through {
		if err := f.File.Sync(how); err != nil {
			f.image.failed()
			return err
		}
	}
	f.image.synced()
	return nil
}

// Size returns the file's length.
func (f *file) Size() (int64, error) { return f.File.Size() }

// DeviceCharacteristics promises nothing but that neighbouring bytes survive
// a write, as SQLite assumes by default.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}

// SectorSize returns what is written whole.
func (f *file) SectorSize() int { return sector }
