package record

import (
	"context"
	"fmt"

	"handover"
	"handover/internal/store"
)

// Sound looks at so many rows of resources after one, as of one moment: rows are
// numbered without holes, and a resource of version n has n-1 older ones. It returns up
// to where facts were applied then, the row after which the next stretch begins (0:
// there is none), how many versions the resources have by what each says, and what is
// not there that must be ("": nothing).
func (r *Record) Sound(ctx context.Context, after, rows int64) (applied handover.Offset, next, versions int64, fault string, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		applied = handover.Offset(at)
		var there, last, end, written, older int64
		if _, err := tx.Get(ctx, []any{&end}, `SELECT coalesce(max(rid), 0) FROM resource`); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, []any{&there, &versions, &written}, `SELECT count(*), CAST(coalesce(sum(version), 0) AS BIGINT),
			CAST(coalesce(sum(CASE WHEN version > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM resource WHERE rid > ? AND rid <= ?`, after, after+rows); err != nil {
			return err
		}
		if _, err := tx.Get(ctx, []any{&older}, `SELECT count(*) FROM version WHERE rid > ? AND rid <= ?`, after, after+rows); err != nil {
			return err
		}
		if last = after + rows; last >= end {
			last = end
		} else {
			next = last
		}
		switch {
		case there < last-after:
			fault = fmt.Sprintf("of %d resources %d are there", last-after, there)
		case older != versions-written:
			fault = fmt.Sprintf("of %d older versions %d are there", versions-written, older)
		}
		return nil
	})
	return applied, next, versions, fault, err
}

// Made calls fn for each version that the tables have, with the Written fact that made
// it, in no order, for facts from one offset to before another. It returns up to where
// facts were applied. It reads every row of resources and versions.
func (r *Record) Made(ctx context.Context, from, before handover.Offset, fn func(written handover.Offset)) (applied handover.Offset, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		at, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		applied = handover.Offset(at)
		var pack int64
		return tx.Each(ctx, `SELECT pack FROM resource WHERE pack >= ? AND pack < ? UNION ALL SELECT pack FROM version WHERE pack >= ? AND pack < ?`,
			[]any{int64(from), int64(before), int64(from), int64(before)}, func(scan func(...any) error) error {
				err := scan(&pack)
				fn(handover.Offset(pack))
				return err
			})
	})
	return applied, err
}
