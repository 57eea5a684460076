package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"handover"
	"handover/config"
)

// Folder is a data folder that no engine uses, opened to be backed up or
// verified.
type Folder struct{ engine *Engine }

// FolderConfig says which folder.
type FolderConfig struct {
	Dir      string
	Database string           // where the facts are in PostgreSQL
	Now      func() time.Time // nil: time.Now
}

// OpenFolder opens a data folder that is there. While an engine runs on it, it
// fails with Unavailable.
func OpenFolder(ctx context.Context, c FolderConfig) (*Folder, error) {
	if _, err := os.Stat(filepath.Join(c.Dir, siteKeyName)); err != nil {
		return nil, &handover.Error{Op: "opening the data folder", Kind: handover.Usage, Where: c.Dir,
			Err: errors.New("it has no site.key, so it is not a data folder; --data names another")}
	}
	e := newEngine(Config{Site: &config.Site{}, Dir: c.Dir, Database: c.Database, Now: c.Now})
	if err := e.open(ctx, e.openFolder, e.openJournal, e.openSpool, e.openProjections, e.openDeliveries); err != nil {
		if handover.KindOf(err) == handover.Conflict {
			err = &handover.Error{Op: "opening the data folder", Kind: handover.Unavailable, Where: c.Dir, Err: err}
		}
		return nil, errors.Join(err, e.Close())
	}
	return &Folder{e}, nil
}

// Backup writes the whole state into w, as Engine.Backup does.
func (f *Folder) Backup(ctx context.Context, w io.Writer, moved Moved) (Manifest, error) {
	return f.engine.Backup(ctx, w, moved)
}

// Verify proves the journal and the tables, as Engine.Verify does.
func (f *Folder) Verify(ctx context.Context, moved Moved) (Proof, error) {
	return f.engine.Verify(ctx, moved)
}

// Close closes it.
func (f *Folder) Close() error { return f.engine.Close() }
