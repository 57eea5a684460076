package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"testing/fstest"
	"time"

	"handover"
	"handover/app"
	"handover/config"
	"handover/internal/store/faultvfs"
	"handover/journal"
)

// Schedule is one seed's story of a whole engine, wire to receiver, in this process:
// some lives on a disk that fails in some way, and one on a disk that works. Files are
// real ones, and the faults come from the layer above them (internal/store/faultvfs).
type Schedule struct {
	Seed  uint64
	Dir   string
	Lives int // with a fault
	Most  int // messages that a sender has in one of them
	Reach int // the fault comes at one of so many operations
	// Patience is how long a life goes on in which no message is accepted.
	Patience time.Duration
	// Through makes every sync that succeeds one of the real disk.
	Through bool
	// Lived is told of each life that ended. nil: nobody is.
	Lived func()

	rng     *rand.Rand
	disk    *faultvfs.Disk
	jump    atomic.Int64 // of the clock, in nanoseconds
	senders []*Sender
	to      *Receiver
	out     *Part
}

// failDisk runs the engine on a disk that fails, over the real one.
func failDisk(ctx context.Context, c Config, dir string, bar Bar, out *Part) error {
	bar.Describe("failing the disk")
	s := &Schedule{Seed: c.Seed, Dir: dir, Lives: c.Lives, Most: 40, Reach: 500, Patience: 300 * time.Millisecond, Through: true,
		Lived: func() { _ = bar.Add(1) }}
	return s.Run(ctx, out)
}

// Run lives all lives and judges, into out. An error says that it could not.
func (s *Schedule) Run(ctx context.Context, out *Part) (err error) {
	s.out, s.rng, s.disk = out, rand.New(rand.NewPCG(s.Seed, 1)), faultvfs.New(s.Seed)
	out.Disk = map[string]int{}
	defer s.disk.Close()
	if s.Through {
		s.disk.Through()
	}
	late := s.answer() * 3 / 2
	if s.to, err = NewReceiver(ReceiverConfig{Seed: s.Seed, Trouble: troubled, Late: late}); err != nil {
		return err
	}
	defer s.to.Down()
	for i, source := range []string{"now", "later", "now"} {
		s.senders = append(s.senders, &Sender{Source: source, Number: int(s.Seed%1000)*10 + i})
	}
	for i := range s.Lives + 1 {
		last := i == s.Lives
		if last {
			s.to.Rest()
		}
		if err := s.live(ctx, last); err != nil {
			return s.unlessStuck(ctx, err)
		}
		if s.Lived != nil {
			s.Lived()
		}
	}
	return ctx.Err()
}

// answer is how long the engine waits for the receiver.
func (s *Schedule) answer() time.Duration { return s.Patience / 2 }

func (s *Schedule) unlessStuck(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.out.find(Finding{Stuck, fmt.Sprintf("in life %d: %v", s.out.Rounds+1, err)})
	return nil
}

// arm chooses what goes wrong in this life, and returns its name.
func (s *Schedule) arm() string {
	n := 1 + s.rng.Int64N(int64(s.Reach))
	switch s.rng.IntN(7) {
	case 0, 1, 2:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Any, N: n, Effect: faultvfs.Cut})
		return CutWriting
	case 3:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Sync, N: 1 + n/8})
		return "failed a sync"
	case 4:
		s.disk.Arm(faultvfs.Fault{Op: faultvfs.Write, N: n})
		return "failed a write"
	case 5:
		s.disk.Limit(s.disk.Used() + s.rng.Int64N(300_000))
		return "was full"
	}
	s.disk.Slow(time.Duration(1+s.rng.IntN(10)) * time.Millisecond)
	return slow
}

// Some of what Part.Disk counts.
const (
	CutWriting = "lost power while it wrote"
	CutLater   = "lost power later"
	Jumped     = "clock: jumped an hour or two"
	slow       = "was slow"
)

