package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"handover"
)

// siteKeySize is the length of a site key in bytes.
const siteKeySize = 32

// TestKey is the published key under which `convert` makes ids where there is
// no data folder. Ids made with it protect nothing.
var TestKey = []byte("handover published test key 0001")

// ReadSiteKey reads the key of a data folder that exists.
func ReadSiteKey(dir string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, siteKeyName)); err != nil {
		return nil, &handover.Error{Op: "reading the site key", Kind: handover.Usage, Where: dir,
			Err: errors.New("this is no data folder: it has no site.key")}
	}
	return siteKey(dir)
}

// siteKey reads DATA/site.key, and makes it where the folder is new. The key is
// part of every backup: without it no id can be made again, so that a folder
// that has a journal and no key is not given another one.
func siteKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, siteKeyName)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if volumes, _ := filepath.Glob(filepath.Join(dir, journalName, "facts-*")); len(volumes) > 0 {
			return nil, &handover.Error{Op: "reading the site key", Kind: handover.Usage, Where: path,
				Err: errors.New("it is missing, and there is a journal made with it; take it from a backup")}
		}
		return makeSiteKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the site key: %w", err)
	}
	if len(key) != siteKeySize {
		return nil, &handover.Error{Op: "reading the site key", Kind: handover.Usage, Where: path,
			Err: fmt.Errorf("it has %d bytes and must have %d; take it from a backup", len(key), siteKeySize)}
	}
	return key, nil
}

// makeSiteKey writes a new key so that a crash leaves either none or all of it.
func makeSiteKey(path string) ([]byte, error) {
	key := make([]byte, siteKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("making the site key: %w", err)
	}
	if err := writeSynced(path, key); err != nil {
		return nil, fmt.Errorf("writing the site key: %w", err)
	}
	return key, nil
}

// writeSynced writes a file for the owner alone, under another name until all
// of it is on disk.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
