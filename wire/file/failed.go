package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Failed counts the files of a drop folder that went to failed and were not taken away
// from there, and says when the first of them came.
func Failed(dir string) (n int, first time.Time, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, failedFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, first, nil
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, reasonsSuffix) || strings.HasSuffix(name, answersSuffix) {
			continue
		}
		about, err := e.Info()
		if err != nil || about.IsDir() {
			continue // it was taken away just now
		}
		if n++; n == 1 || about.ModTime().Before(first) {
			first = about.ModTime()
		}
	}
	return n, first, err
}
