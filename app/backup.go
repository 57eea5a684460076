package app

import (
	"archive/tar"
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
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"handover"
)

// Manifest is the last file of a backup: what should have been before it.
// docs/formats/backup.md describes the whole.
type Manifest struct {
	Format  int             `json:"format"`
	Made    time.Time       `json:"made"`
	Program string          `json:"program"` // its version
	Tail    handover.Offset `json:"tail"`    // the journal's last offset
	Root    []byte          `json:"root"`    // of its tree
	Files   []BackedUp      `json:"files"`
}

// BackedUp is one file of a backup.
type BackedUp struct {
	Name   string `json:"name"` // with /
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Bytes returns the length of all files before compression.
func (m Manifest) Bytes() (sum int64) {
	for _, f := range m.Files {
		sum += f.Size
	}
	return sum
}

const (
	backupFormat = 1
	manifestName = "manifest.json"
	// backupFolder holds a backup, in the data folder, until it is written out.
	backupFolder = "backup.part"
	journalName  = "journal"
	siteKeyName  = "site.key"
)

// Moved is told how far a long work is. Total is 0 where nobody knows yet.
type Moved func(what string, done, total int64)

func (m Moved) to(what string, done, total int64) {
	if m != nil {
		m(what, done, total)
	}
}

// Backup writes the engine's whole state into w while it runs, at the pace of
// w. Everything acknowledged before it is called is in it. One backup is made
// at a time (Conflict). PostgreSQL keeps its own (Unsupported).
func (e *Engine) Backup(ctx context.Context, w io.Writer, moved Moved) (Manifest, error) {
	if !e.backing.TryLock() {
		return Manifest{}, &handover.Error{Op: "making a backup", Kind: handover.Conflict,
			Err: errors.New("another one is being made; wait for its end")}
	}
	defer e.backing.Unlock()
	if e.config.Database != "" {
		return Manifest{}, errInPostgreSQL
	}
	part := filepath.Join(e.config.Dir, backupFolder)
	if err := os.RemoveAll(part); err != nil {
		return Manifest{}, fmt.Errorf("making a backup: %w", err)
	}
	m, err := e.freeze(ctx, part, moved)
	if err == nil {
		err = pack(ctx, w, part, &m, moved)
	}
	if err = errors.Join(err, os.RemoveAll(part)); err != nil {
		return Manifest{}, fmt.Errorf("making a backup: %w", err)
	}
	return m, nil
}

var errInPostgreSQL = &handover.Error{Op: "making a backup", Kind: handover.Unsupported, Err: errors.New(
	"the facts are in PostgreSQL: take `pg_dump --format=custom` of the whole database, and with it " +
		"site.key, journal/checkpoint.key and journal/checkpoint.pub from the data folder")}

// tables are the files of what is made from the journal.
var tables = [...]string{"record.db", "trace.db", "deliver.db"}

// freeze makes a data folder of one moment. The tables come first: none may be
// ahead of the journal beside it.
func (e *Engine) freeze(ctx context.Context, to string, moved Moved) (Manifest, error) {
	m := Manifest{Format: backupFormat, Made: e.config.Now().UTC().Truncate(time.Millisecond), Program: Version}
	if err := os.Mkdir(to, 0o700); err != nil {
		return m, err
	}
	if err := writeSynced(filepath.Join(to, siteKeyName), e.key); err != nil {
		return m, err
	}
	for i, table := range []struct {
		name string
		copy func(ctx context.Context, path string) error
	}{{tables[0], e.record.CopyTo}, {tables[1], e.trace.CopyTo}, {tables[2], e.deliveries.CopyTo}} {
		moved.to("copying the tables", int64(i), int64(len(tables)))
		if err := table.copy(ctx, filepath.Join(to, table.name)); err != nil {
			return m, err
		}
	}
	moved.to("copying the journal", 0, 0)
	frozen, err := e.journal.Freeze(ctx, to)
	m.Tail, m.Root = handover.Offset(frozen.Size), frozen.Root[:]
	return m, err
}

// pack writes the folder's files, and the manifest that lists them.
func pack(ctx context.Context, w io.Writer, folder string, m *Manifest, moved Moved) error {
	names, total, err := packed(folder)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
	if err != nil {
		return err
	}
	p := packer{tar: tar.NewWriter(z), folder: folder, made: m.Made, total: total, moved: moved}
	for _, name := range names {
		f, err := p.add(ctx, name)
		if err != nil {
			return errors.Join(fmt.Errorf("packing %s: %w", name, err), z.Close())
		}
		m.Files = append(m.Files, f)
	}
	list, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = p.write(manifestName, int64(len(list)), strings.NewReader(string(list)))
	}
	if err == nil {
		err = p.tar.Close()
	}
	return errors.Join(err, z.Close())
}

// packed lists the files of a backup in the order of its format.
func packed(folder string) (names []string, total int64, err error) {
	names = append([]string{siteKeyName, "journal/checkpoint.key", "journal/checkpoint.pub"}, tables[:]...)
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(folder, path)
		rel = filepath.ToSlash(rel)
		if mayBePacked(rel) {
			total += info.Size()
		}
		if strings.HasPrefix(rel, "journal/facts-") && strings.HasSuffix(rel, ".db") || strings.HasPrefix(rel, "journal/bodies/") {
			names = append(names, rel)
		}
		return err
	})
	return names, total, err
}

// mayBePacked reports whether a backup has files of this name. What is unpacked
// can therefore lie nowhere else.
func mayBePacked(name string) bool {
	switch name {
	case siteKeyName, "journal/checkpoint.key", "journal/checkpoint.pub":
		return true
	}
	if slices.Contains(tables[:], name) {
		return true
	}
	dir, file := filepath.Split(filepath.FromSlash(name))
	switch filepath.ToSlash(dir) {
	case "journal/":
		return strings.HasPrefix(file, "facts-") && strings.HasSuffix(file, ".db")
	case "journal/bodies/":
		return file != "" && file != "." && file != ".."
	}
	return false
}

// packer writes files into an archive.
type packer struct {
	tar    *tar.Writer
	folder string
	made   time.Time
	done   int64
	total  int64
	moved  Moved
}

func (p *packer) add(ctx context.Context, name string) (BackedUp, error) {
	f, err := os.Open(filepath.Join(p.folder, filepath.FromSlash(name)))
	if err != nil {
		return BackedUp{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return BackedUp{}, err
	}
	sum := sha256.New()
	if err := p.write(name, info.Size(), io.TeeReader(alive{ctx, f}, sum)); err != nil {
		return BackedUp{}, err
	}
	return BackedUp{Name: name, Size: info.Size(), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

func (p *packer) write(name string, size int64, content io.Reader) error {
	err := p.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: p.made, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	_, err = io.Copy(p.tar, counting{content, func(n int) {
		p.done += int64(n)
		p.moved.to("writing the backup", p.done, p.total)
	}})
	return err
}

// alive reads until its context ends.
type alive struct {
	ctx context.Context
	io.Reader
}

// Read fails when nobody waits any more.
func (a alive) Read(p []byte) (int, error) {
	if err := a.ctx.Err(); err != nil {
		return 0, err
	}
	return a.Reader.Read(p)
}

// counting tells how many bytes were read.
type counting struct {
	io.Reader
	tell func(int)
}

// Read tells.
func (c counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.tell(n)
	return n, err
}
