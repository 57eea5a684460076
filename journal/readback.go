package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"handover"
	"handover/internal/store"
)

// readBack proves a draft that is about to replace a volume: it has every fact of
// the volume, with the same leaf in the tree and the same mark, and every body
// that no expiry takes, each the one whose digest is in its head. A fault of ours
// in packing must not cost what was packed.
func (ch *chain) readBack(ctx context.Context, v *volume, e *expiry, draft string) (err error) {
	c, err := compressors()
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{Place: ch.place, Name: draft, Durable: true, ReadOnly: true})
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
		for from := v.first; ; {
			old, err := ch.readOne(ctx, v, from)
			if err != nil {
				return err
			}
			facts, err := read(ctx, from, rewriteBatch)
			if err != nil {
				return err
			}
			if len(facts) != len(old) {
				return damaged(fmt.Errorf("from offset %d on the draft has %d facts, and the volume %d", from, len(facts), len(old)))
			}
			if len(facts) == 0 {
				return nil
			}
			u := newUnpacker(read, c, facts)
			for i := range facts {
				if err := u.replaces(ctx, &facts[i], &old[i], e); err != nil {
					return fmt.Errorf("reading back fact %d: %w", facts[i].at, err)
				}
			}
			from = facts[len(facts)-1].at + 1
		}
	})
}

// replaces reports, as an error, what a fact of a draft lacks of the one that it
// stands for.
func (u *unpacker) replaces(ctx context.Context, f, old *fact, e *expiry) error {
	taken := e.takes(old)
	switch {
	case f.at != old.at || f.leaf() != old.leaf() || f.slot != old.slot:
		return damaged(errors.New("it is another fact"))
	case taken && f.body != nil:
		return damaged(errors.New("its body should be gone"))
	case !taken && (f.body == nil) != (old.body == nil):
		return damaged(errors.New("its body is missing"))
	case !taken && !bytes.Equal(f.mark, old.mark):
		return damaged(errors.New("its mark is another"))
	}
	return u.prove(ctx, f)
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
