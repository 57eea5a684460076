package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store/faultvfs"
	"handover/journal"
	"handover/journal/training"
)

// schedules is how many seeds make test runs; each is one life of a journal
// with up to three crashes.
const schedules = 1000

// TestFaultSchedules runs journals on a disk that fails, and asks each time:
// is every acknowledged message there once, in its appender's order, with its
// bytes; does one that was in flight and is sent again end up there once; does
// the tree verify?
func TestFaultSchedules(t *testing.T) {
	n := schedules
	if testing.Short() {
		n = 50
	}
	seeds := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for seed := range seeds {
				if t.Failed() {
					continue
				}
				s := newSchedule(t, seed)
				s.run()
				s.end()
			}
		})
	}
	for seed := range uint64(n) {
		seeds <- seed
	}
	close(seeds)
	wg.Wait()
}

// schedule is one seed's story.
type schedule struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	disk   *faultvfs.Disk
	config journal.Config
	j      *journal.Journal

	giveUp bool // the program is ended at the first I/O error

	mu       sync.Mutex
	failed   bool
	sent     [appenders]int // messages that each appender has begun
	acked    map[string]handover.Offset
	inFlight map[string]bool
}

const appenders = 3

func newSchedule(t *testing.T, seed uint64) *schedule {
	dir, err := os.MkdirTemp(fastDir(), "handover-fault-")
	if err != nil {
		t.Fatal(err)
	}
	s := &schedule{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 99)), disk: faultvfs.New(seed),
		acked: map[string]handover.Offset{}, inFlight: map[string]bool{}}
	s.config = journal.Config{Dir: dir, VFS: s.disk.Name(), LowSpace: -1, Reserve: -1, VolumeSize: 40_000, LargeBody: 5000}
	return s
}

// fastDir is in memory where there is such a folder: the disk is simulated.
func fastDir() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return ""
}

func (s *schedule) end() {
	s.disk.Close()
	if err := os.RemoveAll(s.config.Dir); err != nil {
		s.t.Error(err)
	}
}

func (s *schedule) fail(format string, args ...any) {
	s.t.Errorf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

// run lives through a few lives of the program, each ended by a crash.
func (s *schedule) run() {
	for range 1 + s.rng.IntN(3) {
		if !s.open() {
			return
		}
		s.arm()
		s.work()
		s.crash()
	}
	if !s.open() {
		return
	}
	s.judge()
	if err := s.j.Close(); err != nil {
		s.fail("closing: %v", err)
	}
}

// open must succeed: the disk is healthy at the moment.
func (s *schedule) open() bool {
	j, err := journal.Open(context.Background(), s.config)
	if err != nil {
		s.fail("opening: %v", err)
		return false
	}
	s.j = j
	return true
}

// arm chooses what goes wrong in this life.
func (s *schedule) arm() {
	s.giveUp, s.failed = s.rng.IntN(2) == 0, false
	n := 1 + s.rng.Int64N(60)
	switch s.rng.IntN(6) {
	case 0, 1:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Any, N: n, Effect: faultvfs.Cut})
	case 2:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Sync, N: 1 + n/6})
	case 3:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Write, N: n})
	case 4:
		s.disk.Limit(s.disk.Used() + 20_000 + s.rng.Int64N(80_000))
	}
}

// work lets the appenders send until they are through or the power is off.
func (s *schedule) work() {
	var wg sync.WaitGroup
	for a := range appenders {
		seed := s.rng.Uint64()
		wg.Go(func() { s.appender(a, rand.New(rand.NewPCG(seed, 0))) })
	}
	wg.Go(func() {
		for range s.rng.IntN(4) {
			_ = s.j.Tend(context.Background()) // may meet the fault
			time.Sleep(time.Millisecond)
		}
	})
	wg.Wait()
}

func (s *schedule) appender(a int, rng *rand.Rand) {
	for range 3 + rng.IntN(6) {
		control := s.next(a)
		s.send(control, rng)
		if s.ended() {
			return
		}
		if rng.IntN(4) == 0 { // some come twice
			s.send(control, rng)
		}
	}
}

func (s *schedule) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disk.Dead() || s.giveUp && s.failed
}

func (s *schedule) next(a int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent[a]++
	return fmt.Sprintf("%d/%d", a, s.sent[a])
}

// body is what a control id's message says: always the same.
func body(control string) []byte {
	h := uint64(len(control))
	for _, c := range []byte(control) {
		h = h*131 + uint64(c)
	}
	return append(training.Messages(h, 1)[0], control...)
}

func (s *schedule) send(control string, rng *rand.Rand) {
	s.mu.Lock()
	if _, ok := s.acked[control]; !ok {
		s.inFlight[control] = true
	}
	s.mu.Unlock()
	source, _, _ := strings.Cut(control, "/")
	d := message(source, control, "")
	d.Body.Bytes = body(control)
	cause := 0
	drafts := []handover.Draft{d, {Header: handover.Header{Kind: handover.Decided, Source: source}, CauseInBatch: &cause}}
	r, err := s.j.Append(context.Background(), drafts[:1+rng.IntN(2)])
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed = s.failed || handover.KindOf(err) == handover.Unavailable
		return
	}
	at := r[0].Offset
	if r[0].First != 0 {
		at = r[0].First
	}
	if old, ok := s.acked[control]; ok && old != at {
		s.fail("message %s was acknowledged as %d and as %d", control, old, at)
	}
	s.acked[control] = at
	delete(s.inFlight, control)
}

// crash ends the life: by a power cut, or by the program's end alone.
func (s *schedule) crash() {
	if s.rng.IntN(3) > 0 {
		s.disk.PowerCut()
	}
	s.disk.Limit(-1)
	_ = s.j.Close() // fails where the power is off
	if err := s.disk.Restart(); err != nil {
		s.fail("restarting the disk: %v", err)
	}
}

// judge asks the questions.
func (s *schedule) judge() {
	s.acknowledged()
	for control := range s.inFlight {
		s.send(control, s.rng)
	}
	if err := s.j.Tend(context.Background()); err != nil {
		s.fail("tending: %v", err)
	}
	s.acknowledged()
	report, err := s.j.Verify(context.Background(), nil)
	if err != nil {
		s.fail("verifying: %v", err)
	}
	for _, f := range report.Faults {
		s.fail("fact %d: %s", f.Offset, f.Text)
	}
}

// acknowledged looks for each acknowledged message, once and in order.
func (s *schedule) acknowledged() {
	found := map[string]handover.Offset{}
	last := map[string]int{}
	for _, e := range all(s.t, s.j) {
		if e.Kind != handover.Received {
			continue
		}
		at := bytes.LastIndexByte(e.Body.Bytes, '\r')
		control := string(e.Body.Bytes[at+1:])
		if !bytes.Equal(e.Body.Bytes, body(control)) {
			s.fail("fact %d is not the message that was sent", e.Offset)
		}
		if twice, ok := found[control]; ok {
			s.fail("message %s is there as %d and as %d", control, twice, e.Offset)
		}
		found[control] = e.Offset
		var a, n int
		if _, err := fmt.Sscanf(control, "%d/%d", &a, &n); err != nil {
			s.fail("fact %d has the control id %q", e.Offset, control)
		}
		if _, resent := s.inFlight[control]; !resent {
			if n < last[e.Source] && s.acked[control] == 0 {
				s.fail("message %s came after %d", control, last[e.Source])
			}
			last[e.Source] = n
		}
	}
	for control, at := range s.acked {
		if found[control] != at {
			s.fail("message %s was acknowledged as %d and is at %d", control, at, found[control])
		}
	}
}
