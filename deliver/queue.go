package deliver

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"handover"
)

// delivery is one that is open, in the window of its queue.
type delivery struct {
	handover.DeliveryID
	message handover.Offset
	source  string
	route   string
	keys    []string
	hold    bool // while it is parked, what shares a key waits
	tries   int
	since   time.Time // when it was made, or released
	alone   int       // failures, each of them after others were accepted; the first counts too
	passed  int       // how many had been answered at the last that counts
	probes  int       // failures in all

	before int       // keys of which something goes before it
	due    time.Time // not to be tried earlier
	place  int       // in the heap that it is in; -1: in none
	state  state
	known  bool // a late answer said that the receiver has it, while it was being sent again
}

type state uint8

const (
	waiting  state = iota
	underway       // a worker has it
	holding        // parked, and what shares a key waits for it
	seized         // a person decides about it
)

// queue orders the deliveries to one destination.
type queue struct {
	pauses pauses

	mu      sync.Mutex
	waiters []chan struct{} // of those who wait to take something; closed to wake one
	all     map[handover.Offset]*delivery
	lines   map[string][]*delivery // by key, in order; the first goes first
	ready   byOrder
	later   byTime
	// Failures in a row, whichever delivery's; while there are any, one at a time is
	// tried, not before until.
	failures int
	until    time.Time
	probing  bool
	passing  int // answers so far
	tries    map[handover.Ending]int64
	failing  time.Time                // since when
	last     string                   // why the last try failed
	holding  int                      // how many are parked and stand before others
	paused   bool                     // nothing is taken for now
	routes   map[string]bool          // whose deliveries are not sent for now
	skip     map[handover.Offset]bool // were in the window when it was filled anew, and stayed there
	stopped  bool                     // nothing is taken any more
}

func newQueue(p pauses) *queue {
	return &queue{pauses: p, all: map[handover.Offset]*delivery{}, lines: map[string][]*delivery{}, tries: map[handover.Ending]int64{}, skip: map[handover.Offset]bool{}}
}

// add takes a delivery in, at the place that its order gives it. One that is under
// way keeps its place before it.
func (q *queue) add(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all[d.Of] = d
	if d.state == holding {
		q.holding++
	}
	d.place, d.before = -1, 0
	for _, key := range d.keys {
		line, busy := q.lines[key], 0
		if len(line) > 0 && line[0].state == underway {
			busy = 1
		}
		i, _ := slices.BinarySearchFunc(line[busy:], d.Of, func(o *delivery, of handover.Offset) int { return int(o.Of - of) })
		if i += busy; i > 0 {
			d.before++
		} else if len(line) > 0 {
			q.wait(line[0])
		}
		q.lines[key] = slices.Insert(line, i, d)
	}
	q.enable(d)
}

// wait takes what went first of a key from those that may be taken: something goes
// before it now.
func (q *queue) wait(d *delivery) {
	d.before++
	q.withdraw(d)
}

// withdraw takes a delivery out of the heap that it is in.
func (q *queue) withdraw(d *delivery) {
	switch {
	case d.place < 0:
	case d.place < len(q.ready) && q.ready[d.place] == d:
		heap.Remove(&q.ready, d.place)
	default:
		heap.Remove(&q.later, d.place)
	}
}

// enable puts a delivery among those that may be taken, if nothing goes before it.
func (q *queue) enable(d *delivery) {
	if d.state != waiting || d.before > 0 || d.place >= 0 {
		return
	}
	if d.due.IsZero() {
		heap.Push(&q.ready, d)
	} else {
		heap.Push(&q.later, d)
	}
	q.wake()
}

// wake lets one look that waits to take something. Whoever takes something wakes
// the next, as long as there is more.
func (q *queue) wake() {
	if n := len(q.waiters) - 1; n >= 0 {
		close(q.waiters[n])
		q.waiters = q.waiters[:n]
	}
}

