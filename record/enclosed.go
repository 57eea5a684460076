package record

import (
	"bytes"
	"context"
	"slices"

	"handover"
	"handover/internal/store"
)

// Enclosed returns the Enclosed fact that holds a document, 0 if none does.
// key is its handover.DocumentKey. It answers for what is applied.
func (r *Record) Enclosed(ctx context.Context, key []byte) (at handover.Offset, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		at, err = enclosed(ctx, tx, key)
		return err
	})
	if err != nil {
		return 0, &handover.Error{Op: "looking up a document", Kind: kindOf(err), Err: err}
	}
	return at, nil
}

func enclosed(ctx context.Context, tx *store.Tx, key []byte) (at handover.Offset, err error) {
	err = tx.Each(ctx, `SELECT at FROM enclosed WHERE key = ?`, []any{key}, func(scan func(...any) error) error {
		return scan(&at)
	})
	return at, err
}

// documents notes where the documents of the batch are. Two messages that were
// on their way together may both have brought one: the first counts.
func (a *applying) documents() error {
	var rows [][]any
	for _, row := range a.index.enclosed {
		at, err := enclosed(a.ctx, a.tx, row[0].([]byte))
		if err != nil {
			return err
		}
		if at == 0 && !slices.ContainsFunc(rows, func(r []any) bool { return bytes.Equal(r[0].([]byte), row[0].([]byte)) }) {
			rows = append(rows, row)
		}
	}
	return a.tx.Insert(a.ctx, "enclosed", []string{"key", "at"}, rows)
}
