package deliver

import (
	"context"
	"encoding/json"
	"sync"

	"handover"
)

// Delivered is what became of all deliveries of one message.
type Delivered struct {
	State  handover.State     // of the message, as it was decided
	Reason string             // of that
	Parked []handover.Parking // and cancelled, with that as the reason
}

// awaited follows messages whose senders hear of them only once they are delivered.
// It remembers the last ones, so that who asks late is told too.
type awaited struct {
	sources map[string]bool // those whose senders wait
	mu      sync.Mutex
	at      handover.Offset // facts up to here are taken in
	of      map[handover.Offset]*course
	order   []handover.Offset
}

// course is how far a message is.
type course struct {
	done    Delivered
	decided bool
	open    map[handover.DeliveryID]bool
	told    chan struct{} // closed when nothing is open any more
}

// awaitedAtMost is how many messages are remembered.
const awaitedAtMost = 10_000

// hear takes in one fact.
func (a *awaited) hear(e *handover.Entry) {
	if len(a.sources) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = e.Offset
	if !a.sources[e.Source] {
		return
	}
	if e.Kind == handover.Received {
		a.begin(e.Offset)
		return
	}
	c := a.of[e.Cause]
	if c == nil {
		return
	}
	c.hear(e)
	if c.decided && len(c.open) == 0 {
		c.tell()
	}
}

// pass says that facts up to an offset were taken in without being heard: who waits for
// what they tell of asks the trace.
func (a *awaited) pass(at handover.Offset) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = max(a.at, at)
}

func (a *awaited) begin(message handover.Offset) {
	a.of[message] = &course{open: map[handover.DeliveryID]bool{}, told: make(chan struct{})}
	if a.order = append(a.order, message); len(a.order) > awaitedAtMost {
		a.of[a.order[0]].tell() // whoever still waits hears that it is not delivered
		delete(a.of, a.order[0])
		a.order = a.order[1:]
	}
}

func (c *course) tell() {
	select {
	case <-c.told:
	default:
		close(c.told)
	}
}

// hear takes in a fact that follows from the message. Bodies that could not be read
// were told of by fold.
func (c *course) hear(e *handover.Entry) {
	switch e.Kind {
	case handover.Decided:
		var d handover.Decision
		_ = json.Unmarshal(e.Body.Bytes, &d)
		c.decided, c.done.State, c.done.Reason = true, d.State, d.Reason
		for _, one := range d.Deliveries {
			c.open[handover.DeliveryID{Of: e.Offset, To: one.To}] = true
		}
	case handover.Ended:
		var r handover.Result
		_ = json.Unmarshal(e.Body.Bytes, &r)
		if r.Ending == handover.Accepted {
			delete(c.open, r.DeliveryID)
			c.unpark(r.DeliveryID)
		}
	case handover.Parked:
		var p handover.Parking
		_ = json.Unmarshal(e.Body.Bytes, &p)
		delete(c.open, p.DeliveryID)
		c.done.Parked = append(c.done.Parked, p)
	case handover.Cancelled:
		var r handover.Ruling
		_ = json.Unmarshal(e.Body.Bytes, &r)
		delete(c.open, r.DeliveryID)
		c.unpark(r.DeliveryID)
		c.done.Parked = append(c.done.Parked, handover.Parking{DeliveryID: r.DeliveryID, Reason: "cancelled"})
	case handover.Released:
		var r handover.Ruling
		_ = json.Unmarshal(e.Body.Bytes, &r)
		c.unpark(r.DeliveryID)
		c.open[r.DeliveryID] = true
		select {
		case <-c.told: // who asks from now on waits for it again
			c.told = make(chan struct{})
		default:
		}
	}
}

func (c *course) unpark(id handover.DeliveryID) {
	for i, p := range c.done.Parked {
		if p.DeliveryID == id {
			c.done.Parked = append(c.done.Parked[:i:i], c.done.Parked[i+1:]...)
			return
		}
	}
}

// Await waits until every delivery of a message is accepted or parked, and says
// what became of them. It knows only messages of the sources that Config.Awaited
// names; known is false of one that came before the engine started, or long ago.
func (d *Deliverer) Await(ctx context.Context, message handover.Offset) (done Delivered, known bool, err error) {
	a := &d.awaited
	for {
		a.mu.Lock()
		c, behind := a.of[message], a.at < message
		var told chan struct{}
		if c != nil {
			told = c.told
		}
		a.mu.Unlock()
		switch {
		case c != nil:
			select {
			case <-told:
			case <-ctx.Done():
				return done, true, ctx.Err()
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			return c.done, c.decided && len(c.open) == 0, nil
		case !behind:
			return done, false, nil
		}
		// The fact is in the journal; whoever follows it is about to see it.
		if err := d.order(ctx, d.read); err != nil {
			return done, false, err
		}
	}
}
