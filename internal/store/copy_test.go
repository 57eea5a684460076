package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"handover/internal/store"
	"handover/internal/store/storetest"
)

// TestCopyIsOfOneMoment copies while a writer adds two rows a transaction: a
// copy with an odd number of them would be of two moments.
func TestCopyIsOfOneMoment(t *testing.T) {
	dir := t.TempDir()
	db := open(t, store.Place{Dir: dir}, schema)
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n += 2 {
			err := db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO thing (name, body) VALUES ('a', zeroblob(9000)), ('b', zeroblob(9000))`)
				return err
			})
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
		written <- n
	}()
	for range 20 {
		to := filepath.Join(dir, "a copy?.db")
		if err := db.CopyTo(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		before := count(t, db)
		if err := os.Rename(to, filepath.Join(dir, "copy.db")); err != nil {
			t.Fatal(err)
		}
		twin, err := store.Open(t.Context(), store.Config{Place: store.Place{Dir: dir}, Name: "copy", ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, twin); n%2 != 0 || n > before {
			t.Errorf("the copy has %d rows, the database %d", n, before)
		}
		if err := twin.Close(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if n := <-written; n == 0 {
		t.Error("nothing was written meanwhile")
	}
}

func TestCopyLeavesNoHalfFile(t *testing.T) {
	db := open(t, store.Place{Dir: t.TempDir()}, schema)
	to := filepath.Join(t.TempDir(), "copy.db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.CopyTo(ctx, to); !errors.Is(err, context.Canceled) {
		t.Errorf("copying when nobody waits any more: %v", err)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a file was left")
	}
}

func TestCopyFromPostgreSQLIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		if at.URL == "" {
			return
		}
		if err := open(t, at, schema).CopyTo(t.Context(), filepath.Join(t.TempDir(), "x.db")); !errors.Is(err, store.ErrNoCopy) {
			t.Errorf("copied: %v", err)
		}
	})
}
