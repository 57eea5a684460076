package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"handover/internal/store"
	"handover/internal/store/storetest"
)

var schema = []string{
	`CREATE TABLE thing (
		id   INTEGER PRIMARY KEY,
		name TEXT NOT NULL,
		body BLOB
	) STRICT;
	CREATE INDEX thing_name ON thing (name)`,
	`CREATE TABLE pair (a INTEGER, b INTEGER, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID`,
}

func open(t *testing.T, at store.Place, steps []string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Place: at, Name: "things", Schema: steps, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Get(t.Context(), []any{&n}, `SELECT count(*) FROM thing`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, db *store.DB, id int) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO thing (id, name) VALUES (?, ?)`, id, fmt.Sprint("n", id))
		return err
	})
}

func TestWriteAndRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		body := []byte{0, 1, 0xff}
		err := db.Write(ctx, func(tx *store.Tx) error {
			n, err := tx.Exec(ctx, `INSERT INTO thing (id, name, body) VALUES (?, '?', ?)`, 7, body)
			if n != 1 {
				t.Errorf("Exec changed %d rows, want 1", n)
			}
			return errors.Join(err, tx.SetApplied(ctx, 41))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			var name string
			var got []byte
			found, err := tx.Get(ctx, []any{&name, &got}, `SELECT name, body FROM thing WHERE id = ?`, 7)
			if !found || name != "?" || !bytes.Equal(got, body) {
				t.Errorf("read %v %q %v", found, name, got)
			}
			missing, err2 := tx.Get(ctx, []any{&name}, `SELECT name FROM thing WHERE id = ?`, 8)
			if missing {
				t.Error("found a row that nobody wrote")
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
		if at, err := db.Applied(ctx); at != 41 || err != nil {
			t.Errorf("Applied: %d, %v; want 41", at, err)
		}
	})
}

func TestWriteFailsWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		sentinel := errors.New("no")
		err := db.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO thing (id, name) VALUES (1, 'a')`); err != nil {
				return err
			}
			return sentinel
		})
		if !errors.Is(err, sentinel) {
			t.Errorf("got %v, want the function's own error", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Write(ctx, func(tx *store.Tx) error {
				_, _ = tx.Exec(ctx, `INSERT INTO thing (id, name) VALUES (2, 'b')`)
				panic("in a transaction")
			})
		}()
		if n := count(t, db); n != 0 {
			t.Errorf("%d rows after two failed transactions", n)
		}
		if err := add(ctx, db, 3); err != nil {
			t.Errorf("writing after failures: %v", err)
		}
	})
}

func TestReadersSeeOneMoment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		err := db.Read(ctx, func(tx *store.Tx) error {
			for i := range 3 {
				var n int
				if _, err := tx.Get(ctx, []any{&n}, `SELECT count(*) FROM thing`); err != nil {
					return err
				}
				if n != 0 {
					t.Errorf("a reader saw %d rows that were written after it began", n)
				}
				if err := add(ctx, db, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, db); n != 3 {
			t.Errorf("%d rows, want 3", n)
		}
	})
}

func TestReadRefusesToWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		err := db.Read(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO thing (id, name) VALUES (1, 'a')`)
			return err
		})
		if err == nil || count(t, db) != 0 {
			t.Errorf("a read-only transaction wrote: %v", err)
		}
	})
}

func TestWritersTakeTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if err := add(ctx, db, i); err != nil {
					t.Error(err)
				}
				count(t, db)
			})
		}
		all.Wait()
		if n := count(t, db); n != 20 {
			t.Errorf("%d rows, want 20", n)
		}
	})
}

func TestInsertMany(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, db := t.Context(), open(t, at, schema)
		var rows [][]any
		for i := range int64(1000) {
			rows = append(rows, []any{i, fmt.Sprint("n", i), []byte{byte(i)}})
		}
		rows[5][2] = nil
		err := db.Write(ctx, func(tx *store.Tx) error {
			return errors.Join(
				tx.Insert(ctx, "thing", []string{"id", "name", "body"}, rows),
				tx.Insert(ctx, "thing", []string{"id", "name", "body"}, nil))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(ctx, func(tx *store.Tx) error {
			list, err := tx.Query(ctx, `SELECT id, body FROM thing WHERE id < ? ORDER BY id`, 6)
			if err != nil {
				return err
			}
			defer list.Close()
			for want := int64(0); list.Next(); want++ {
				var id int64
				var body []byte
				if err := list.Scan(&id, &body); err != nil {
					return err
				}
				if id != want || (body == nil) != (want == 5) {
					t.Errorf("row %d: id %d, body %v", want, id, body)
				}
			}
			return list.Err()
		})
		if err != nil || count(t, db) != 1000 {
			t.Errorf("%d rows, %v", count(t, db), err)
		}
	})
}

func TestSchemaSteps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := t.Context()
		open(t, at, schema[:1])
		db := open(t, at, schema) // brings the second step only
		if err := add(ctx, db, 1); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(ctx, store.Config{Place: at, Name: "things", Schema: schema[:1]})
		if err == nil || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("opening tables of a newer schema: %v", err)
		}
		broken := append(append([]string{}, schema...), `CREATE TABLE other (a INTEGER); CREATE NONSENSE`)
		if _, err := store.Open(ctx, store.Config{Place: at, Name: "things", Schema: broken}); err == nil {
			t.Error("a broken step was accepted")
		}
		whole := append(append([]string{}, schema...), `CREATE TABLE other (a INTEGER)`)
		open(t, at, whole) // the broken step left nothing behind
	})
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "../x", "A", "a b", `a"b`} {
		if db, err := store.Open(t.Context(), store.Config{Place: store.Place{Dir: t.TempDir()}, Name: name}); err == nil {
			t.Errorf("%q was accepted as a name", name)
			db.Close()
		}
	}
}

func TestCancelledContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		db := open(t, at, schema)
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO thing (id, name) VALUES (1, 'a')`); err != nil {
				return err
			}
			cancel()
			return ctx.Err()
		})
		if !errors.Is(err, context.Canceled) || count(t, db) != 0 {
			t.Errorf("cancelled in the middle: %v, %d rows", err, count(t, db))
		}
		if err := add(t.Context(), db, 2); err != nil {
			t.Errorf("writing after a cancelled write: %v", err)
		}
	})
}

func TestFinishLeavesOneFile(t *testing.T) {
	at := storetest.SQLite(t)
	db := open(t, at, schema)
	if err := add(t.Context(), db, 1); err != nil {
		t.Fatal(err)
	}
	count(t, db)
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(at.Dir)
	if err != nil || len(files) != 1 {
		t.Errorf("files left: %v, %v", files, err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows after finishing", n)
	}
}

func TestClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		db, err := store.Open(t.Context(), store.Config{Place: at, Name: "things", Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Close(), db.Close()); err != nil {
			t.Errorf("closing twice: %v", err)
		}
		if err := add(t.Context(), db, 1); err == nil {
			t.Error("wrote to a closed database")
		}
	})
}

func TestReadOnlyLeavesTheFileAlone(t *testing.T) {
	at := storetest.SQLite(t)
	config := store.Config{Place: at, Name: "things", Schema: schema, Durable: true}
	db, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(add(t.Context(), db, 1), db.Finish(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(at.Path("things"))
	if err != nil {
		t.Fatal(err)
	}
	config.ReadOnly = true
	if db, err = store.Open(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if err := add(t.Context(), db, 2); err == nil {
		t.Error("wrote to a database opened for reading")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if after, _ := os.ReadFile(at.Path("things")); !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
	config.Name = "missing"
	if _, err := store.Open(t.Context(), config); err == nil {
		t.Error("opened a file that is not there")
	}
}

// TestEndedContextIsTold: whoever asks why a read failed finds the context's
// own reason, whatever the store said.
func TestEndedContextIsTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		db := open(t, at, schema)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Read(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("reading when nobody waits any more: %v", err)
		}
	})
}
