package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"handover"
	"handover/app"
	"handover/config"
	"handover/internal/store/faultvfs"
	"handover/journal"
)

// schedules is how many seeds make test runs: each is a few lives of an engine
// on a disk that fails in some way.
const schedules = 200

// TestFaultSchedules runs whole engines, wire to record, on disks on which the
// n-th operation fails, the power goes, or the space runs out. In the end the
// senders' books must agree with the journal, and the tables with the facts.
func TestFaultSchedules(t *testing.T) {
	n := schedules
	if long() {
		n *= 10
	}
	var next, faults, cuts atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for seed := next.Add(1); seed <= int64(n) && !t.Failed(); seed = next.Add(1) {
				s := newSchedule(t, uint64(seed))
				s.run()
				faults.Add(s.faults)
				cuts.Add(s.cuts)
				s.end()
			}
		})
	}
	group.Wait()
	t.Logf("%d schedules: %d lives with a fault set, %d ended by a power cut", n, faults.Load(), cuts.Load())
	if faults.Load() < int64(n)/2 || cuts.Load() < int64(n)/10 {
		t.Error("too few faults came about: this proved little")
	}
}

// schedule is one seed's story.
type schedule struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	dir     string
	disk    *faultvfs.Disk
	senders []*sender
	faults  int64
	cuts    int64
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	memory := "/dev/shm" // the disk is simulated
	if _, err := os.Stat(memory); err != nil {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "handover-torture-")
	if err != nil {
		t.Fatal(err)
	}
	s := &schedule{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), dir: dir, disk: faultvfs.New(seed)}
	for i, source := range []string{"now", "later", "now"} {
		s.senders = append(s.senders, &sender{source: source, number: int(seed)*10 + i})
	}
	return s
}

func (s *schedule) end() {
	s.disk.Close()
	if err := os.RemoveAll(s.dir); err != nil {
		s.fail("%v", err)
	}
}

func (s *schedule) fail(format string, args ...any) {
	s.t.Errorf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

// run is a few lives with faults and one without.
func (s *schedule) run() {
	for range 1 + s.rng.IntN(2) {
		if !s.live(false, 3+s.rng.IntN(8)) {
			return
		}
	}
	s.live(true, 2)
	if s.t.Failed() {
		return
	}
	s.judge()
}

// arm chooses what goes wrong in this life.
func (s *schedule) arm() {
	n := 1 + s.rng.Int64N(120)
	switch s.rng.IntN(6) {
	case 0, 1, 2:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Any, N: n, Effect: faultvfs.Cut})
	case 3:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Sync, N: 1 + n/8})
	case 4:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Write, N: n})
	case 5:
		s.disk.Limit(s.disk.Used() + s.rng.Int64N(300_000))
	}
	s.faults++
}

// patience is how long a life with a fault goes on that keeps messages from
// being accepted, and how long a sender then waits for its answer.
const patience = 100 * time.Millisecond

// live runs an engine while the senders send so many messages each, unless the
// disk ends it before. It begins on a disk that works, which fails then unless
// it is the last life.
func (s *schedule) live(last bool, messages int) bool {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	e, err := app.Open(ctx, app.Config{Site: s.site(), Dir: s.dir, VFS: s.disk.Name(), Drain: patience})
	if err != nil {
		s.fail("opening: %v", err)
		return false
	}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	began := time.Now()
	over := func() bool { return s.disk.Dead() || time.Since(began) > patience }
	if last { // it has all the time it needs
		over = func() bool { return time.Since(began) > time.Minute }
	} else {
		s.arm()
	}
	var group sync.WaitGroup
	for _, sender := range s.senders {
		sender.address, sender.answer = e.Addr(sender.source), patience
		if last {
			sender.answer = 0
		}
		group.Go(func() { sender.some(messages, over) })
	}
	group.Wait()
	if last {
		s.awaitDecided(e)
		s.verify(e)
	} else {
		s.crash()
	}
	stop()
	err = <-ended
	if err = closeWith(e, err); err != nil && last {
		s.fail("the last life: %v", err)
	}
	if err := s.disk.Restart(); err != nil {
		s.fail("%v", err)
		return false
	}
	s.disk.Limit(-1)
	return true
}

// closeWith closes the engine and returns the first of both errors.
func closeWith(e *app.Engine, err error) error {
	if closed := e.Close(); err == nil {
		err = closed
	}
	return err
}

// crash cuts the power at the end of some lives; others end in peace, or with a
// disk that is full.
func (s *schedule) crash() {
	if s.rng.IntN(2) == 0 {
		s.disk.PowerCut()
	}
	if s.disk.Dead() {
		s.cuts++
	}
}

// site is a configuration whose sources are on free ports.
func (s *schedule) site() *config.Site {
	site, err := config.Load(fstest.MapFS{
		"handover.yaml":      {Data: []byte("http: 127.0.0.1:8080\nvolume_size: 60KB\nlow_space: 0\n")},
		"sources/now.yaml":   {Data: []byte("source: now\nlisten: mllp://127.0.0.1:2575\nauthorities: [TEST]\n")},
		"sources/later.yaml": {Data: []byte("source: later\nlisten: mllp://127.0.0.1:2576\nacknowledge: recorded\nauthorities: [TEST]\n")},
		"routes/record.yaml": {Data: []byte("route: record\nfrom: [now, later]\nto: record\n")},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	site.HTTP = "127.0.0.1:0"
	for i := range site.Sources {
		site.Sources[i].Listen = &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}
	}
	return site
}

// awaitDecided waits until every message is decided and every fact is applied.
func (s *schedule) awaitDecided(e *app.Engine) {
	parts := e.Inspect()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		tail := parts.Journal.Tail()
		traced, err := parts.Trace.Applied(context.Background())
		undecided, err2 := parts.Trace.Undecided(context.Background(), 0, 1)
		if err == nil && err2 == nil && traced == tail && len(undecided) == 0 && parts.Record.Applied() >= s.lastWrite(parts.Journal, tail) {
			return
		}
		if time.Now().After(deadline) {
			s.fail("facts up to %d; the trace is at %d, the record at %d, undecided are %v (%v, %v)", tail, traced, parts.Record.Applied(), undecided, err, err2)
			return
		}
	}
}

// lastWrite finds the last fact that the record must have taken in.
func (s *schedule) lastWrite(j *journal.Journal, tail handover.Offset) handover.Offset {
	for at := tail; at > 0; at-- {
		f, err := j.Get(context.Background(), everything, at)
		if err != nil {
			s.fail("%v", err)
			return 0
		}
		if f.Kind == handover.Written {
			return at
		}
	}
	return 0
}

func (s *schedule) verify(e *app.Engine) {
	proof, err := e.Verify(context.Background(), nil)
	if err != nil {
		s.fail("verifying: %v", err)
	}
	for _, f := range proof.Findings {
		s.fail("%s", f)
	}
}

// judge reads the journal as it lies on the disk.
func (s *schedule) judge() {
	readJournal(s.t, s.dir).judge(s.t, s.senders)
	if s.t.Failed() {
		s.fail("see above")
	}
}
