package journal_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// TestDamagedBody: what is lost for good is told apart from what cannot be read
// just now, since whoever hears the latter tries again.
func TestDamagedBody(t *testing.T) {
	for _, c := range []struct {
		name  string
		harm  func(path string) error
		chunk string
	}{
		{"lost", os.Remove, `DELETE FROM chunk`},
		{"cut", func(path string) error { return os.Truncate(path, 999) }, `UPDATE chunk SET data = substr(data, 1, 999)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, at store.Place) {
				config := config(at)
				config.LargeBody = 1000
				j := open(t, config)
				r := appendOne(t, j, large(t, "1", "line of a document\r"))
				if at.URL != "" {
					change(t, at, c.chunk)
				} else {
					kept, err := filepath.Glob(filepath.Join(at.Dir, "journal", "bodies", "*"))
					if err != nil || len(kept) != 1 {
						t.Fatalf("large bodies: %v, %v", kept, err)
					}
					if err := c.harm(kept[0]); err != nil {
						t.Fatal(err)
					}
				}
				content, err := j.Open(t.Context(), everything, r.Offset)
				if err == nil {
					_, err = io.Copy(io.Discard, content)
				}
				if handover.KindOf(err) != handover.Damaged {
					t.Errorf("reading it gave %v", err)
				}
			})
		})
	}
}

// TestDamagedPack: bytes that do not unpack never will.
func TestDamagedPack(t *testing.T) {
	at := storetest.PostgreSQL(t)
	j := open(t, config(at))
	r := appendOne(t, j, message("adt", "1", string(bytes.Repeat([]byte("MSH|^~\\&|A|B\r"), 100))))
	change(t, at, `UPDATE fact SET body = substr(body, 1, length(body) - 8)`)
	if _, err := j.Get(t.Context(), everything, r.Offset); handover.KindOf(err) != handover.Damaged {
		t.Errorf("reading it gave %v", err)
	}
}

// change runs a statement on the journal's tables.
func change(t *testing.T, at store.Place, statement string) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Place: at, Name: "journal", ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		n, err := tx.Exec(t.Context(), statement)
		if err == nil && n == 0 {
			t.Error("nothing was changed")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
