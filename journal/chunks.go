package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"handover"
	"handover/internal/store"
)

// chunkSize is how many bytes of a large body one row holds.
const chunkSize = 256 << 10

// chunkStore keeps large bodies as rows in PostgreSQL, each body in a
// transaction of its own before its fact is appended. A body whose fact never
// came is swept a day later.
type chunkStore struct{ db *store.DB }

func (s chunkStore) keep(ctx context.Context, volume handover.Offset, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	name := newName(volume)
	for n := int64(0); ; n++ {
		chunk := make([]byte, chunkSize)
		got, err := io.ReadFull(f, chunk)
		if errors.Is(err, io.EOF) {
			return name, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return "", errors.Join(err, s.drop(ctx, name))
		}
		row := [][]any{{name, n, chunk[:got]}}
		err = s.db.Write(ctx, func(tx *store.Tx) error {
			return tx.Insert(ctx, "chunk", []string{"name", "n", "data"}, row)
		})
		if err != nil {
			return "", errors.Join(fmt.Errorf("keeping a large body: %w", err), s.drop(ctx, name))
		}
	}
}

func (s chunkStore) drop(ctx context.Context, name string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error { return dropChunks(ctx, tx, name) })
}

func dropChunks(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.Exec(ctx, `DELETE FROM chunk WHERE name = ?`, name)
	return err
}

// sweep removes bodies whose append did not end.
func (s chunkStore) sweep(ctx context.Context) error {
	const day = 24 * 60 * 60 * 1000
	return s.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM chunk WHERE born < `+clock+` - ?
			AND NOT EXISTS (SELECT 1 FROM file WHERE file.name = chunk.name)`, int64(day))
		return err
	})
}

func (s chunkStore) open(ctx context.Context, name string, size int64) (Content, error) {
	at := &chunkReader{ctx: ctx, db: s.db, name: name, loaded: -1}
	return inMemory{io.NewSectionReader(at, 0, size)}, nil
}

// path is empty: chunks are not a file.
func (chunkStore) path(string) string { return "" }

// chunkReader reads a body chunk by chunk. It is for one goroutine.
type chunkReader struct {
	ctx    context.Context // of the call that opened the body
	db     *store.DB
	name   string
	loaded int64 // which chunk is in data
	data   []byte
}

// ReadAt implements io.ReaderAt for io.SectionReader.
func (r *chunkReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		chunk := (off + int64(n)) / chunkSize
		if err := r.load(chunk); err != nil {
			return n, err
		}
		from := (off + int64(n)) % chunkSize
		if from >= int64(len(r.data)) {
			return n, damaged(fmt.Errorf("chunk %d of a large body is too short", chunk))
		}
		n += copy(p[n:], r.data[from:])
	}
	return n, nil
}

func (r *chunkReader) load(chunk int64) error {
	if r.loaded == chunk {
		return nil
	}
	r.loaded, r.data = -1, nil
	err := r.db.Read(r.ctx, func(tx *store.Tx) error {
		found, err := tx.Get(r.ctx, []any{&r.data}, `SELECT data FROM chunk WHERE name = ? AND n = ?`, r.name, chunk)
		if err == nil && !found {
			err = damaged(fmt.Errorf("chunk %d of a large body is not there", chunk))
		}
		return err
	})
	if err != nil {
		return readError(err)
	}
	r.loaded = chunk
	return nil
}
