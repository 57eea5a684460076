package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"handover"
	"handover/internal/store"
)

// Freeze makes DIR/journal a copy of the journal as it is at one moment, with
// its keys; dir must have no journal yet. It holds every fact that was
// acknowledged before, and is a journal that Open takes. Appending goes on
// meanwhile, retention waits. Sealed volumes and large bodies are linked where
// the file system can, so that a copy takes little time and space.
//
// It returns how far the copy goes and its tree's root. A journal in PostgreSQL
// cannot be copied so: Unsupported.
func (j *Journal) Freeze(ctx context.Context, dir string) (Checkpoint, error) {
	ch, files := j.ledger.(*chain)
	if !files {
		return Checkpoint{}, &handover.Error{Op: "copying the journal", Kind: handover.Unsupported, Err: store.ErrNoCopy}
	}
	to := Config{Dir: dir}.folder()
	if err := os.MkdirAll(filepath.Join(to, "bodies"), 0o700); err != nil {
		return Checkpoint{}, fmt.Errorf("copying the journal: %w", err)
	}
	for _, name := range []string{secretFile, publicFile} {
		if err := copySynced(filepath.Join(j.config.folder(), name), filepath.Join(to, name)); err != nil {
			return Checkpoint{}, fmt.Errorf("copying the journal's keys: %w", err)
		}
	}
	tail, err := ch.freeze(ctx, to)
	if err == nil {
		err = errors.Join(syncDir(filepath.Join(to, "bodies")), syncDir(to))
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("copying the journal: %w", err)
	}
	c, err := j.rootOf(ctx, int64(tail))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("copying the journal: %w", err)
	}
	return c, nil
}

// freeze copies every volume there is now, and returns the last offset of the
// copy. No volume is replaced or finished meanwhile.
func (ch *chain) freeze(ctx context.Context, to string) (tail handover.Offset, err error) {
	ch.still.Lock()
	defer ch.still.Unlock()
	all := ch.holding(0)
	for i, v := range all {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if tail, err = ch.freezeVolume(ctx, v, i == len(all)-1, to); err != nil {
			return 0, fmt.Errorf("volume %d: %w", v.first, err)
		}
	}
	return tail, nil
}

// freezeVolume copies one volume and its large bodies.
func (ch *chain) freezeVolume(ctx context.Context, v *volume, last bool, to string) (tail handover.Offset, err error) {
	v.mu.RLock()
	name, below, whole := v.name(), v.below, !last && !v.unfinished && !v.again
	v.mu.RUnlock()
	path := filepath.Join(to, name+".db")
	if whole {
		err = linkOrCopy(ch.place.Path(name), path)
	} else {
		err = ch.copyVolume(ctx, name, path)
	}
	if err != nil {
		return 0, err
	}
	copied, err := store.Open(ctx, store.Config{Place: store.Place{Dir: to}, Name: name, ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	err = copied.Read(ctx, func(tx *store.Tx) error {
		if tail, err = selectTail(ctx, tx, below); err != nil {
			return err
		}
		return ch.freezeBodies(ctx, tx, below, filepath.Join(to, "bodies"))
	})
	return max(tail, v.first-1), err
}

// copyVolume copies a volume that has a write-ahead log. It opens the file for
// itself, so that nobody who wants to seal the volume waits for the copy.
func (ch *chain) copyVolume(ctx context.Context, name, path string) error {
	db, err := store.Open(ctx, store.Config{Place: ch.place, Name: name, ReadOnly: true, Durable: true})
	if err != nil {
		return err
	}
	return errors.Join(db.CopyTo(ctx, path), db.Close())
}

// freezeBodies links the large bodies that the copied volume speaks of.
func (ch *chain) freezeBodies(ctx context.Context, tx *store.Tx, below handover.Offset, to string) error {
	rows, err := tx.Query(ctx, `SELECT name FROM file WHERE at < ?`, int64(below))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		if err := linkOrCopy(ch.files.path(name), filepath.Join(to, filepath.Base(name))); err != nil {
			return fmt.Errorf("a large body: %w", err)
		}
	}
	return rows.Err()
}

// linkOrCopy gives a file that never changes a second name.
func linkOrCopy(from, to string) error {
	err := os.Link(from, to)
	if errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) {
		err = copySynced(from, to)
	}
	return err
}