// live runs an engine while the senders send, unless the disk ends it before. It
// begins on a disk that works, which fails then unless it is the last life.
func (s *Schedule) live(ctx context.Context, last bool) (err error) {
	site, err := s.site()
	if err != nil {
		return err
	}
	s.turnClock()
	outer, stop := context.WithCancel(ctx)
	defer stop()
	e, err := app.Open(outer, app.Config{Site: site, Dir: s.Dir, VFS: s.disk.Name(), Drain: s.Patience,
		Now: func() time.Time { return time.Now().Add(time.Duration(s.jump.Load())) }})
	if err != nil {
		return fmt.Errorf("the engine did not start: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(outer) }()
	if last {
		err = s.lastLife(ctx, e)
	} else {
		s.failingLife(ctx, e)
	}
	stop()
	ran := errors.Join(<-ended, e.Close())
	if last {
		err = errors.Join(err, ran)
	}
	s.disk.Slow(0)
	s.disk.Limit(-1)
	if err = errors.Join(err, s.disk.Restart()); err != nil || !last {
		return err
	}
	return s.judge(ctx)
}

// turnClock sets the engine's clock an hour forwards or back in some lives.
func (s *Schedule) turnClock() {
	to := time.Duration(s.rng.IntN(3)-1) * time.Hour
	if s.jump.Swap(int64(to)) != int64(to) {
		s.out.Disk[Jumped]++
	}
}

// failingLife is a life in which something goes wrong.
func (s *Schedule) failingLife(ctx context.Context, e *app.Engine) {
	hits, began := s.disk.Hits(), time.Now()
	fault := s.arm()
	s.send(ctx, e, s.Patience, 1+s.rng.IntN(s.Most), func() bool {
		return ctx.Err() != nil || s.disk.Dead() || time.Since(began) > s.Patience
	})
	if s.disk.Hits() > hits || fault == slow {
		s.out.Disk[fault]++
	}
	if s.rng.IntN(2) == 0 && !s.disk.Dead() {
		s.disk.PowerCut()
		s.out.Disk[CutLater]++
	}
	s.out.Rounds++
}

// lastLife has all the time it needs: everything is sent, decided, delivered and
// proven.
func (s *Schedule) lastLife(ctx context.Context, e *app.Engine) error {
	began := time.Now()
	s.send(ctx, e, 0, 2, func() bool { return ctx.Err() != nil || time.Since(began) > giveUp })
	ask := Ask{e.HTTP()}
	if err := ask.settle(ctx, giveUp, []string{"careful"}); err != nil {
		return err
	}
	if err := s.awaitRecord(ctx, e); err != nil {
		return err
	}
	said, err := ask.balance(ctx)
	if err != nil {
		return err
	}
	s.out.balance = said
	proof, err := e.Verify(ctx, nil)
	if err != nil {
		return fmt.Errorf("verifying: %w", err)
	}
	for _, f := range proof.Findings {
		s.out.find(Finding{Unproven, f.String()})
	}
	return nil
}

// send has every sender send up to so many messages.
func (s *Schedule) send(_ context.Context, e *app.Engine, answer time.Duration, messages int, over func() bool) {
	var group sync.WaitGroup
	for _, sender := range s.senders {
		sender.Address, sender.Answer = e.Addr(sender.Source), answer
		group.Go(func() { sender.Some(messages, over) })
	}
	group.Wait()
}

// site is a configuration whose sources are on free ports.
func (s *Schedule) site() (*config.Site, error) {
	files := configuration("127.0.0.1:8080", []Address{{"now", "127.0.0.1:2575"}, {"later", "127.0.0.1:2576"}}, map[string]string{
		"handover.yaml":             "http: 127.0.0.1:8080\nvolume_size: 60KB\nlow_space: 0\n",
		"destinations/careful.yaml": destinationFile("careful", s.to.Address(), s.answer(), "connections: 4\n"),
		"routes/careful.yaml":       "route: careful\nfrom: [now, later]\nto:\n  - destination: careful\n",
	})
	folder := fstest.MapFS{}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	site, err := config.Load(folder)
	if err != nil {
		return nil, err
	}
	site.HTTP = "127.0.0.1:0"
	for i := range site.Sources {
		site.Sources[i].Listen = &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}
	}
	return site, nil
}

// awaitRecord waits until the record has taken in the last fact that is for it.
func (s *Schedule) awaitRecord(ctx context.Context, e *app.Engine) error {
	parts := e.Inspect()
	last, err := lastWrite(ctx, parts.Journal)
	if err != nil {
		return err
	}
	return Await(ctx, giveUp, "the record is behind", func(context.Context) (bool, error) { return parts.Record.Applied() < last, nil })
}

func lastWrite(ctx context.Context, j *journal.Journal) (handover.Offset, error) {
	for at := j.Tail(); at > 0; at-- {
		f, err := j.Get(ctx, everything, at)
		if err != nil {
			return 0, err
		}
		if f.Kind == handover.Written {
			return at, nil
		}
	}
	return 0, nil
}

// judge reads the journal as it lies on the disk.
func (s *Schedule) judge(ctx context.Context) error {
	kept, err := ReadKept(ctx, s.Dir)
	if err != nil {
		return err
	}
	b := Books{Sent: booksOf(s.senders), Kept: kept, Destinations: []Destination{{Name: "careful"}},
		Receivers: s.out.took(map[string]*Receiver{"careful": s.to}), Balance: s.out.balance}
	counts, found := b.Judge()
	s.out.Counts, s.out.Facts, s.out.Judged = counts, kept.Facts, true
	s.out.find(found...)
	s.out.senders(s.senders)
	return nil
}
