package store

import "testing"

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{
		`SELECT 1`:                              `SELECT 1`,
		`a = ? AND b = ?`:                       `a = $1 AND b = $2`,
		`a = '?' AND "b?" = ? AND c = 'it''s?'`: `a = '?' AND "b?" = $1 AND c = 'it''s?'`,
	} {
		if got := numbered(in); got != want {
			t.Errorf("numbered(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPostgresDDL(t *testing.T) {
	in := "CREATE TABLE t (a INTEGER, BLOBS BLOB) STRICT, WITHOUT ROWID"
	want := "CREATE TABLE t (a BIGINT, BLOBS BYTEA)"
	if got := postgresDDL(in); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
