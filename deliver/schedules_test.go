package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/balance"
	"handover/internal/store"
)

// TestSchedules runs seeded days: messages for several receivers that accept,
// reject, fail, keep silent whether they took it or not, and answer late, while
// persons release and cancel what is parked, pause and resume routes, appends fail, and
// the power goes. In
// the end the receivers' own books must agree with the journal. HANDOVER_SEED runs
// one day, HANDOVER_LONG=1 ten thousand.
func TestSchedules(t *testing.T) {
	first, n := uint64(0), uint64(1000)
	if testing.Short() {
		n = 50
	}
	if os.Getenv("HANDOVER_LONG") != "" {
		n = 10_000
	}
	if s := os.Getenv("HANDOVER_SEED"); s != "" {
		first, _ = strconv.ParseUint(s, 10, 64)
		n = 1
	}
	seeds := make(chan uint64)
	var runners sync.WaitGroup
	var mu sync.Mutex
	sum := outcome{}
	for range 8 {
		runners.Go(func() {
			for seed := range seeds {
				d := newDay(t, seed)
				d.live()
				mu.Lock()
				sum.add(d.audit())
				mu.Unlock()
			}
		})
	}
	for seed := first; seed < first+n && !t.Failed(); seed++ {
		seeds <- seed
	}
	close(seeds)
	runners.Wait()
	t.Logf("%d days: %+v", n, sum)
	if n > 1 && (sum.Doubled == 0 || sum.Parked == 0 || sum.Crashes == 0 || sum.Late == 0) {
		t.Error("the days were too quiet to show anything")
	}
}

// outcome is what one day came to, or many.
type outcome struct{ Deliveries, Accepted, Parked, Cancelled, Doubled, Late, Crashes int }

func (o *outcome) add(p outcome) {
	o.Deliveries += p.Deliveries
	o.Accepted += p.Accepted
	o.Parked += p.Parked
	o.Cancelled += p.Cancelled
	o.Doubled += p.Doubled
	o.Late += p.Late
	o.Crashes += p.Crashes
}

// day is one seeded run.
type day struct {
	t       *testing.T
	seed    uint64
	dir     string
	journal *memory
	peers   []*peer
	crashes int
	paused  map[string]int // routes that are paused, and how many facts there were then

	mu  sync.Mutex
	rng *rand.Rand
}

// maxConnections is how many connections a receiver has at most.
const maxConnections = 4

// peer is a receiver that behaves as the day's chance has it.
type peer struct {
	*day
	name   string
	resend bool
	keys   map[string][]string // by MSH-10
	holds  map[string]bool

	mu    sync.Mutex
	took  map[string]int // how often each MSH-10 was taken
	order []string       // as they were taken first
	late  func([]byte)
	calm  bool // accepts everything from now on
}

func newDay(t *testing.T, seed uint64) *day {
	d := &day{t: t, seed: seed, dir: t.TempDir(), journal: newMemory(), rng: rand.New(rand.NewPCG(seed, 7)), paused: map[string]int{}}
	for i, name := range []string{"lab", "ward", "gp"} {
		d.peers = append(d.peers, &peer{day: d, name: name, resend: i == 1, took: map[string]int{},
			keys: map[string][]string{}, holds: map[string]bool{}})
	}
	return d
}

func (d *day) chance(of int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(of)
}

func (d *day) fail(format string, args ...any) {
	d.t.Errorf("seed %d: "+format, append([]any{d.seed}, args...)...)
}

// Send does one of all that a receiver and the way to it may do.
func (p *peer) Send(ctx context.Context, message []byte) handover.Outcome {
	control := strings.Split(string(message), "|")[9]
	roll := p.chance(100)
	p.mu.Lock()
	defer p.mu.Unlock()
	took := func() {
		if p.took[control]++; p.took[control] == 1 {
			p.order = append(p.order, control)
		}
	}
	switch {
	case p.calm || roll < 70:
		took()
		return handover.Outcome{Ending: handover.Accepted, Code: "AA"}
	case roll < 76:
		return handover.Outcome{Ending: handover.Rejected, Code: "AE", Answer: []byte("MSH|^~\\&|L\rMSA|AE|" + control + "\r")}
	case roll < 88:
		return handover.Outcome{Ending: handover.Failed, Reason: "connection refused"}
	case roll < 92: // it never came
		return handover.Outcome{Ending: handover.Unknown, Reason: "no answer came"}
	case roll < 96: // it came, and the answer was lost
		took()
		return handover.Outcome{Ending: handover.Unknown, Reason: "no answer came"}
	}
	took() // it came, and the answer comes late
	late, frame := p.late, []byte("MSH|^~\\&|L\rMSA|AA|"+control+"\r")
	time.AfterFunc(time.Duration(roll)*20*time.Microsecond, func() { late(frame) })
	return handover.Outcome{Ending: handover.Unknown, Reason: "no answer came"}
}

