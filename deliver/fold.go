package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"handover"
)

// promises is what the body of every decision that made deliveries has in it.
var promises = []byte(`"deliveries":`)

// fold takes one fact into what is to be written, and tells of the deliveries that
// it makes.
func (t *table) fold(ctx context.Context, e *handover.Entry, made func(row)) error {
	if t.at >= e.Offset {
		return nil
	}
	var err error
	switch e.Kind {
	case handover.Decided, handover.Resent:
		err = t.promised(e, made)
	case handover.Attempted:
		var a handover.Attempt
		if err = json.Unmarshal(e.Body.Bytes, &a); err == nil {
			t.proceed(a.DeliveryID, progress{a.Try, true})
		}
	case handover.Ended:
		var r handover.Result
		if err = json.Unmarshal(e.Body.Bytes, &r); err != nil {
			break
		}
		if r.Ending == handover.Accepted {
			t.close(r.DeliveryID)
		} else if !r.Late {
			t.proceed(r.DeliveryID, progress{r.Try, false})
		}
	case handover.Parked:
		var p handover.Parking
		if err = json.Unmarshal(e.Body.Bytes, &p); err == nil {
			t.become(p.DeliveryID, condition{stateParked, e.Time, p.Reason, p.Owner, p.Deadline})
		}
	case handover.Released:
		var r handover.Ruling
		if err = json.Unmarshal(e.Body.Bytes, &r); err == nil {
			t.become(r.DeliveryID, condition{state: stateWaiting, since: e.Time})
		}
	case handover.Paused, handover.Resumed:
		var p handover.Pause
		if err = json.Unmarshal(e.Body.Bytes, &p); err == nil {
			t.halts.take(p, e)
		}
	case handover.EpochOpened:
		err = t.doubt(ctx)
	case handover.Cancelled:
		var r handover.Ruling
		if err = json.Unmarshal(e.Body.Bytes, &r); err == nil {
			t.close(r.DeliveryID)
		}
	}
	if err != nil {
		return fmt.Errorf("taking in what fact %d says of deliveries: %w", e.Offset, err)
	}
	t.at = e.Offset
	return nil
}

// promised takes in the deliveries that a decision makes.
func (t *table) promised(e *handover.Entry, made func(row)) error {
	if !bytes.Contains(e.Body.Bytes, promises) {
		return nil
	}
	var d handover.Decision
	if err := json.Unmarshal(e.Body.Bytes, &d); err != nil {
		return err
	}
	for _, one := range d.Deliveries {
		r := row{
			DeliveryID: handover.DeliveryID{Of: e.Offset, To: one.To}, message: e.Cause, source: e.Source, route: one.Route,
			keys: one.Keys, hold: one.Hold, created: e.Time, condition: condition{state: stateWaiting, since: e.Time},
		}
		t.create(r)
		made(r)
	}
	return nil
}
