package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// File is one body on its way to disk. It belongs to one goroutine.
type File struct {
	dir     *Dir
	f       *os.File // nil once kept or discarded
	path    string
	size    int64
	flushed int64 // of size
	err     error // the first failure; everything after it fails the same way
	gone    bool
}

// Create begins a file with mode 0600. The error wraps ErrFull where the disk
// is low.
func (d *Dir) Create() (*File, error) {
	if err := d.checkSpace(); err != nil {
		return nil, explain(err)
	}
	f, err := os.CreateTemp(d.path, prefix+"*"+suffix)
	if err != nil {
		return nil, explain(err)
	}
	d.open.Add(1)
	return &File{dir: d, f: f, path: f.Name()}, nil
}

// Write appends p. After a failure every later Write and Keep fails too.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.f.Write(p)
	f.size += int64(n)
	if err == nil && f.size-f.flushed >= stride {
		if err = f.gated(f.flush); err == nil {
			err = f.dir.checkSpace()
		}
	}
	if err != nil {
		f.err = explain(err)
	}
	return n, f.err
}

// gated waits for one of the few slots, so that many large bodies wait for each
// other and not small messages for all of them.
func (f *File) gated(do func() error) error {
	f.dir.gate <- struct{}{}
	defer func() { <-f.dir.gate }()
	return do()
}

// flush sends what was written to the disk without making it last: that is
// Keep's, once.
func (f *File) flush() error {
	err := f.dir.flush(f.f, f.flushed, f.size-f.flushed)
	f.flushed = f.size
	return err
}

func (f *File) sync() error { return f.dir.sync(f.f) }

// Keep syncs and closes the file and returns where it lies and its length in
// bytes. Who wants it longer than until Discard renames it and syncs the
// folder that it is then in.
func (f *File) Keep() (path string, size int64, err error) {
	if f.err == nil {
		f.err = explain(f.gated(f.sync))
	}
	closeErr := f.f.Close()
	f.f = nil
	if f.err == nil {
		f.err = explain(closeErr)
	}
	return f.path, f.size, f.err
}

// Discard removes the file if it is still there. It may be called at any time
// and more than once.
func (f *File) Discard() error {
	if f.gone {
		return nil
	}
	f.gone = true
	f.dir.open.Add(-1)
	if f.f != nil {
		_ = f.f.Close() // it is being thrown away
		f.f = nil
	}
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explain(err)
	}
	return nil
}

// explain says what was being done, and that a full disk is a full disk. It
// leaves out the file's name, which would say nothing.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("spooling: %w", ErrFull)
	default:
		return fmt.Errorf("spooling: %w", err)
	}
}
