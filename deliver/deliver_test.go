package deliver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
)

// receiver is a made-up one: it does what the test says, and keeps its own book.
type receiver struct {
	mu   sync.Mutex
	book []string // MSH-10 of what it has taken, in order
	say  func(control string, nth int) handover.Outcome
	seen map[string]int
}

func (r *receiver) Send(ctx context.Context, message []byte) handover.Outcome {
	control := strings.Split(string(message), "|")[9]
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	r.seen[control]++
	o := handover.Outcome{Ending: handover.Accepted, Code: "AA"}
	if r.say != nil {
		o = r.say(control, r.seen[control])
	}
	if o.Ending == handover.Accepted {
		r.book = append(r.book, control)
	}
	return o
}

func (r *receiver) Close() error { return nil }

func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.book)
}

func to(name string, r *receiver) Destination {
	return Destination{
		Name: name, Owner: "the tests", Deadline: time.Hour, Connections: 1, Pause: time.Millisecond, MaxPause: 20 * time.Millisecond,
		Open: func(func([]byte)) Sender { return r },
	}
}

var someone = handover.Everything(handover.Actor{ID: "test"})

// house runs a deliverer until the test ends.
type house struct {
	*Deliverer
	t       *testing.T
	journal *memory
	dir     string
	config  Config
	stop    context.CancelFunc
	ended   chan struct{}
}

func start(t *testing.T, dir string, j *memory, window int, destinations ...Destination) *house {
	t.Helper()
	h := &house{t: t, journal: j, dir: dir, ended: make(chan struct{}), config: Config{
		Place: store.Place{Dir: dir}, Destinations: destinations, Journal: j, Content: j.content, Window: window, Routes: []string{"adt", "orders"}, Drain: 100 * time.Millisecond,
	}}
	d, err := Open(t.Context(), h.config)
	if err != nil {
		t.Fatal(err)
	}
	h.Deliverer = d
	ctx, cancel := context.WithCancel(context.Background())
	h.stop = cancel
	go func() { d.Run(ctx); close(h.ended) }()
	t.Cleanup(h.end)
	return h
}

// end stops it as SIGTERM does.
func (h *house) end() {
	if h.Deliverer == nil {
		return
	}
	h.stop()
	<-h.ended
	if err := h.Close(); err != nil {
		h.t.Error(err)
	}
	h.Deliverer = nil
}