func (p *peer) Close() error { return nil }

func (p *peer) destination() Destination {
	return Destination{
		Name: p.name, Owner: "the tests", Connections: 1 + p.chance(maxConnections), Resend: p.resend,
		Pause: 50 * time.Microsecond, MaxPause: time.Millisecond,
		Open: func(late func([]byte)) Sender {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.late = late
			return p
		},
	}
}

func (d *day) start() (*Deliverer, func(crash bool)) {
	c := d.config()
	deliverer, err := Open(context.Background(), c)
	if err != nil {
		d.fail("%v", err)
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { deliverer.Run(ctx); close(ended) }()
	return deliverer, func(crash bool) {
		if crash {
			d.journal = d.journal.die()
		}
		cancel()
		<-ended
		_ = deliverer.Close()
	}
}

func (d *day) config() Config {
	c := Config{Journal: d.journal, Content: d.journal.content, Window: 4 + d.chance(20), Drain: 2 * time.Millisecond}
	c.Dir, c.Routes = d.dir, []string{"r0", "r1", "r2"}
	for _, p := range d.peers {
		c.Destinations = append(c.Destinations, p.destination())
	}
	return c
}

// live is the day itself: it ends when everything is accepted, or cancelled.
func (d *day) live() {
	deliverer, stop := d.start()
	for range 30 + d.chance(60) {
		if deliverer == nil {
			return
		}
		switch roll := d.chance(100); {
		case roll < 80:
			d.receive()
		case roll < 84:
			d.journal.mu.Lock()
			d.journal.failing = 1 + roll - 80
			d.journal.mu.Unlock()
		case roll < 87:
			d.crashes++
			stop(true)
			deliverer, stop = d.start()
		case roll < 89:
			stop(false)
			deliverer, stop = d.start()
		case roll < 93:
			d.divert(deliverer, fmt.Sprint("r", d.chance(3)))
		default:
			d.decide(deliverer, roll%2 == 0)
		}
		if d.chance(4) == 0 {
			time.Sleep(time.Duration(d.chance(800)) * time.Microsecond)
		}
	}
	for _, p := range d.peers {
		p.mu.Lock()
		p.calm = true
		p.mu.Unlock()
	}
	defer func() { stop(false) }()
	for range 2000 {
		l := ledgerOf(d.journal.all())
		open := 0
		for _, s := range l {
			if s != "accepted" && s != "cancelled" {
				open++
			}
		}
		if open == 0 {
			return
		}
		d.decide(deliverer, true)
		for route := range pausedRoutes(d.journal.all()) {
			d.divert(deliverer, route)
		}
		time.Sleep(500 * time.Microsecond)
	}
	d.fail("it does not end: %s", d.tell(deliverer))
}

// receive takes in a message for one receiver or more.
func (d *day) receive() {
	keys := []string{fmt.Sprint("k", d.chance(4))}
	if d.chance(5) == 0 { // a merge
		keys = append(keys, fmt.Sprint("k", 4+d.chance(2)))
	}
	var deliveries []handover.Delivery
	for i, p := range d.peers {
		if i == 0 || d.chance(2) == 0 {
			deliveries = append(deliveries, handover.Delivery{To: p.name, Route: fmt.Sprint("r", d.chance(3)), Keys: keys, Hold: d.chance(2) == 0})
		}
	}
	d.journal.mu.Lock()
	d.journal.failing = 0
	control := fmt.Sprint("M", len(d.journal.entries)+1)
	d.journal.mu.Unlock()
	for _, p := range d.peers {
		p.mu.Lock()
		p.keys[control] = keys
		p.mu.Unlock()
	}
	d.journal.receiveExactly(control, deliveries)
}

// divert pauses a route, or resumes it. While it is paused nothing of it begins but what
// was taken before.
func (d *day) divert(deliverer *Deliverer, route string) {
	entries := d.journal.all()
	if !pausedRoutes(entries)[route] {
		delete(d.paused, route)
		if deliverer.Pause(context.Background(), someone, handover.Pause{Route: route, Why: "a look"}) == nil {
			d.paused[route] = len(d.journal.all())
		}
		return
	}
	since, known := d.paused[route] // else who paused it was told that it failed
	begun := map[string]int{}
	for _, e := range entries {
		if id := idOf(e); known && int(e.Offset) > since && e.Kind == handover.Attempted && d.route(entries, id) == route {
			if begun[id.To]++; begun[id.To] > maxConnections*(1+d.crashes) {
				d.fail("%d were begun for %s by route %s while it was paused", begun[id.To], id.To, route)
			}
		}
	}
	_ = deliverer.Resume(context.Background(), someone, handover.Pause{Route: route, Why: "seen"})
}

// pausedRoutes are the routes that are paused in the end.
func pausedRoutes(entries []handover.Entry) map[string]bool {
	out := map[string]bool{}
	for _, e := range entries {
		switch e.Kind {
		case handover.Paused:
			out[pauseOf(e).Route] = true
		case handover.Resumed:
			delete(out, pauseOf(e).Route)
		}
	}
	return out
}

// route is the route that made a delivery.
func (d *day) route(entries []handover.Entry, id handover.DeliveryID) string {
	for _, e := range entries {
		if e.Offset != id.Of || e.Kind != handover.Decided {
			continue
		}
		for _, one := range decisionOf(e).Deliveries {
			if one.To == id.To {
				return one.Route
			}
		}
	}
	return ""
}

// decide lets a person look at what is parked: it is released, sometimes cancelled.
func (d *day) decide(deliverer *Deliverer, all bool) {
	by := someone
	for id, s := range ledgerOf(d.journal.all()) {
		switch {
		case s != "parked" || !all && d.chance(3) > 0:
		case d.chance(6) == 0:
			_ = deliverer.Cancel(context.Background(), by, id, "not wanted") // it may have been accepted late meanwhile
		default:
			_ = deliverer.Release(context.Background(), by, id, "looked at")
		}
	}
}

// audit compares the receivers' books with the journal.
func (d *day) audit() outcome {
	o := outcome{Crashes: d.crashes}
	entries := d.journal.all()
	l := ledgerOf(entries)
	controls := map[handover.Offset]string{}
	policy := map[handover.DeliveryID]bool{} // may have been sent twice: a person or the policy let it
	for _, e := range entries {
		switch e.Kind {
		case handover.Received:
			controls[e.Offset] = strings.Split(string(e.Body.Bytes), "|")[9]
		case handover.Released:
			policy[idOf(e)] = true
		case handover.Ended:
			if strings.Contains(string(e.Body.Bytes), `"late":true`) {
				o.Late++
			}
		case handover.Parked:
			o.Parked++
		}
	}
	for _, p := range d.peers {
		mine := map[string]string{} // control → state
		for _, e := range entries {
			id := handover.DeliveryID{Of: e.Offset, To: p.name}
			if s, ok := l[id]; ok && e.Kind == handover.Decided {
				control := controls[e.Cause]
				mine[control] = s
				o.Deliveries++
				switch took := p.took[control]; {
				case s == "accepted" && took == 0:
					d.fail("%s to %s is held to be delivered and never came", control, p.name)
				case took > 1 && !p.resend && !policy[id]:
					d.fail("%s was sent to %s %d times, and nobody let it", control, p.name, took)
				case took > 1:
					o.Doubled++
				}
				switch s {
				case "accepted":
					o.Accepted++
				case "cancelled":
					o.Cancelled++
				default:
					d.fail("%s to %s is %s in the end", control, p.name, s)
				}
			}
		}
		for control := range p.took {
			if _, ok := mine[control]; !ok {
				d.fail("%s came to %s, and nothing says that it should", control, p.name)
			}
		}
	}
	d.auditOrder(entries)
	if d.seed%10 == 0 {
		d.balance(o)
	}
	return o
}

// balance: the balance's own book says the same of the day.
func (d *day) balance(o outcome) {
	b, err := balance.Open(d.t.Context(), balance.Config{Place: store.Place{Dir: d.t.TempDir()}, Facts: d.journal})
	if err != nil {
		d.fail("%v", err)
		return
	}
	defer b.Close()
	r, err := b.Report(d.t.Context(), time.Time{})
	if err != nil || !r.Balanced {
		d.fail("it does not balance: %v, %+v", err, r.Findings)
	}
	var sum outcome
	for _, to := range r.Destinations {
		sum.Deliveries += int(to.Created)
		sum.Accepted += int(to.Accepted)
		sum.Cancelled += int(to.Cancelled)
	}
	if sum.Deliveries != o.Deliveries || sum.Accepted != o.Accepted || sum.Cancelled != o.Cancelled {
		d.fail("the balance says %+v; the receivers' books and the journal say %+v", sum, o)
	}
}

// auditOrder: no attempt began while an earlier delivery of the same key was open,
// unless that was parked and is not to be waited for, or its route was paused.
func (d *day) auditOrder(entries []handover.Entry) {
	type open struct {
		keys  []string
		route string
		hold  bool
	}
	now, accepted := map[handover.DeliveryID]*open{}, map[handover.DeliveryID]bool{}
	paused := map[string]bool{}
	overtaken := func(route string) {
		for id, o := range now {
			if o.route == route {
				delete(now, id)
			}
		}
	}
	for _, e := range entries {
		id := idOf(e)
		switch e.Kind {
		case handover.Decided:
			for _, one := range decisionOf(e).Deliveries {
				now[handover.DeliveryID{Of: e.Offset, To: one.To}] = &open{keys: one.Keys, route: one.Route, hold: one.Hold}
			}
			for route := range paused {
				overtaken(route)
			}
		case handover.Paused:
			route := pauseOf(e).Route
			paused[route] = true
			overtaken(route)
		case handover.Resumed:
			delete(paused, pauseOf(e).Route)
		case handover.Attempted:
			if accepted[id] {
				d.fail("fact %d: %v was sent after it was accepted", e.Offset, id)
			}
			for other, o := range now {
				blocks := other.To == id.To && other.Of < id.Of
				if blocks && now[id] != nil && slices.ContainsFunc(o.keys, func(k string) bool { return slices.Contains(now[id].keys, k) }) {
					d.fail("fact %d: %v was sent before %v", e.Offset, id, other)
				}
			}
		case handover.Ended:
			if body := string(e.Body.Bytes); strings.Contains(body, `"ending":"accepted"`) {
				delete(now, id)
				accepted[id] = !strings.Contains(body, `"late":true`) // a late answer may cross with the next try
			}
		case handover.Parked: // what does not hold up others has lost its place
			if o := now[id]; o != nil && !o.hold {
				delete(now, id)
			}
		case handover.Cancelled:
			delete(now, id)
		}
	}
}

// tell says what is still open, with its queue and its facts.
func (d *day) tell(x *Deliverer) string {
	var b strings.Builder
	inMemory := map[handover.DeliveryID]bool{}
	for name, o := range x.queues {
		o.mu.Lock()
		fmt.Fprintf(&b, "\n%s: %d in the window of %d, %d held, %d ready, %d later, %d failures, probing %v, %d waiters, last %d, more %v, facts up to %d\n",
			name, len(o.all), x.config.Window, o.holding, len(o.ready), len(o.later.byOrder), o.failures, o.probing, len(o.waiters), o.last, o.more.Load(), x.table.at)
		for of, v := range o.all {
			inMemory[v.DeliveryID] = true
			fmt.Fprintf(&b, "  %d keys %v state %d before %d place %d\n", of, v.keys, v.state, v.before, v.place)
		}
		o.mu.Unlock()
	}
	l := ledgerOf(d.journal.all())
	for _, e := range d.journal.all() {
		if id := idOf(e); id.To != "" && (inMemory[id] || l[id] != "accepted" && l[id] != "cancelled") {
			fmt.Fprintf(&b, "  fact %d: %s %s\n", e.Offset, e.Kind, e.Body.Bytes)
		}
	}
	return b.String()
}
