package trace

import (
	"context"
	"fmt"
	"strings"

	"handover"
	"handover/internal/store"
)

// weight is State.Weight in SQL.
var weight = func() string {
	var b strings.Builder
	for _, s := range handover.States {
		fmt.Fprintf(&b, " WHEN '%s' THEN %d", s, s.Number())
	}
	return "(id % 8191 + 1) * CASE state" + b.String() + " ELSE 0 END"
}()

// Tally returns how many messages there are from one offset to before another, and
// the sum of what they weigh by their states (State.Weight), as of one moment, and
// the offset up to which facts were applied then.
func (t *Trace) Tally(ctx context.Context, from, before handover.Offset) (applied handover.Offset, messages, sum int64, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		applied = handover.Offset(at)
		_, err = tx.Get(ctx, []any{&messages, &sum},
			`SELECT count(*), CAST(coalesce(sum(`+weight+`), 0) AS BIGINT) FROM message WHERE id >= ? AND id < ?`, int64(from), int64(before))
		return err
	})
	return applied, messages, sum, err
}

// StatesOf returns the states of the messages from one offset to before another, and
// the offset up to which facts were applied then.
func (t *Trace) StatesOf(ctx context.Context, from, before handover.Offset) (applied handover.Offset, states map[handover.Offset]handover.State, err error) {
	states = map[handover.Offset]handover.State{}
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		applied = handover.Offset(at)
		return tx.Each(ctx, `SELECT id, state FROM message WHERE id >= ? AND id < ?`, []any{int64(from), int64(before)},
			func(scan func(...any) error) error {
				var id int64
				var state string
				err := scan(&id, &state)
				states[handover.Offset(id)] = handover.State(state)
				return err
			})
	})
	return applied, states, err
}