// until waits until something is so.
func (h *house) until(what string, so func() bool) {
	h.t.Helper()
	for range 2000 {
		if so() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatalf("%s: not within ten seconds", what)
}

func (h *house) ledger() ledger { return ledgerOf(h.journal.all()) }

func delivery1(to string, keys ...string) handover.Delivery {
	return handover.Delivery{To: to, Keys: keys}
}

// TestOrder: what shares a key goes one after the other, whatever else fails.
func TestOrder(t *testing.T) {
	r := &receiver{say: func(control string, nth int) handover.Outcome {
		if nth < 3 && control[len(control)-1] == '5' {
			return handover.Outcome{Ending: handover.Failed}
		}
		return handover.Outcome{Ending: handover.Accepted}
	}}
	d := to("lab", r)
	d.Connections = 8
	j := newMemory()
	h := start(t, t.TempDir(), j, 0, d)
	const n = 300
	keys := map[string]string{}
	for i := range n {
		key := fmt.Sprint("k", i%7)
		m, _ := j.receive(delivery1("lab", key))
		keys[fmt.Sprint("M", m)] = key
	}
	h.until("all are accepted", func() bool { return h.ledger().count("lab", "accepted") == n })
	last := map[string]int{}
	for _, control := range r.taken() {
		at, _ := strconv.Atoi(control[1:])
		if key := keys[control]; at <= last[key] {
			t.Errorf("%s was taken after %d", control, last[key])
		} else {
			last[key] = at
		}
	}
	if got := len(r.taken()); got != n {
		t.Errorf("%d were taken", got)
	}
}

// TestOneBadMessageAheadOfMany: what is rejected is parked, with an owner and a
// deadline, and what can never be sent does not stand before the rest.
func TestOneBadMessageAheadOfMany(t *testing.T) {
	j := newMemory()
	bad, rejected := map[string]bool{}, map[string]bool{}
	for i := range 1000 {
		m, _ := j.receive(delivery1("lab", fmt.Sprint("k", i)))
		switch i {
		case 0:
			bad[fmt.Sprint("M", m)] = true
		case 1:
			rejected[fmt.Sprint("M", m)] = true
		}
	}
	r := &receiver{say: func(control string, nth int) handover.Outcome {
		switch {
		case bad[control]:
			return handover.Outcome{Ending: handover.Failed, Reason: "it hangs up"}
		case rejected[control]:
			return handover.Outcome{Ending: handover.Rejected, Code: "AE", Answer: []byte("MSH|^~\\&|L\rMSA|AE|" + control + "\r")}
		}
		time.Sleep(50 * time.Microsecond)
		return handover.Outcome{Ending: handover.Accepted}
	}}
	d := to("lab", r)
	d.MaxPause = 2 * time.Millisecond
	h := start(t, t.TempDir(), j, 0, d)
	h.until("all others are accepted", func() bool { return h.ledger().count("lab", "accepted") == 998 })
	for i := 0; h.ledger().count("lab", "parked") < 2 && i < 1000; i++ { // it is parked only while others pass
		j.receive(delivery1("lab", "new"))
		time.Sleep(5 * time.Millisecond)
	}
	reasons := map[string]int{}
	for _, e := range j.all() {
		if e.Kind != handover.Parked {
			continue
		}
		p := string(e.Body.Bytes)
		if !strings.Contains(p, `"owner":"the tests"`) || !strings.Contains(p, `"deadline":"20`) {
			t.Errorf("nobody answers for it by when: %s", p)
		}
		reasons[p[strings.Index(p, `"reason":"`)+10:][:8]]++
	}
	if reasons["rejected"] != 1 || reasons["fails-al"] != 1 {
		t.Errorf("parked are %v", reasons)
	}
	for control := range rejected {
		if r.seen[control] != 1 {
			t.Errorf("what was rejected was sent %d times", r.seen[control])
		}
	}
}

// TestOneIsDown: a destination that cannot be reached holds up no other, and has
// all once it is back, in order.
func TestOneIsDown(t *testing.T) {
	j := newMemory()
	var mu sync.Mutex
	up := false
	lab, ward := &receiver{}, &receiver{}
	lab.say = func(string, int) handover.Outcome {
		mu.Lock()
		defer mu.Unlock()
		if !up {
			return handover.Outcome{Ending: handover.Failed, Reason: "connection refused"}
		}
		return handover.Outcome{Ending: handover.Accepted}
	}
	h := start(t, t.TempDir(), j, 50, to("lab", lab), to("ward", ward)) // a window smaller than the queue
	const n = 500
	for i := range n {
		j.receive(delivery1("lab", fmt.Sprint("k", i)), delivery1("ward", fmt.Sprint("k", i)))
	}
	h.until("the ward has all", func() bool { return h.ledger().count("ward", "accepted") == n })
	if got := len(lab.taken()); got != 0 {
		t.Fatalf("%d reached a receiver that is down", got)
	}
	if got := h.queues["lab"].length(); got > 50 {
		t.Errorf("%d are in memory", got)
	}
	mu.Lock()
	up = true
	mu.Unlock()
	h.until("the lab has all", func() bool { return h.ledger().count("lab", "accepted") == n })
	taken := lab.taken() // but for the one that found out that it is back
	if len(taken) != n || !slices.IsSortedFunc(taken[1:], func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) {
		t.Errorf("one connection, and they came as %v", taken)
	}
	if got := h.ledger().count("lab", "parked"); got != 0 {
		t.Errorf("%d were parked", got)
	}
}

// TestUnknown: what nobody said was taken is held for a person, unless the receiver
// knows what comes twice; a late answer says it after all.
func TestUnknown(t *testing.T) {
	j := newMemory()
	silent := func(control string, nth int) handover.Outcome {
		if nth == 1 {
			return handover.Outcome{Ending: handover.Unknown, Reason: "no answer came"}
		}
		return handover.Outcome{Ending: handover.Accepted}
	}
	held, again := &receiver{say: silent}, &receiver{say: silent}
	var late func([]byte)
	hold, resend := to("held", held), to("again", again)
	resend.Resend = true
	hold.Open = func(l func([]byte)) Sender { late = l; return held }
	h := start(t, t.TempDir(), j, 0, hold, resend)
	_, one := j.receive(delivery1("held", "k"), delivery1("again", "k"))
	m2, two := j.receive(delivery1("held", "other"))
	h.until("both are parked", func() bool { return h.ledger().count("held", "parked") == 2 })
	h.until("the other is sent again", func() bool { return h.ledger().count("again", "accepted") == 1 })
	if got := h.ledger()[handover.DeliveryID{Of: one, To: "held"}]; got != "parked" {
		t.Errorf("it is %s", got)
	}
	for range 100 { // it says so with every message
		late([]byte("MSH|^~\\&|L\rMSA|AA|nobody's\r"))
	}
	late(fmt.Appendf(nil, "MSH|^~\\&|L\rMSA|AA|M%d\r", m2))
	h.until("the late answer counts", func() bool { return h.ledger()[handover.DeliveryID{Of: two, To: "held"}] == "accepted" })
	h.until("both frames are kept", func() bool {
		n := 0
		for _, e := range j.all() {
			if e.Kind == handover.Answered {
				n++
			}
		}
		return n == 2
	})
	if found, err := h.Statuses(t.Context()); err != nil || found[1].Name != "held" || found[1].Strays != 101 {
		t.Errorf("strays are not counted: %+v, %v", found, err)
	}
	if got := h.ledger()[handover.DeliveryID{Of: one, To: "held"}]; got != "parked" {
		t.Errorf("an answer to another made it %s", got)
	}
	if err := h.Release(t.Context(), someone, handover.DeliveryID{Of: one, To: "held"}, "the lab never got it"); err != nil {
		t.Fatal(err)
	}
	h.until("it is sent again", func() bool { return h.ledger()[handover.DeliveryID{Of: one, To: "held"}] == "accepted" })
	if h.Release(t.Context(), someone, handover.DeliveryID{Of: two, To: "held"}, "") == nil {
		t.Error("what was accepted was released")
	}
}

// TestHold: a parked message holds up what shares its key where its route says so,
// also after a restart, and nothing else.
func TestHold(t *testing.T) {
	j, dir := newMemory(), t.TempDir()
	r := &receiver{say: func(control string, nth int) handover.Outcome {
		if control == "M1" && nth == 1 {
			return handover.Outcome{Ending: handover.Rejected, Code: "AR"}
		}
		return handover.Outcome{Ending: handover.Accepted}
	}}
	h := start(t, dir, j, 0, to("lab", r))
	_, first := j.receive(handover.Delivery{To: "lab", Keys: []string{"a"}, Hold: true})
	h.until("it is parked", func() bool { return h.ledger().count("lab", "parked") == 1 })
	for range 3 {
		j.receive(delivery1("lab", "a"))
		j.receive(delivery1("lab", "b"))
	}
	h.until("the others are sent", func() bool { return h.ledger().count("lab", "accepted") == 3 })
	h.end()
	h = start(t, dir, j, 0, to("lab", r))
	j.receive(delivery1("lab", "b"))
	h.until("others are sent after the restart", func() bool { return h.ledger().count("lab", "accepted") == 4 })
	time.Sleep(20 * time.Millisecond)
	if got := h.ledger().count("lab", "waiting"); got != 3 {
		t.Fatalf("%d wait for what is parked", got)
	}
	if err := h.Release(t.Context(), someone, handover.DeliveryID{Of: first, To: "lab"}, "mended there"); err != nil {
		t.Fatal(err)
	}
	h.until("all are sent", func() bool { return h.ledger().count("lab", "accepted") == 8 })
	taken := r.taken()
	if slices.Index(taken, "M1") != 4 {
		t.Errorf("they came as %v", taken)
	}
}

// TestPersons: what a person decides counts, and only for what it can count for.
func TestPersons(t *testing.T) {
	j := newMemory()
	r := &receiver{say: func(control string, nth int) handover.Outcome { return handover.Outcome{Ending: handover.Failed} }}
	d := to("lab", r)
	d.Pause, d.MaxPause = time.Hour, time.Hour
	h := start(t, t.TempDir(), j, 2, d)
	var ids []handover.DeliveryID
	for range 6 {
		_, of := j.receive(delivery1("lab", "k"))
		ids = append(ids, handover.DeliveryID{Of: of, To: "lab"})
	}
	h.until("the first failed", func() bool { return h.queues["lab"].length() == 2 && h.queues["lab"].status().Failures == 1 })
	by := handover.Everything(handover.Actor{ID: "console:tester"})
	for i, id := range ids { // within the window and beyond it
		if err := h.Park(t.Context(), by, id, "not now"); err != nil {
			t.Errorf("parking %d: %v", i, err)
		}
		if handover.KindOf(h.Park(t.Context(), by, id, "again")) != handover.Conflict {
			t.Errorf("%d was parked twice", i)
		}
	}
	for _, id := range ids[:3] {
		if err := h.Release(t.Context(), by, id, "now"); err != nil {
			t.Error(err)
		}
	}
	for _, id := range ids[1:5] {
		if err := h.Cancel(t.Context(), by, id, "it is wrong"); err != nil {
			t.Error(err)
		}
		if handover.KindOf(h.Cancel(t.Context(), by, id, "again")) != handover.NotFound {
			t.Error("it was cancelled twice")
		}
	}
	if handover.KindOf(h.Release(t.Context(), by, handover.DeliveryID{Of: 1, To: "moon"}, "")) != handover.NotFound {
		t.Error("what never was is released")
	}
	found, err := h.List(t.Context(), by, Query{Destination: "lab", State: "parked"})
	if err != nil || len(found) != 1 || found[0].DeliveryID != ids[5] || found[0].Reason != "by-hand" || found[0].Owner != "the tests" {
		t.Errorf("parked are %+v, %v", found, err)
	}
	if found, err := h.List(t.Context(), by, Query{}); err != nil || len(found) != 2 {
		t.Errorf("open are %+v, %v", found, err)
	}
	if found, err := h.List(t.Context(), handover.Access{}, Query{}); err != nil || len(found) != 0 {
		t.Errorf("who sees nothing sees %+v, %v", found, err)
	}
	if handover.KindOf(h.Cancel(t.Context(), handover.Access{}, ids[5], "")) != handover.NotFound {
		t.Error("what may not be seen was cancelled")
	}
	l := h.ledger()
	if l.count("lab", "cancelled") != 4 || l.count("lab", "waiting") != 1 || l.count("lab", "parked") != 1 {
		t.Errorf("they are %v", l)
	}
	for _, e := range j.all() {
		if e.Kind == handover.Cancelled && (e.Actor != "console:tester" || !strings.Contains(string(e.Body.Bytes), "it is wrong")) {
			t.Errorf("who and why is not kept: %+v", e)
		}
	}
}

// TestRestored: what waited when a backup was made may have been sent since: after a
// restore it is sent again only where that does no harm.
func TestRestored(t *testing.T) {
	for _, written := range []bool{false, true} {
		j, dir := newMemory(), t.TempDir()
		held, again := &receiver{}, &receiver{}
		resend := to("again", again)
		resend.Resend = true
		_, old := j.receive(delivery1("held", "a"), delivery1("again", "a"))
		if written { // into the table, before the epoch
			d, err := Open(t.Context(), Config{Place: store.Place{Dir: dir}, Journal: j, Content: j.content})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := j.Append(t.Context(), []handover.Draft{{Header: handover.Header{Kind: handover.EpochOpened}, Body: handover.Body{Bytes: []byte("{}")}}}); err != nil {
			t.Fatal(err)
		}
		_, fresh := j.receive(delivery1("held", "b"), delivery1("again", "b"))
		h := start(t, dir, j, 0, to("held", held), resend)
		h.until("what is new is sent, and what may be sent again", func() bool {
			return h.ledger().count("again", "accepted") == 2 && h.ledger().count("held", "accepted") == 1
		})
		l := h.ledger()
		if l[handover.DeliveryID{Of: old, To: "held"}] != "parked" || l[handover.DeliveryID{Of: fresh, To: "held"}] != "accepted" {
			t.Errorf("written before: %v: they are %v", written, l)
		}
		h.end()
	}
}

// TestInterrupted: what was begun when the engine was killed is unknown.
func TestInterrupted(t *testing.T) {
	j, dir := newMemory(), t.TempDir()
	block := make(chan struct{})
	r := &receiver{say: func(string, int) handover.Outcome { <-block; return handover.Outcome{Ending: handover.Accepted} }}
	h := start(t, dir, j, 0, to("lab", r))
	_, of := j.receive(delivery1("lab", "a"))
	h.until("it is begun", func() bool { return h.ledger().count("lab", "begun") == 1 })
	after := j.die()
	close(block)
	h.end()
	h = start(t, dir, after, 0, to("lab", &receiver{}))
	h.until("it is parked", func() bool { return h.ledger()[handover.DeliveryID{Of: of, To: "lab"}] == "parked" })
	last := after.all()[len(after.all())-1]
	if s := string(last.Body.Bytes); !strings.Contains(s, `"reason":"unknown"`) || !strings.Contains(s, `"owner":"the tests"`) {
		t.Errorf("the last fact is %s", s)
	}
}

// TestPause: nothing is sent to a destination that is paused, also after a restart,
// and everything in order once it is resumed.
func TestPause(t *testing.T) {
	j, dir := newMemory(), t.TempDir()
	lab, ward := &receiver{}, &receiver{}
	h := start(t, dir, j, 0, to("lab", lab), to("ward", ward))
	j.receive(delivery1("lab", "k"), delivery1("ward", "k"))
	h.until("both have it", func() bool { return len(lab.taken()) == 1 && len(ward.taken()) == 1 })
	if err := h.Pause(t.Context(), someone, handover.Pause{Destination: "lab", Why: "it moves"}); err != nil {
		t.Fatal(err)
	}
	if handover.KindOf(h.Pause(t.Context(), someone, handover.Pause{Destination: "lab", Why: "again"})) != handover.Conflict {
		t.Error("it was paused twice")
	}
	if handover.KindOf(h.Pause(t.Context(), someone, handover.Pause{Destination: "moon", Why: "x"})) != handover.NotFound {
		t.Error("what is not there was paused")
	}
	for range 5 {
		j.receive(delivery1("lab", "k"), delivery1("ward", "k"))
	}
	h.until("the ward has all", func() bool { return len(ward.taken()) == 6 })
	h.end()
	h = start(t, dir, j, 0, to("lab", lab), to("ward", ward))
	j.receive(delivery1("lab", "other"), delivery1("ward", "k"))
	h.until("the ward has the next", func() bool { return len(ward.taken()) == 7 })
	time.Sleep(20 * time.Millisecond)
	found, err := h.Statuses(t.Context())
	if err != nil || len(found) != 2 || found[0].Paused == nil || found[0].Paused.By != "test" || found[0].Paused.Why != "it moves" || found[1].Paused != nil {
		t.Errorf("they are %+v, %v", found, err)
	}
	if got := len(lab.taken()); got != 1 {
		t.Errorf("%d were sent to a destination that is paused", got)
	}
	if err := h.Resume(t.Context(), someone, handover.Pause{Destination: "lab", Why: "it is back"}); err != nil {
		t.Fatal(err)
	}
	h.until("the lab has all", func() bool { return h.ledger().count("lab", "accepted") == 7 })
	taken := lab.taken()
	if !slices.IsSortedFunc(taken, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) {
		t.Errorf("they came as %v", taken)
	}
}

// TestPauseOfARoute: of a route that is paused nothing is sent, also after a restart and
// however much of it there is, and everything in order once it is resumed; other routes
// go on.
func TestPauseOfARoute(t *testing.T) {
	j, dir, lab := newMemory(), t.TempDir(), &receiver{}
	by := func(route, key string) handover.Delivery {
		return handover.Delivery{To: "lab", Route: route, Keys: []string{key}}
	}
	begin := func() *house {
		return start(t, dir, j, 8, to("lab", lab))
	}
	h := begin()
	j.receive(by("adt", "k"))
	h.until("it has the first", func() bool { return len(lab.taken()) == 1 })
	if err := h.Pause(t.Context(), someone, handover.Pause{Route: "adt", Why: "a look"}); err != nil {
		t.Fatal(err)
	}
	if handover.KindOf(h.Pause(t.Context(), someone, handover.Pause{Route: "adt", Why: "again"})) != handover.Conflict {
		t.Error("it was paused twice")
	}
	if handover.KindOf(h.Pause(t.Context(), someone, handover.Pause{Route: "moon", Why: "x"})) != handover.NotFound {
		t.Error("what is not there was paused")
	}
	for range 20 { // more than the window has room for
		j.receive(by("adt", "k"))
	}
	j.receive(by("orders", "k"))
	h.until("the other route's has gone", func() bool { return len(lab.taken()) == 2 })
	h.end()
	h = begin()
	j.receive(by("orders", "other"))
	j.receive(by("adt", "other"))
	h.until("the other route's has gone", func() bool { return len(lab.taken()) == 3 })
	if _, paused := h.Paused(handover.Pause{Route: "adt"}); !paused {
		t.Error("a restart has resumed it")
	}
	if err := h.Resume(t.Context(), someone, handover.Pause{Route: "adt", Why: "seen"}); err != nil {
		t.Fatal(err)
	}
	h.until("it has all", func() bool { return h.ledger().count("lab", "accepted") == 24 })
	taken := lab.taken()[3:]
	if len(taken) != 21 || !slices.IsSortedFunc(taken, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) {
		t.Errorf("they came as %v", taken)
	}
}

// TestRestoredLongQueue: however much is in doubt after a restore, it is told apart
// piece by piece.
func TestRestoredLongQueue(t *testing.T) {
	j := newMemory()
	const n = 2*followBatch + 500
	for i := range n {
		j.receive(delivery1("lab", fmt.Sprint("k", i)))
	}
	if _, err := j.Append(t.Context(), []handover.Draft{{Header: handover.Header{Kind: handover.EpochOpened}, Body: handover.Body{Bytes: []byte("{}")}}}); err != nil {
		t.Fatal(err)
	}
	r := &receiver{}
	h := start(t, t.TempDir(), j, 0, to("lab", r))
	h.until("all are parked", func() bool { return h.ledger().count("lab", "parked") == n })
	if got := len(r.taken()); got != 0 {
		t.Errorf("%d were sent", got)
	}
}
