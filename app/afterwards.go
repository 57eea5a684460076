package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"handover"
	"handover/app/telemetry"
)

// afterFact is a fact of a delivery that was not just tried: a person decided, an
// answer came late, or the engine was killed in between. What its spans need besides
// is read from the journal, while nobody waits.
type afterFact struct {
	head    handover.Header
	body    []byte
	receipt handover.Receipt
}

// afterRoom is how many of them may wait.
const afterRoom = 4096

// tellLater puts a fact among those that are told from the journal.
func (e *Engine) tellLater(f afterFact) {
	switch f.head.Kind {
	case handover.Resent, handover.Ended, handover.Parked, handover.Cancelled:
		select {
		case e.afterwards <- f:
		default:
			e.traces.Lose(1)
		}
	}
}

// tellAfterwards tells such facts until ctx ends.
func (e *Engine) tellAfterwards(ctx context.Context) {
	for {
		select {
		case f := <-e.afterwards:
			if err := e.tellAfter(ctx, f); err != nil && ctx.Err() == nil {
				e.traces.Lose(1)
				e.log.Warn("telling a trace", "fact", f.receipt.Offset, "error", err)
			}
		case <-ctx.Done():
			e.traces.Lose(int64(len(e.afterwards)))
			return
		}
	}
}

func (e *Engine) tellAfter(ctx context.Context, f afterFact) error {
	message, err := e.live().near(ctx, f.head.Cause)
	if err != nil {
		return fmt.Errorf("reading the message: %w", err)
	}
	m, at := telemetry.MessageOf(message.Offset, &message.Header), f.receipt.Time
	if f.head.Kind == handover.Resent {
		e.traces.Resent(m, f.receipt.Offset, at)
		return nil
	}
	var r handover.Result // whose members are those of all others too
	if err := json.Unmarshal(f.body, &r); err != nil {
		return err
	}
	c, err := e.courseOf(ctx, m.Offset, r.DeliveryID, f.receipt.Offset)
	if err != nil {
		return err
	}
	if f.head.Kind == handover.Ended && !r.Late {
		e.traces.Attempted(m, &telemetry.Attempt{Attempt: handover.Attempt{DeliveryID: r.DeliveryID, Try: r.Try}, Since: c.since,
			Start: c.tried, End: at, Outcome: handover.Outcome{Ending: r.Ending, Code: r.Code}})
		return nil
	}
	if f.head.Kind == handover.Ended {
		e.traces.Answered(m, r, at)
	}
	d := telemetry.Delivery{DeliveryID: r.DeliveryID, Since: c.since, End: at, Ending: f.head.Kind.String(), Tries: c.tries}
	switch {
	case c.over, f.head.Kind == handover.Ended && r.Ending != handover.Accepted:
		return nil
	case f.head.Kind == handover.Ended:
		d.Ending = string(r.Ending)
	case f.head.Kind == handover.Parked:
		d.Reason = r.Reason
	}
	e.traces.Delivered(m, d)
	return nil
}

// course is what became of a delivery before a fact.
type course struct {
	since time.Time // it was made, or released last
	tried time.Time // last
	tries int
	over  bool // it was parked since, or ended
}

// courseOf reads it from the journal, by the trace, which may be a little behind.
func (e *Engine) courseOf(ctx context.Context, message handover.Offset, id handover.DeliveryID, before handover.Offset) (c course, err error) {
	made, err := e.live().near(ctx, id.Of)
	if err != nil {
		return c, err
	}
	c.since = made.Time
	for {
		applied, err := e.trace.Applied(ctx)
		if err != nil {
			return c, err
		}
		if applied >= before {
			break
		}
		if sleep(ctx, followPause); ctx.Err() != nil {
			return c, ctx.Err()
		}
	}
	s, err := e.trace.Story(ctx, engineAccess, message)
	for _, f := range s.Facts {
		if f.Offset >= before || err != nil {
			break
		}
		err = e.follow(ctx, &c, id, f.Offset)
	}
	return c, err
}

// follow adds what one fact says of the delivery.
func (e *Engine) follow(ctx context.Context, c *course, id handover.DeliveryID, at handover.Offset) error {
	f, err := e.live().near(ctx, at)
	if err != nil {
		return err
	}
	switch f.Kind {
	case handover.Attempted, handover.Ended, handover.Parked, handover.Released, handover.Cancelled:
	default:
		return nil
	}
	var r handover.Result // whose members are those of all others too
	if err := json.Unmarshal(f.Body.Bytes, &r); err != nil || r.DeliveryID != id {
		return err
	}
	switch f.Kind {
	case handover.Attempted:
		c.tried, c.tries = f.Time, r.Try
	case handover.Released:
		c.since, c.over = f.Time, false
	case handover.Parked, handover.Cancelled:
		c.over = true
	case handover.Ended:
		c.over = c.over || r.Ending == handover.Accepted
	}
	return nil
}
