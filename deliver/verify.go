package deliver

import (
	"context"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// Difference is a row that the table does not hold as the facts give it.
type Difference struct {
	Of   handover.Offset // the fact that made the delivery; 0: which destinations are paused
	What string
}

// MaxDifferences is how many differences Verify reports at most.
const MaxDifferences = 100

const verifyBatch = 500

// Verify builds the table a second time from the facts, in the scratch place, which
// must be empty, and compares every row. It looks at the table as it is when Verify
// begins.
func (d *Deliverer) Verify(ctx context.Context, scratch store.Place, read func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)) (out []Difference, err error) {
	db, err := store.Open(ctx, store.Config{Place: scratch, Name: "deliver", Schema: schema})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	again := table{db: db, pending: map[handover.DeliveryID]*change{}}
	err = d.table.db.Read(ctx, func(kept *store.Tx) error {
		upTo, err := kept.Applied(ctx)
		if err != nil {
			return err
		}
		if err := again.follow(ctx, handover.Offset(upTo), read); err != nil {
			return err
		}
		return db.Read(ctx, func(should *store.Tx) error {
			for _, query := range []string{
				`SELECT id, destination, message, source, route, keys, hold, created,
					state, since, reason, owner, deadline, tries, begun FROM open`,
				`SELECT 0 AS id, destination, since, actor, why FROM paused`,
			} {
				found, err := store.Comparison{Key: "id", Limit: MaxDifferences, Query: query}.Compare(ctx, kept, should)
				if err != nil {
					return err
				}
				for _, f := range found {
					out = append(out, Difference{handover.Offset(f.Key), f.What})
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("verifying the deliveries: %w", err)
	}
	return out, nil
}

// follow takes in the facts up to an offset.
func (t *table) follow(ctx context.Context, upTo handover.Offset, read func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)) error {
	for t.at < upTo {
		entries, err := read(ctx, t.at, verifyBatch)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return &handover.Error{Op: "reading facts", Kind: handover.Invalid, Where: "offset " + t.at.String(),
				Err: errors.New("the journal ends before what the deliveries have applied")}
		}
		for i := range entries {
			if entries[i].Offset > upTo {
				break
			}
			if err := t.fold(ctx, &entries[i], func(row) {}); err != nil {
				return err
			}
		}
		if len(t.pending) > maxPending {
			if err := t.flush(ctx); err != nil {
				return err
			}
		}
	}
	return t.flush(ctx)
}

// CopyTo writes the table as it is at one moment into a new SQLite file.
func (d *Deliverer) CopyTo(ctx context.Context, path string) error {
	return d.table.db.CopyTo(ctx, path)
}
