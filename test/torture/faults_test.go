package torture

import (
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"handover/app/torture"
)

// schedules is how many seeds make test runs: each is a few lives of an engine
// on a disk that fails in some way.
const schedules = 200

// TestFaultSchedules runs whole engines, wire to record and receiver, on disks on which
// the n-th operation fails, the power goes, or the space runs out. In the end the books
// of senders and receivers must agree with the journal, and the tables with the facts.
func TestFaultSchedules(t *testing.T) {
	n := schedules
	switch {
	case long():
		n *= 10
	case testing.Short():
		n /= 10
	}
	var next, lives, faults, cuts atomic.Int64
	var group sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) { // most of the time they wait
		group.Go(func() {
			for seed := next.Add(1); seed <= int64(n) && !t.Failed(); seed = next.Add(1) {
				p := schedule(t, uint64(seed))
				lives.Add(int64(p.Rounds))
				for what, times := range p.Disk {
					switch what {
					case torture.Jumped:
					case torture.CutWriting, torture.CutLater:
						cuts.Add(int64(times))
						fallthrough
					default:
						faults.Add(int64(times))
					}
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d schedules: %d lives, %d faults that came about, %d of them power cuts", n, lives.Load(), faults.Load(), cuts.Load())
	if faults.Load() < int64(n)/2 || cuts.Load() < int64(n)/10 {
		t.Error("too few faults came about: this proved little")
	}
}

// schedule is one seed's story.
func schedule(t *testing.T, seed uint64) (p torture.Part) {
	memory := "/dev/shm" // the disk is simulated
	if _, err := os.Stat(memory); err != nil {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "handover-torture-")
	if err != nil {
		t.Error(err)
		return p
	}
	defer os.RemoveAll(dir)
	s := torture.Schedule{Seed: seed, Dir: dir, Lives: 1 + rand.New(rand.NewPCG(seed, 1)).IntN(2), Most: 10, Reach: 120, Patience: 100 * time.Millisecond}
	if err := s.Run(t.Context(), &p); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	for _, f := range p.Findings {
		t.Errorf("seed %d: %v", seed, f)
	}
	if p.Acknowledged == 0 {
		t.Errorf("seed %d: no message was acknowledged", seed)
	}
	return p
}
