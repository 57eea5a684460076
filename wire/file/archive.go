package file

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// answers collects the answers of a file in a hidden file beside it.
type answers struct {
	path string
	file *os.File
}

func (a *answers) create(dir, name string) (err error) {
	a.path = filepath.Join(dir, "."+name+answersSuffix+unsyncedSuffix)
	a.file, err = os.OpenFile(a.path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o640)
	return err
}

// add writes one answer, which ends with CR.
func (a *answers) add(answer []byte) error {
	if len(answer) > 0 && answer[len(answer)-1] != '\r' {
		answer = append(answer[:len(answer):len(answer)], '\r')
	}
	_, err := a.file.Write(answer)
	return err
}

// discard removes what was not put in place.
func (a *answers) discard() {
	if a.file == nil {
		return
	}
	_ = a.file.Close()
	_ = os.Remove(a.path) // it is hidden, and written anew next time
}

// archive puts the answers in place and moves the file. Until the move the file
// counts as not taken; a crash before it makes it come again. So the folders
// need not be synced here, for each file: the round does it, for all.
func (d *delivery) archive() error {
	dir := d.folder.config.Dir
	folder, count := doneFolder, &d.folder.counts.done
	if len(d.why) > 0 {
		folder, count = failedFolder, &d.folder.counts.failed
	}
	target, err := claim(filepath.Join(dir, folder), d.name)
	if err != nil {
		return err
	}
	if err := d.place(target); err != nil {
		_ = os.Remove(target) // our own empty claim
		return err
	}
	count.Add(1)
	if folder == failedFolder {
		d.folder.config.Log.Warn("a file went to failed", "source", d.folder.config.Source, "conn", d.conn,
			"messages", d.read, "problems", len(d.why)+d.more)
	}
	return nil
}

// place writes what stands beside the file and then moves the file over its claim.
func (d *delivery) place(target string) error {
	if err := d.answers.file.Sync(); err != nil {
		return err
	}
	if _, err := d.answers.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := create(target+answersSuffix, d.answers.file); err != nil {
		return err
	}
	if len(d.why) > 0 {
		if err := create(target+reasonsSuffix, strings.NewReader(d.reasons())); err != nil {
			return err
		}
	}
	own := filepath.Join(d.folder.config.Dir, d.name)
	if err := os.Rename(d.answers.path, own+answersSuffix); err != nil {
		return err
	}
	return os.Rename(own, target)
}

func (d *delivery) reasons() string {
	text := strings.Join(d.why, "\n") + "\n"
	if d.more > 0 {
		text += fmt.Sprintf("and %d more\n", d.more)
	}
	return text
}

// claim makes an empty file with a name that is free together with those that
// go with it: name.hl7, else name.2.hl7 and so on.
func claim(folder, name string) (string, error) {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 1; ; n++ {
		if n > 1 {
			name = stem + "." + strconv.Itoa(n) + ext
		}
		path := filepath.Join(folder, name)
		if taken(path+answersSuffix) || taken(path+reasonsSuffix) {
			continue
		}
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
		switch {
		case err == nil:
			return path, file.Close()
		case !errors.Is(err, fs.ErrExist):
			return "", err
		}
	}
}

func taken(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// create writes a file that must not be there, and syncs it.
func create(path string, from io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Sync(), file.Close())
}

// syncFolders makes the moves of a round last.
func (f *Folder) syncFolders() {
	for _, sub := range []string{doneFolder, failedFolder, ""} {
		if err := syncFolder(filepath.Join(f.config.Dir, sub)); err != nil {
			f.config.Log.Error("cannot sync a folder; after a crash, files may come again", "source", f.config.Source, "error", withoutName(err))
		}
	}
}

// syncFolder makes renames in the folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
