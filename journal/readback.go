package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// readBack proves a volume that is about to replace another: every body that it
// holds is the one whose digest is in its head. A fault of ours in packing must
// not cost what was packed.
func (ch *chain) readBack(ctx context.Context, name string) (err error) {
	c, err := compressors()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{Place: ch.place, Name: name, Durable: true, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Read(ctx, func(tx *store.Tx) error {
		names, err := loadNames(ctx, tx)
		if err != nil {
			return err
		}
		read := func(ctx context.Context, from handover.Offset, limit int) ([]fact, error) {
			return selectFacts(ctx, tx, names, from, endless, limit)
		}
		for from := handover.Offset(1); ; {
			facts, err := read(ctx, from, rewriteBatch)
			if err != nil || len(facts) == 0 {
				return err
			}
			u := newUnpacker(read, c, facts)
			for i := range facts {
				if err := u.prove(ctx, &facts[i]); err != nil {
					return fmt.Errorf("reading back fact %d: %w", facts[i].at, err)
				}
			}
			from = facts[len(facts)-1].at + 1
		}
	})
}

// prove holds a body that is here and no file against its digest.
func (u *unpacker) prove(ctx context.Context, f *fact) error {
	if f.body == nil || f.slot != 0 {
		return nil
	}
	s, err := parseBody(f.at, f.body)
	if err != nil || s.form == formFile {
		return err
	}
	content, err := u.content(ctx, f)
	if err == nil && digestOf(s.salt, sha256.Sum256(content)) != f.digest {
		err = errBody
	}
	return err
}