// take waits for a delivery that may be tried now. It returns nil when ctx ends or
// the queue has stopped.
func (q *queue) take(ctx context.Context) *delivery {
	for {
		q.mu.Lock()
		if q.stopped || ctx.Err() != nil {
			q.wake() // this one may have been woken for what another can take
			q.mu.Unlock()
			return nil
		}
		d, pause := q.next(time.Now())
		if d != nil {
			q.mu.Unlock()
			return d
		}
		woken := make(chan struct{})
		q.waiters = append(q.waiters, woken)
		q.mu.Unlock()
		q.await(ctx, woken, pause)
	}
}

// await waits until it is woken, the pause is over or ctx has ended.
func (q *queue) await(ctx context.Context, woken chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-woken:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, woken); i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
}

// another returns one that may be tried now beside those that are under way, and so
// shares no key with them; nil if there is none. It passes over none that comes
// earlier and waits only for this one to end. While sending fails there is none.
func (q *queue) another(than *delivery) *delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failures > 0 || q.stopped || q.paused {
		return nil
	}
	q.ripen(time.Now())
	if len(q.ready) == 0 {
		return nil
	}
	for _, key := range than.keys {
		if line := q.lines[key]; len(line) > 1 && line[1].Of < q.ready[0].Of {
			return nil
		}
	}
	d, _ := q.next(time.Now())
	return d
}

// ripen puts those whose pause is over among those that may be taken.
func (q *queue) ripen(now time.Time) {
	for len(q.later.byOrder) > 0 && !q.later.byOrder[0].due.After(now) {
		heap.Push(&q.ready, heap.Pop(&q.later))
	}
}

// next takes the first delivery that may be tried, or says how long none may,
// unless something changes.
func (q *queue) next(now time.Time) (d *delivery, pause time.Duration) {
	const long = time.Hour
	if q.paused {
		return nil, long
	}
	if q.failures > 0 {
		if q.probing {
			return nil, long
		}
		if pause := q.until.Sub(now); pause > 0 {
			return nil, pause
		}
		if d = q.probe(); d == nil {
			return nil, long
		}
		return d, 0
	}
	q.ripen(now)
	switch {
	case len(q.ready) > 0:
		d = heap.Pop(&q.ready).(*delivery)
		d.state = underway
		if len(q.ready) > 0 {
			q.wake()
		}
		return d, 0
	case len(q.later.byOrder) > 0:
		return nil, q.later.byOrder[0].due.Sub(now)
	}
	return nil, long
}

// patience is how often the same delivery is tried before another one is, while
// nothing can be sent.
const patience = 3

// probe takes what is to find out whether anything can be sent again: the first,
// but after a while another, since the fault may be the message's and not the
// receiver's.
func (q *queue) probe() *delivery {
	var best *delivery
	for _, h := range [...]byOrder{q.ready, q.later.byOrder} {
		for _, d := range h {
			if best == nil || d.probes/patience < best.probes/patience || d.probes/patience == best.probes/patience && d.Of < best.Of {
				best = d
			}
		}
	}
	if best == nil {
		return nil
	}
	q.withdraw(best)
	best.state, q.probing = underway, true
	return best
}

// ended notes how a try ended. Where the receiver cannot be reached, or is silent,
// nothing is tried for a while, and then one at a time.
func (q *queue) ended(o handover.Outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tries[o.Ending]++
	if o.Ending == handover.Accepted || o.Ending == handover.Rejected {
		q.failures, q.probing = 0, false
		q.passing++
		q.wake()
		return
	}
	now := time.Now()
	if q.failures == 0 {
		q.failing = now
	}
	q.last, q.probing = o.Reason, false
	if !now.Before(q.until) { // else it was begun before the last one failed, and says nothing new
		q.failures++
		q.until = now.Add(q.pauses.after(q.failures))
	}
	q.wake()
}

// done takes out what is no longer to be sent.
func (q *queue) done(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(d)
}

