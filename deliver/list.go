package deliver

import (
	"context"
	"errors"
	"time"

	"handover"
)

// Entry is a delivery that is open, as people see it.
type Entry struct {
	handover.DeliveryID
	Message  handover.Offset `json:"message"`
	Source   string          `json:"source"`
	Route    string          `json:"route,omitempty"`
	State    string          `json:"state"` // waiting or parked
	Created  time.Time       `json:"created"`
	Since    time.Time       `json:"since"` // in this state
	Tries    int             `json:"tries"`
	Reason   string          `json:"reason,omitempty"` // why it is parked
	Owner    string          `json:"owner,omitempty"`
	Deadline time.Time       `json:"deadline,omitzero"`
}

// Query says which deliveries are wanted. Empty fields ask for nothing.
type Query struct {
	Destination string
	State       string // waiting or parked
	Reason      string
	After       handover.DeliveryID // those after this one, by destination and then age
	Limit       int                 // 0: all
}

// List returns open deliveries that may be seen, by destination, oldest first.
func (d *Deliverer) List(ctx context.Context, access handover.Access, q Query) (out []Entry, err error) {
	where, args := `(destination > ? OR destination = ? AND id > ?)`, []any{q.After.To, q.After.To, int64(q.After.Of)}
	for _, c := range []struct{ column, value string }{{"destination", q.Destination}, {"state", q.State}, {"reason", q.Reason}} {
		if c.value != "" {
			where, args = where+` AND `+c.column+` = ?`, append(args, c.value)
		}
	}
	if err := d.upToDate(ctx); err != nil {
		return nil, err
	}
	full := errors.New("there are enough")
	err = d.table.each(ctx, where+` ORDER BY destination, id`, args, func(r row) error {
		if !access.May(handover.Row{ID: r.message.String(), Source: r.source}) {
			return nil
		}
		out = append(out, r.entry())
		if q.Limit > 0 && len(out) == q.Limit {
			return full
		}
		return nil
	})
	if errors.Is(err, full) {
		err = nil
	}
	return out, err
}

// upToDate lets the table hold all that the journal says.
func (d *Deliverer) upToDate(ctx context.Context) error {
	return d.order(ctx, func(ctx context.Context) error {
		if err := d.read(ctx); err != nil {
			return err
		}
		return d.table.flush(ctx)
	})
}

func (r *row) entry() Entry {
	return Entry{
		DeliveryID: r.DeliveryID, Message: r.message, Source: r.source, Route: r.route, State: r.state, Created: r.created,
		Since: r.since, Tries: r.tries, Reason: r.reason, Owner: r.owner, Deadline: r.deadline,
	}
}
