package bench

import (
	"os"
	"path/filepath"
	"sync"
)

// rawFile is the machine's own limit: bytes appended to a plain file and synced
// with fdatasync, once for all who wait. Whoever finds nobody syncing writes
// and syncs for everyone; nothing durable can be faster on this disk.
type rawFile struct {
	file *os.File
	disk sync.Mutex // held while writing and syncing
	mu   sync.Mutex // guards open
	open *rawBatch
}

// rawBatch is what is written together.
type rawBatch struct {
	bytes []byte
	done  bool // guarded by disk
	err   error
}

func newRawFile(dir string) (*rawFile, error) {
	f, err := os.Create(filepath.Join(dir, "raw"))
	return &rawFile{file: f}, err
}

// append returns once the bytes are synced.
func (w *rawFile) append(data []byte) error {
	w.mu.Lock()
	if w.open == nil {
		w.open = &rawBatch{}
	}
	batch := w.open
	batch.bytes = append(batch.bytes, data...)
	w.mu.Unlock()

	w.disk.Lock()
	defer w.disk.Unlock()
	if batch.done {
		return batch.err // another one took it along
	}
	w.mu.Lock()
	w.open = nil
	w.mu.Unlock()
	batch.done = true
	if _, batch.err = w.file.Write(batch.bytes); batch.err == nil {
		batch.err = dataSync(w.file)
	}
	return batch.err
}
