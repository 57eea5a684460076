package app

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"handover"
	"handover/journal"
)

// restoreFolder holds, in the data folder, what is being restored. While it is
// there, no engine starts.
const restoreFolder = "restore.part"

// maxManifest bounds what is read of a list of files.
const maxManifest = 64 << 20

// RestoreConfig says where to restore to.
type RestoreConfig struct {
	Dir   string           // empty, or not there
	Now   func() time.Time // nil: time.Now
	Moved Moved
}

// Epoch is the body of an EpochOpened fact: a new life of the journal began
// from a backup. Offsets after After may have been other facts before.
type Epoch struct {
	After    handover.Offset `json:"after"`
	Root     []byte          `json:"root"` // of the tree up to After
	Made     time.Time       `json:"made"` // the backup
	Restored time.Time       `json:"restored"`
}

// Restore makes a data folder of a backup. It fails where the folder is not
// empty (Usage), where the backup is not whole or not what was written
// (Invalid), and leaves then nothing that an engine would start on.
func Restore(ctx context.Context, from io.Reader, c RestoreConfig) (Manifest, error) {
	m, err := restore(ctx, from, c)
	if _, known := errors.AsType[*handover.Error](err); err != nil && !known {
		err = &handover.Error{Op: "restoring", Kind: handover.Internal, Err: err}
	}
	return m, err
}

func restore(ctx context.Context, from io.Reader, c RestoreConfig) (Manifest, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := claim(c.Dir); err != nil {
		return Manifest{}, err
	}
	part := filepath.Join(c.Dir, restoreFolder)
	m, err := unpack(ctx, from, part, c.Moved)
	if err == nil {
		err = openEpoch(ctx, part, m, c)
	}
	if err != nil {
		return m, errors.Join(err, os.RemoveAll(part))
	}
	return m, moveIn(c.Dir, part)
}

// claim makes sure that the folder is there and empty.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "lost+found" { // of a file system of its own
			return &handover.Error{Op: "restoring", Kind: handover.Usage, Where: dir,
				Err: errors.New("the folder is not empty; restore into another, and look at both before one goes")}
		}
	}
	return os.MkdirAll(filepath.Join(dir, restoreFolder, journalName, "bodies"), 0o700)
}

func damaged(where, what string) error {
	return &handover.Error{Op: "reading the backup", Kind: handover.Invalid, Where: where, Err: errors.New(what)}
}

// unpack writes the backup's files into the folder and holds them against the
// manifest.
func unpack(ctx context.Context, from io.Reader, folder string, moved Moved) (m Manifest, err error) {
	var read int64
	counted := counting{alive{ctx, from}, func(n int) {
		read += int64(n)
		moved.to("reading the backup", read, 0)
	}}
	z, err := zstd.NewReader(counted)
	if err != nil {
		return m, err
	}
	defer z.Close()
	archive := tar.NewReader(z)
	found := map[string]BackedUp{}
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return m, damaged("", "it was cut off: its list of files is missing; take another one")
		}
		if err != nil {
			return m, unreadable(ctx, err)
		}
		if h.Name == manifestName {
			if m, err = readManifest(archive); err != nil {
				return m, err
			}
			break
		}
		if !mayBePacked(h.Name) || h.Typeflag != tar.TypeReg {
			return m, damaged("", "it holds a file that no backup has; it was not made by `handover backup`")
		}
		if found[h.Name], err = unpackFile(archive, folder, h); err != nil {
			return m, unreadable(ctx, err)
		}
	}
	// What follows the manifest is read too: only then is the check of the
	// compressed stream done.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return m, unreadable(ctx, err)
	}
	return m, m.compare(found)
}

// unreadable says that the backup, not the disk or the caller, is at fault.
func unreadable(ctx context.Context, err error) error {
	var disk *fs.PathError
	if ctx.Err() != nil || errors.As(err, &disk) {
		return err
	}
	return damaged("", "it is damaged or was cut off; take another one ("+err.Error()+")")
}

func readManifest(from io.Reader) (m Manifest, err error) {
	err = json.NewDecoder(io.LimitReader(from, maxManifest)).Decode(&m)
	switch {
	case err != nil:
		return m, damaged(manifestName, "it cannot be read")
	case m.Format != backupFormat:
		return m, &handover.Error{Op: "reading the backup", Kind: handover.Unsupported, Where: manifestName,
			Err: fmt.Errorf("it has format %d and this program knows %d: use the program that made it, version %s", m.Format, backupFormat, m.Program)}
	}
	return m, nil
}

func unpackFile(from io.Reader, folder string, h *tar.Header) (BackedUp, error) {
	f, err := os.OpenFile(filepath.Join(folder, filepath.FromSlash(h.Name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return BackedUp{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), from)
	err = errors.Join(err, f.Sync(), f.Close())
	return BackedUp{Name: h.Name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// compare says which files are not those of the manifest.
func (m Manifest) compare(found map[string]BackedUp) error {
	var errs []error
	for _, f := range m.Files {
		switch got, there := found[f.Name]; {
		case !there:
			errs = append(errs, damaged(f.Name, "it is missing"))
		case got != f:
			errs = append(errs, damaged(f.Name, "it is not what was backed up"))
		}
		delete(found, f.Name)
	}
	for name := range found {
		errs = append(errs, damaged(name, "it is not in the list of files"))
	}
	return errors.Join(errs...)
}

// openEpoch proves the journal that was unpacked and begins its new life.
func openEpoch(ctx context.Context, folder string, m Manifest, c RestoreConfig) (err error) {
	key, err := os.ReadFile(filepath.Join(folder, siteKeyName))
	if err != nil {
		return err
	}
	j, err := journal.Open(ctx, journal.Config{Dir: folder, SiteKey: key, Now: c.Now, Reserve: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if err := prove(ctx, j, m, c.Moved); err != nil {
		return err
	}
	body := Epoch{After: m.Tail, Root: m.Root, Made: m.Made, Restored: c.Now().UTC().Truncate(time.Millisecond)}
	_, err = j.Append(ctx, []handover.Draft{factDraft(handover.Header{Kind: handover.EpochOpened}, body, nil)})
	return err
}

func prove(ctx context.Context, j *journal.Journal, m Manifest, moved Moved) error {
	r, err := j.Verify(ctx, moved.telling("proving the journal"))
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range r.Faults {
		errs = append(errs, damaged("journal, offset "+f.Offset.String(), f.Text))
	}
	if len(errs) == 0 && (r.Size != int64(m.Tail) || !bytes.Equal(r.Root[:], m.Root)) {
		errs = append(errs, damaged(journalName, fmt.Sprintf("its %d facts are not the %d that were backed up", r.Size, m.Tail)))
	}
	return errors.Join(errs...)
}

// moveIn gives the files their places. The folder they came from goes last.
func moveIn(dir, part string) error {
	for _, name := range append(tables[:], journalName, siteKeyName) {
		if err := os.Rename(filepath.Join(part, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := syncFolder(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	return syncFolder(dir)
}