// heard takes out what a late answer says the receiver has; what is being sent at
// the moment as soon as that ends.
func (q *queue) heard(of handover.Offset) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch d := q.all[of]; {
	case d == nil:
	case d.state == underway:
		d.known = true
	default:
		q.remove(d)
	}
}

func (q *queue) remove(d *delivery) {
	if d.state == holding {
		q.holding--
	}
	q.withdraw(d)
	delete(q.all, d.Of)
	for _, key := range d.keys {
		line := q.lines[key]
		i := slices.Index(line, d)
		line = slices.Delete(line, i, i+1)
		if len(line) == 0 {
			delete(q.lines, key)
			continue
		}
		q.lines[key] = line
		if i == 0 {
			line[0].before--
			q.enable(line[0])
		}
	}
	q.wake()
}

// back puts back what could not be sent, to be tried again after a pause.
func (q *queue) back(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.known || q.routes[d.route] {
		q.remove(d) // if its route is paused, the table has it until it is resumed
		return
	}
	if d.alone == 0 || q.passing > d.passed {
		d.alone, d.passed = d.alone+1, q.passing
	}
	d.probes++
	d.state, d.due = waiting, time.Now().Add(q.pauses.after(d.alone))
	q.enable(d)
}

// held lets a parked delivery stand before what shares a key.
func (q *queue) held(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.known {
		q.remove(d)
		return
	}
	q.withdraw(d)
	d.state = holding
	q.holding++
	q.wake()
}

// release lets what was held be tried again.
func (q *queue) release(d *delivery, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.holding--
	d.state, d.due, d.alone, d.since = waiting, time.Time{}, 0, at
	q.enable(d)
}

// seize returns a delivery that is in the window, nil if it is not. No worker takes
// it until it is let go; busy says that one has it already.
func (q *queue) seize(of handover.Offset) (d *delivery, busy bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d = q.all[of]; d == nil || d.state == underway {
		return d, d != nil
	}
	if d.state == waiting {
		q.withdraw(d)
		d.state = seized
	}
	return d, false
}

// letGo takes back what seize did, unless something was decided meanwhile.
func (q *queue) letGo(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.state == seized && q.all[d.Of] == d {
		d.state = waiting
		q.enable(d)
	}
}

// pause lets nothing be taken until it is taken back.
func (q *queue) pause(yes bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paused = yes
	q.wake()
}

// stop lets nothing be taken any more.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	for len(q.waiters) > 0 {
		q.wake()
	}
}

// status returns what the queue knows of its destination.
func (q *queue) status() Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Status{Failures: q.failures, Tries: maps.Clone(q.tries)}
	if q.failures > 0 {
		s.Failing, s.Last, s.Next = q.failing.UTC().Truncate(time.Millisecond), q.last, q.until.UTC().Truncate(time.Millisecond)
	}
	return s
}

// length is how many deliveries are in the window that are not parked.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.all) - q.holding
}

// byOrder is a heap of deliveries in their order, those last that failed again
// after others were accepted: what cannot be sent must not stand before the rest.
type byOrder []*delivery

func (h byOrder) Len() int { return len(h) }
func (h byOrder) Less(i, j int) bool {
	if doubtful := h[i].alone > 1; doubtful != (h[j].alone > 1) {
		return !doubtful
	}
	return h[i].Of < h[j].Of
}
func (h byOrder) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is heap.Interface's.
func (h *byOrder) Push(x any) {
	d := x.(*delivery)
	d.place = len(*h)
	*h = append(*h, d)
}

// Pop is heap.Interface's.
func (h *byOrder) Pop() any {
	n := len(*h) - 1
	d := (*h)[n]
	(*h)[n] = nil
	*h, d.place = (*h)[:n], -1
	return d
}

// byTime is a heap of deliveries, first due first.
type byTime struct{ byOrder }

func (h byTime) Less(i, j int) bool { return h.byOrder[i].due.Before(h.byOrder[j].due) }
