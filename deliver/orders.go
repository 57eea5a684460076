package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"handover"
)

// order is something that is to be done between two facts, when the table can be
// brought up to date and nothing changes meanwhile.
type order struct {
	do   func(context.Context) error
	done chan error
}

// order lets whoever follows the journal do something.
func (d *Deliverer) order(ctx context.Context, do func(context.Context) error) error {
	o := order{do, make(chan error, 1)}
	select {
	case d.orders <- o:
		return <-o.done
	case <-d.ended:
		return &handover.Error{Op: "ordering deliveries", Kind: handover.Unavailable, Err: errors.New("the engine is stopping")}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Park takes a delivery out of the way until it is released or cancelled.
func (d *Deliverer) Park(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return d.order(ctx, func(ctx context.Context) error {
		r, in, err := d.idle(ctx, "parking a delivery", by, id, stateWaiting)
		if err != nil {
			return err
		}
		p := d.queues[id.To].parking("by-hand")
		p.Why = why
		if _, err := d.keep(ctx, by.Actor, r, in, func(f facts) handover.Draft { return f.parked(p) }); err != nil {
			return err
		}
		if o := d.queues[id.To]; in != nil && r.hold {
			o.held(in)
		} else if in != nil {
			o.done(in)
		}
		return d.read(ctx)
	})
}

// Release lets a parked delivery be tried again, at its old place.
func (d *Deliverer) Release(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return d.order(ctx, func(ctx context.Context) error {
		r, in, err := d.idle(ctx, "releasing a delivery", by, id, stateParked)
		if err != nil {
			return err
		}
		at, err := d.keep(ctx, by.Actor, r, in, func(f facts) handover.Draft { return f.ruled(handover.Released, why) })
		if err != nil {
			return err
		}
		switch o := d.queues[id.To]; {
		case in != nil:
			o.release(in, at)
		case o == nil:
		case id.Of > o.last || o.routes[r.route]: // it is taken from the table in its turn
			o.known(id.Of)
		default:
			r.since = at
			o.add(r.delivery(waiting))
		}
		return d.read(ctx)
	})
}

// Cancel gives a delivery up for good.
func (d *Deliverer) Cancel(ctx context.Context, by handover.Access, id handover.DeliveryID, why string) error {
	return d.order(ctx, func(ctx context.Context) error {
		r, in, err := d.idle(ctx, "cancelling a delivery", by, id, "")
		if err != nil {
			return err
		}
		if _, err := d.keep(ctx, by.Actor, r, in, func(f facts) handover.Draft { return f.ruled(handover.Cancelled, why) }); err != nil {
			return err
		}
		if in != nil {
			d.queues[id.To].done(in)
		}
		return d.read(ctx)
	})
}

// Resend sends a message once more to the destinations that the deliveries name, as it
// was or, if there is any, with the edited content; it returns the fact that says so.
func (d *Deliverer) Resend(ctx context.Context, by handover.Access, message handover.Offset, source string, again handover.Resending, edited []byte) (handover.Offset, error) {
	for _, one := range again.Deliveries {
		if d.queues[one.To] == nil {
			return 0, &handover.Error{Op: "resending a message", Kind: handover.NotFound, Where: one.To, Err: errors.New("there is no such destination")}
		}
	}
	f := facts{message: message, source: source, actor: by.Actor}
	if edited != nil {
		receipts, err := d.config.Journal.Append(ctx, []handover.Draft{f.edited(edited)})
		if err != nil {
			return 0, err
		}
		again.Edited = receipts[0].Offset
	}
	receipts, err := d.config.Journal.Append(ctx, []handover.Draft{f.draft(handover.Resent, again)})
	if err != nil {
		return 0, err
	}
	return receipts[0].Offset, nil
}

// idle returns the row of a delivery that is open, in that state ("": in any) and
// not being sent, and the delivery itself, seized, if it is in the window.
func (d *Deliverer) idle(ctx context.Context, op string, by handover.Access, id handover.DeliveryID, state string) (r row, in *delivery, err error) {
	fault := func(kind handover.Kind, text string) error {
		return &handover.Error{Op: op, Kind: kind, Where: fmt.Sprintf("%d to %s", id.Of, id.To), Err: errors.New(text)}
	}
	if err := d.read(ctx); err != nil {
		return r, nil, err
	}
	o := d.queues[id.To]
	if o != nil {
		var busy bool
		if in, busy = o.seize(id.Of); busy {
			return r, nil, fault(handover.Conflict, "it is being sent just now")
		}
	}
	defer func() {
		if err != nil && in != nil {
			o.letGo(in)
		}
	}()
	// What ended before it was seized is in the journal by now.
	if err = d.fold(ctx); err != nil {
		return r, in, err
	}
	if err = d.table.flush(ctx); err != nil {
		return r, in, err
	}
	rows, err := d.table.read(ctx, `destination = ? AND id = ?`, id.To, int64(id.Of))
	switch {
	case err != nil:
	case len(rows) == 0 || !by.May(handover.Row{ID: rows[0].message.String(), Source: rows[0].source}):
		err = fault(handover.NotFound, "no such delivery is open: it was accepted or cancelled, or never was")
	case state != "" && rows[0].state != state:
		err = fault(handover.Conflict, "it is "+rows[0].state)
	default:
		r = rows[0]
	}
	return r, in, err
}

// keep appends what a person decided, and returns when that was.
func (d *Deliverer) keep(ctx context.Context, by handover.Actor, r row, in *delivery, draft func(facts) handover.Draft) (at time.Time, err error) {
	receipts, err := d.config.Journal.Append(ctx, []handover.Draft{draft(facts{r.message, r.source, r.DeliveryID, by})})
	if err != nil && in != nil {
		d.queues[r.To].letGo(in)
	}
	if err != nil {
		return time.Time{}, err
	}
	return receipts[0].Time, nil
}
