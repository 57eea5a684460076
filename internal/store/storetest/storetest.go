// Package storetest runs a test on every store. PostgreSQL is started by the
// test itself from Debian's package, once for each test binary, in a folder
// below the system's temporary one; it ends with the binary.
package storetest

import (
	"testing"

	"handover/internal/store"
)

// Each runs the test once for each store, in an empty place of its own.
func Each(t *testing.T, test func(t *testing.T, at store.Place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgreSQL(t)) })
}

// SQLite returns an empty folder.
func SQLite(t testing.TB) store.Place { return store.Place{Dir: t.TempDir()} }

// PostgreSQL returns an empty database on the binary's own server, and an
// empty folder for what is kept in files all the same.
func PostgreSQL(t testing.TB) store.Place {
	t.Helper()
	s, err := running()
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.create(t.Context())
	if err != nil {
		t.Fatalf("making a database for the test: %v", err)
	}
	return store.Place{URL: url, Dir: t.TempDir()}
}
