package deliver

import (
	"context"
	"sync"
	"time"

	"handover"
	"handover/internal/store"
)

// Halt says since when something is paused, and who wanted it so.
type Halt struct {
	Since time.Time `json:"since"`
	By    string    `json:"by"`
	Why   string    `json:"why"`
}

// halts are the destinations, sources and routes that are paused.
type halts struct {
	mu      sync.Mutex
	of      map[string]Halt // by what is paused
	changed bool            // and not written yet
}

// paused is what a pause is of, as the table has it.
func paused(p handover.Pause) string {
	switch {
	case p.Source != "":
		return "source/" + p.Source
	case p.Route != "":
		return "route/" + p.Route
	}
	return p.Destination
}

// take takes in a Paused or Resumed fact.
func (h *halts) take(p handover.Pause, e *handover.Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = true
	if e.Kind == handover.Resumed {
		delete(h.of, paused(p))
		return
	}
	h.of[paused(p)] = Halt{e.Time, e.Actor, p.Why}
}

// find returns whether something is paused.
func (h *halts) find(p handover.Pause) (found Halt, is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, is = h.of[paused(p)]
	return found, is
}

func (h *halts) write(ctx context.Context, tx *store.Tx) error {
	if !h.changed {
		return nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM paused`); err != nil {
		return err
	}
	var rows [][]any
	for name, one := range h.of {
		rows = append(rows, []any{name, one.Since.UnixMilli(), one.By, one.Why})
	}
	return tx.Insert(ctx, "paused", []string{"destination", "since", "actor", "why"}, rows)
}

// read is for a table that was written before.
func (h *halts) read(ctx context.Context, db *store.DB) error {
	h.of = map[string]Halt{}
	return db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(ctx, `SELECT destination, since, actor, why FROM paused`, nil, func(scan func(...any) error) error {
			var name string
			var since int64
			var one Halt
			err := scan(&name, &since, &one.By, &one.Why)
			one.Since = time.UnixMilli(since).UTC()
			h.of[name] = one
			return err
		})
	})
}

// Paused returns whether a destination, a source or a route is paused.
func (d *Deliverer) Paused(p handover.Pause) (h Halt, paused bool) { return d.table.halts.find(p) }
