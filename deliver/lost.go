package deliver

import (
	"context"
	"crypto/sha256"
	"sync"

	"handover"
	"handover/hl7v2"
)

// lost remembers by MSH-10 what ended as unknown, so that an answer that comes late
// is known for what it is.
type lost struct {
	mu    sync.Mutex
	by    map[string]lostTry
	order []string // of the MSH-10s, oldest first
}

// lostTry is a try that ended as unknown.
type lostTry struct {
	facts
	try int
}

const lostAtMost = 1000

func (l *lost) remember(message []byte, d *delivery) {
	m, _ := hl7v2.Parse(message)
	if m == nil || m.ControlID() == "" {
		return
	}
	control := m.ControlID()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]lostTry{}
	}
	if _, known := l.by[control]; !known {
		l.order = append(l.order, control)
	}
	l.by[control] = lostTry{d.facts(), d.tries}
	if len(l.order) > lostAtMost {
		delete(l.by, l.order[0])
		l.order = l.order[1:]
	}
}

// recall returns the try whose answer this is, if it is known.
func (l *lost) recall(control string) (t lostTry, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, known = l.by[control]
	return t, known
}

func (l *lost) forget(control string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.by, control)
}

// strays are the frames that answered nothing that waits, on their way into the
// journal.
type strays struct {
	mu    sync.Mutex
	seen  map[[sha256.Size]byte]bool
	order [][sha256.Size]byte // of seen, oldest first
	busy  int                 // how many are on their way
	count int64
}

// The same frame is kept once among so many; and so many are on their way at a time,
// more are only counted. There are receivers that with each message acknowledge all
// before it once more.
const (
	straysSeen = 4096
	straysBusy = 64
)

// keep counts a frame, and reports whether it is to be kept.
func (s *strays) keep(frame []byte) bool {
	digest := sha256.Sum256(frame)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if s.seen[digest] || s.busy >= straysBusy {
		return false
	}
	if s.seen == nil {
		s.seen = map[[sha256.Size]byte]bool{}
	}
	s.seen[digest] = true
	if s.order = append(s.order, digest); len(s.order) > straysSeen {
		delete(s.seen, s.order[0])
		s.order = s.order[1:]
	}
	s.busy++
	return true
}

func (s *strays) kept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
}

func (s *strays) counted() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// hearLate keeps a frame that answered nothing that waits. If it says what became
// of a delivery that ended as unknown, that is so from now on; it never counts for
// any other.
func (d *Deliverer) hearLate(o *outlet, frame []byte) {
	if !o.strays.keep(frame) {
		return
	}
	go func() { // whoever reads the connection must not wait for the journal
		defer o.strays.kept()
		err := d.order(context.Background(), func(ctx context.Context) error { return d.late(ctx, o, frame) })
		if err != nil {
			d.log.Error("an answer that came late could not be kept", "destination", o.Name, "error", err)
		}
	}()
}

func (d *Deliverer) late(ctx context.Context, o *outlet, frame []byte) error {
	about, known := lostTry{facts: facts{id: handover.DeliveryID{To: o.Name}}}, false
	ending, control, code := handover.Unknown, "", ""
	if m, _ := hl7v2.Parse(frame); m != nil {
		control, code = m.Get("MSA-2").Text(), m.Get("MSA-1").Text()
		if t, ok := o.lost.recall(control); ok {
			about, known = t, true
		}
	}
	switch code {
	case "AA":
		ending = handover.Accepted
	case "AE", "AR", "CE", "CR":
		ending = handover.Rejected
	default:
		code = ""
	}
	drafts := []handover.Draft{answered(about.facts, frame)}
	known = known && ending != handover.Unknown
	if known {
		drafts = append(drafts, about.late(about.try, handover.Outcome{Ending: ending, Code: code}))
	}
	if r, ok := about.response(o.Answers, frame); ok && known {
		drafts = append(drafts, r)
	}
	if _, err := d.config.Journal.Append(ctx, drafts); err != nil {
		return err
	}
	if known {
		o.lost.forget(control)
	}
	if !known || ending != handover.Accepted {
		return nil
	}
	o.heard(about.id.Of)
	return d.keepUp(ctx)
}
