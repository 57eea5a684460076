package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"handover"
)

// largeStore keeps bodies that are too long to be written through the facts'
// own log: that would write them twice and hold up every small message.
type largeStore interface {
	// keep makes the file's content durable under a new name.
	keep(ctx context.Context, volume handover.Offset, path string) (name string, err error)
	// drop undoes keep.
	drop(ctx context.Context, name string) error
	open(ctx context.Context, name string, size int64) (Content, error)
	// path returns the file's place, "" where it is not a file.
	path(name string) string
}

// Content is a body that is read as it is needed.
type Content interface {
	io.ReadSeeker
	io.Closer
}

// newName returns a name that no other body has; it begins with the first
// offset of the volume that was written to at the time.
func newName(volume handover.Offset) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail
	return newPrefix(volume) + hex.EncodeToString(b[:])
}

func newPrefix(volume handover.Offset) string { return fmt.Sprintf("%016d-", int64(volume)) }

// folderStore keeps large bodies as files in a folder.
type folderStore struct{ dir string }

// keep links the file into the folder, so that the spool file is still there
// if the append fails. Across file systems it copies.
func (s folderStore) keep(_ context.Context, volume handover.Offset, path string) (string, error) {
	name := newName(volume)
	err := os.Link(path, s.path(name))
	if errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) {
		err = copySynced(path, s.path(name))
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return "", fmt.Errorf("keeping a large body: %w", err)
	}
	return name, nil
}

func copySynced(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

func (s folderStore) drop(_ context.Context, name string) error { return removeFiles(s.path(name)) }

func (s folderStore) open(_ context.Context, name string, size int64) (Content, error) {
	f, err := os.Open(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(fmt.Errorf("its file %s is not there", name))
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != size {
		err = damaged(fmt.Errorf("its file %s has %d bytes and should have %d", name, info.Size(), size))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s folderStore) path(name string) string { return filepath.Join(s.dir, filepath.Base(name)) }

// hashing bounds how many large bodies are hashed at once, so that small
// messages still get a processor.
var hashing = make(chan struct{}, 1)

// hashFile returns the SHA-256 of a file.
func hashFile(ctx context.Context, path string) (sum [sha256.Size]byte, err error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return sum, ctx.Err()
	}
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, *buffer); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}
