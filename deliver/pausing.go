package deliver

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"handover"
)

// Pause pauses a destination, a route or a source until Resume, over restarts too. To a
// destination nothing is sent then; what is being sent at the moment ends as it ends. Of
// a route's deliveries none is sent, and what other routes send there may overtake them.
// That a source is paused is only kept here: whoever opens its door asks Paused.
func (d *Deliverer) Pause(ctx context.Context, by handover.Access, p handover.Pause) error {
	return d.halt(ctx, by, p, handover.Paused, "pausing")
}

// Resume takes a pause back.
func (d *Deliverer) Resume(ctx context.Context, by handover.Access, p handover.Pause) error {
	return d.halt(ctx, by, p, handover.Resumed, "resuming")
}

func (d *Deliverer) halt(ctx context.Context, by handover.Access, p handover.Pause, kind handover.FactKind, doing string) error {
	what, name, known := d.named(p)
	op := doing + " a " + what
	if !known || !by.May(handover.Row{Source: p.Source}) {
		return &handover.Error{Op: op, Kind: handover.NotFound, Where: name, Err: errors.New("there is no such " + what)}
	}
	return d.order(ctx, func(ctx context.Context) error {
		if err := d.fold(ctx); err != nil {
			return err
		}
		if _, is := d.table.halts.find(p); is == (kind == handover.Paused) {
			return &handover.Error{Op: op, Kind: handover.Conflict, Where: name, Err: errors.New("it is so already")}
		}
		f := facts{actor: by.Actor}
		if _, err := d.config.Journal.Append(ctx, []handover.Draft{f.draft(kind, p)}); err != nil {
			return err
		}
		switch {
		case p.Destination != "":
			d.queues[p.Destination].pause(kind == handover.Paused)
		case p.Route != "":
			d.insist(ctx, "taking what is to be delivered by other routes", func() error { return d.divert(ctx) })
		}
		return d.read(ctx)
	})
}

// named says what a pause is of, and whether there is such a thing.
func (d *Deliverer) named(p handover.Pause) (what, name string, known bool) {
	switch {
	case p.Source != "":
		return "source", p.Source, slices.Contains(d.config.Sources, p.Source)
	case p.Route != "":
		return "route", p.Route, slices.Contains(d.config.Routes, p.Route)
	}
	return "destination", p.Destination, d.queues[p.Destination] != nil
}

// pausedRoutes are the routes of whose deliveries none is sent.
func (d *Deliverer) pausedRoutes() map[string]bool {
	out := map[string]bool{}
	for _, name := range d.config.Routes {
		if _, is := d.table.halts.find(handover.Pause{Route: name}); is {
			out[name] = true
		}
	}
	return out
}

// divert fills every window anew, with what may go by the routes that are not paused:
// what was paused comes back at its old place. What is being sent stays where it is.
func (d *Deliverer) divert(ctx context.Context) error {
	for _, o := range d.queues {
		o.rest()
	}
	// From here on nothing begins, so that the table knows all but what is being sent.
	err := d.fold(ctx)
	if err == nil {
		err = d.table.flush(ctx)
	}
	routes := d.pausedRoutes()
	for _, o := range d.queues {
		_, halted := d.table.halts.find(handover.Pause{Destination: o.Name})
		if err == nil {
			o.rewind(maps.Clone(routes))
			err = d.refill(ctx, o)
		}
		o.pause(halted)
	}
	return err
}

// rest lets nothing be taken, and notes what stays in the window.
func (o *outlet) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.paused = true
	clear(o.skip) // by now the table knows, or will when facts are taken in
	for of, d := range o.all {
		if d.state != waiting {
			o.skip[of] = true
		}
	}
}

// rewind takes out of the window what waits, so that it can be filled anew. What was being
// sent or stood before others when it came to rest stays, unless it waits again and its
// route is paused.
func (o *outlet) rewind(routes map[string]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.routes, o.last = routes, 0
	for of, d := range o.all {
		if d.state == waiting && (!o.skip[of] || routes[d.route]) {
			o.remove(d)
		}
	}
}

// has reports whether a row of the table is in the window, or was being sent when the
// window was filled anew, so that the table may not know what became of it.
func (o *outlet) has(of handover.Offset) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	skip := o.skip[of]
	delete(o.skip, of)
	return skip || o.all[of] != nil
}

// known says that the table knows what became of a delivery.
func (o *outlet) known(of handover.Offset) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.skip, of)
}

// further picks the rows that come after what was in the window, but for those of routes
// that are paused.
func (o *outlet) further() (condition string, args []any) {
	condition, args = `destination = ? AND id > ? AND (state = ? OR hold <> 0)`, []any{o.Name, int64(o.last), stateWaiting}
	if len(o.routes) > 0 {
		condition += ` AND (state <> ? OR route NOT IN (?` + strings.Repeat(`, ?`, len(o.routes)-1) + `))`
		args = append(args, stateWaiting)
		for name := range o.routes {
			args = append(args, name)
		}
	}
	return condition, args
}
