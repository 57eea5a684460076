package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"

	"handover"
	"handover/app"
)

type backupCommand struct {
	serverFlag
	File     string `arg:"" help:"The file to write, which must not be there yet; - for standard output."`
	Data     string `type:"existingdir" placeholder:"DIR" help:"Back up this data folder, on which no engine runs, instead of asking one."`
	Database string `placeholder:"postgres://..." env:"HANDOVER_DATABASE" hidden:""`
}

// Help shows an example.
func (backupCommand) Help() string {
	return "Example: handover backup /backup/handover-monday.tar.zst\n\n" +
		"Holds everything acknowledged before it began, patient data in clear and the site's keys. Keep it encrypted:\n" +
		"handover backup - | age -r age1... > monday.age"
}

// Run makes a backup, of a running engine or of a folder.
func (c backupCommand) Run(ctx context.Context, std Streams) error {
	if c.File == "-" {
		return c.write(ctx, std, std.Out)
	}
	if _, err := os.Lstat(c.File); err == nil {
		return &handover.Error{Op: "making a backup", Kind: handover.Usage, Where: c.File,
			Err: errors.New("there is such a file; give another name")}
	}
	size, err := whole(c.File, func(w io.Writer) error { return c.write(ctx, std, w) })
	if err == nil {
		fmt.Fprintf(std.Out, "%s: %d bytes\n", c.File, size)
	}
	return err
}

func (c backupCommand) write(ctx context.Context, std Streams, w io.Writer) error {
	if c.Data == "" {
		return c.fetch(ctx, std, w)
	}
	folder, err := app.OpenFolder(ctx, app.FolderConfig{Dir: c.Data, Database: c.Database})
	if err != nil {
		return err
	}
	shown := &work{std: std}
	_, err = folder.Backup(ctx, w, shown.moved)
	shown.end()
	return errors.Join(err, folder.Close())
}

// fetch asks a running engine. An answer that breaks off is an error.
func (c backupCommand) fetch(ctx context.Context, std Streams, w io.Writer) error {
	answer, err := c.post(ctx, "backup", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	bar := progressBytes(std.Err, "receiving the backup")
	_, err = io.Copy(io.MultiWriter(w, bar), answer.Body)
	_ = bar.Finish() // draws only
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = &handover.Error{Op: "receiving the backup", Kind: handover.Unavailable,
			Err: errors.New("it broke off; the engine's log says why")}
	}
	return err
}

// whole writes a file so that it is there whole or not at all, for its owner
// only, and returns its length.
func whole(path string, write func(io.Writer) error) (size int64, err error) {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	err = write(f)
	if info, statErr := f.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(part))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return size, err
	}
	return size, errors.Join(dir.Sync(), dir.Close())
}

// work shows one bar after the other, for a work of several parts.
type work struct {
	std  Streams
	what string
	bar  *progressbar.ProgressBar
}

func (w *work) moved(what string, done, total int64) {
	if w.what != what {
		w.end()
		w.what, w.bar = what, progress(w.std.Err, max(total, -1), what)
	}
	if total > 0 {
		w.bar.ChangeMax64(total)
	}
	_ = w.bar.Set64(done) // draws only
}

func (w *work) end() {
	if w.bar != nil {
		_ = w.bar.Finish() // draws only
	}
}
