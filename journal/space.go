package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// space watches the disk, and holds a file that is given up when it is full,
// so that outcomes, accesses and retention can still be written.
type space struct {
	folder  string
	low     int64
	reserve int64
	free    func(dir string) (int64, error)

	mu      sync.Mutex
	held    bool // the reserve file is there
	spent   bool // it was given up, and is not back
	refuse  bool // as of the last look
	looked  time.Time
	nowMono func() time.Time
}

// lookEvery bounds how often the system is asked for free space.
const lookEvery = 200 * time.Millisecond

func newSpace(c Config) *space {
	return &space{folder: c.folder(), low: c.LowSpace, reserve: c.Reserve, free: c.Free, nowMono: time.Now}
}

func (s *space) path() string { return filepath.Join(s.folder, "reserve") }

// full reports whether messages must be refused now.
func (s *space) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.nowMono(); now.Sub(s.looked) >= lookEvery {
		s.looked = now
		s.look()
	}
	return s.refuse
}

// look asks for the free space, and takes back the reserve once there is room
// for it above the mark.
func (s *space) look() {
	if s.low < 0 {
		s.refuse = false
		s.hold()
		return
	}
	free, err := s.free(s.folder)
	if err != nil {
		return // what was known last still stands
	}
	if !s.held && free >= s.low+max(s.reserve, 0) {
		s.hold()
	}
	s.refuse = free < s.low || s.spent
}

// hold makes the reserve file. Where that fails the disk is too full for it.
func (s *space) hold() {
	if s.held || s.reserve <= 0 {
		return
	}
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	err = unix.Fallocate(int(f.Fd()), 0, 0, s.reserve)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		_ = os.Remove(s.path()) // a part of it would hold nothing back
		return
	}
	s.held, s.spent = true, false
}

// spend gives up the reserve, and reports whether there was one. Messages are
// refused until it is back.
func (s *space) spend() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse, s.looked = true, s.nowMono()
	if !s.held {
		return false
	}
	s.held, s.spent = false, true
	return os.Remove(s.path()) == nil
}

// spare gives up the reserve that an earlier run left, if the disk has less space
// than is held back: on a disk that is full to the last byte not even a log can
// be read. Only who has the journal's lock may call it.
func (s *space) spare() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	free, err := s.free(s.folder)
	if err != nil || free >= max(s.low, s.reserve) {
		return false
	}
	return os.Remove(s.path()) == nil
}

// exhausted notes that a write failed for want of space.
func (s *space) exhausted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse, s.looked = true, s.nowMono()
}

// freeBytes is what an ordinary user may still write.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("asking for free space: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// syncDir makes names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// removeFiles removes files that may be gone already.
func removeFiles(paths ...string) error {
	var errs []error
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
