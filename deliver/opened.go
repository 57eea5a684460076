package deliver

import (
	"context"

	"handover"
	"handover/internal/store"
)

// OpenIn returns which deliveries to a destination the table has that were made by
// facts from one offset to before another, with whether they are parked, and the
// offset up to which facts were applied then.
func (d *Deliverer) OpenIn(ctx context.Context, destination string, from, before handover.Offset) (applied handover.Offset, parked map[handover.Offset]bool, err error) {
	parked = map[handover.Offset]bool{}
	err = d.table.db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		applied = handover.Offset(at)
		return tx.Each(ctx, `SELECT id, state FROM open WHERE destination = ? AND id >= ? AND id < ?`, []any{destination, int64(from), int64(before)},
			func(scan func(...any) error) error {
				var id int64
				var state string
				err := scan(&id, &state)
				parked[handover.Offset(id)] = state == stateParked
				return err
			})
	})
	return applied, parked, err
}
