package spool

import (
	"os"
	"syscall"
)

// freeBytes is what an ordinary user may still write.
func freeBytes(path string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// flushRange writes a range of the file out and waits for it
// (sync_file_range: wait before, write, wait after).
func flushRange(f *os.File, from, size int64) error {
	const waitWriteWait = 1 | 2 | 4
	for {
		switch err := syscall.SyncFileRange(int(f.Fd()), from, size, waitWriteWait); err {
		case syscall.EINTR:
		case syscall.ENOSYS, syscall.EINVAL, syscall.ESPIPE:
			return nil // the file system cannot; the sync does it all
		default:
			return err
		}
	}
}

// datasync leaves out only times that nobody needs to read the bytes back.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
