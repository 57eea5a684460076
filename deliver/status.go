package deliver

import (
	"context"
	"maps"
	"slices"
	"time"

	"handover"
	"handover/internal/store"
)

// Status is how one destination is.
type Status struct {
	Name    string `json:"name"`
	Owner   string `json:"owner,omitempty"` // "": it is not configured any more
	Waiting int64  `json:"waiting"`         // being sent counts too
	Parked  int64  `json:"parked"`
	// Oldest is when the first of those that wait was made; zero if none waits.
	Oldest time.Time `json:"oldest,omitzero"`
	// Overdue counts the parked ones whose deadline has passed.
	Overdue int64 `json:"overdue"`
	// Failures in a row; Since when, what the last was, and when the next try is.
	Failures int       `json:"failures"`
	Failing  time.Time `json:"failing,omitzero"`
	Last     string    `json:"last,omitempty"`
	Next     time.Time `json:"next,omitzero"`
	// Paused says that nothing is sent, by whose will; nil: it is.
	Paused *Halt `json:"paused,omitempty"`
	// Strays are answers since the engine started that answered nothing that waited.
	Strays int64 `json:"strays"`
	// Tries since the engine started, by how they ended.
	Tries map[handover.Ending]int64 `json:"tries"`
}

// Statuses returns how every destination is that is configured, or to which
// something is open, by name.
func (d *Deliverer) Statuses(ctx context.Context) ([]Status, error) {
	if err := d.upToDate(ctx); err != nil {
		return nil, err
	}
	all := map[string]*Status{}
	for name, o := range d.queues {
		s := o.status()
		s.Name, s.Owner, s.Strays = name, o.Owner, o.strays.counted()
		if h, paused := d.table.halts.find(handover.Pause{Destination: name}); paused {
			s.Paused = &h
		}
		all[name] = &s
	}
	err := d.table.db.Read(ctx, func(tx *store.Tx) error {
		// In the order of the key, so that nothing need be sorted: there may be millions.
		return tx.Each(ctx, `SELECT destination, SUM(CASE WHEN state = 'parked' THEN 0 ELSE 1 END),
			COALESCE(MIN(CASE WHEN state = 'parked' THEN NULL ELSE created END), 0), SUM(CASE WHEN state = 'parked' THEN 1 ELSE 0 END),
			SUM(CASE WHEN state = 'parked' AND deadline > 0 AND deadline < ? THEN 1 ELSE 0 END)
			FROM open GROUP BY destination ORDER BY destination`, []any{time.Now().UnixMilli()}, func(scan func(...any) error) error {
			var name string
			var waiting, oldest, parked, overdue int64
			if err := scan(&name, &waiting, &oldest, &parked, &overdue); err != nil {
				return err
			}
			s := all[name]
			if s == nil {
				s = &Status{Name: name, Tries: map[handover.Ending]int64{}}
				all[name] = s
			}
			if s.Waiting, s.Parked, s.Overdue = waiting, parked, overdue; waiting > 0 {
				s.Oldest = time.UnixMilli(oldest).UTC()
			}
			return nil
		})
	})
	if err != nil {
		return nil, &handover.Error{Op: "asking how destinations are", Kind: handover.Unavailable, Err: err}
	}
	out := make([]Status, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, *all[name])
	}
	return out, nil
}
