// Package store promises one small way to keep tables, on SQLite and on
// PostgreSQL alike: one writer at a time, readers that never wait for it, and
// a transaction that is either on disk when Write returns or did not happen.
//
// A database belongs to one projection or to one volume of the journal. On
// SQLite it is a file of its own, on PostgreSQL a schema of its own. Statements
// are written once, with ? for arguments; what differs between the two stays
// in this package.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// Place is where databases are kept.
type Place struct {
	// URL of a PostgreSQL database ("postgres://..."); "" means SQLite.
	URL string
	// Dir is the folder of the SQLite files. It is made when missing.
	Dir string
	// VFS is the name of a registered SQLite VFS; "" is the system's own.
	// Fault injection and sealing at rest come in here.
	VFS string
}

// Config says which database to open.
type Config struct {
	Place
	// Name is the file's base name ("trace" is DIR/trace.db) or the schema's.
	// Lower-case letters, digits, "_" and, on SQLite only, "-" and ".".
	Name string
	// Schema is the list of steps that make the tables: step i brings version
	// i to version i+1, and a step that was released never changes. A step
	// says BLOB and INTEGER, which PostgreSQL reads as BYTEA and BIGINT, and
	// STRICT and WITHOUT ROWID, which it does not see.
	Schema []string
	// Durable makes Write return only when the data is synced. The journal
	// needs it; a projection does not, because it can be built again.
	Durable bool
	// ReadOnly opens what is there and leaves the file as it is: Write fails,
	// and Schema is not looked at. SQLite only.
	ReadOnly bool
	// Readers is how many may read at once; 0 means 4.
	Readers int
	// Cache is how many KiB of pages the writer of a SQLite file keeps; 0 means as
	// many as suit a large projection, or a durable database.
	Cache int
}

// Dialect tells the two stores apart, for the few statements that must differ.
type Dialect uint8

// The stores.
const (
	SQLite Dialect = iota
	PostgreSQL
)

// String returns the store's name.
func (d Dialect) String() string {
	if d == PostgreSQL {
		return "PostgreSQL"
	}
	return "SQLite"
}

// DB is one open database.
type DB struct {
	dialect Dialect
	name    string
	writers *pool
	readers *pool
	close   func() error
}

var sqliteName = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*$`)
var postgresName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Open opens the database, making it and bringing its tables up to date where
// needed. It fails on tables made by a newer schema.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Readers <= 0 {
		c.Readers = 4
	}
	open := openSQLite
	if c.URL != "" {
		open = openPostgres
	}
	db, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", c.Name, err)
	}
	if c.ReadOnly {
		return db, nil
	}
	if err := db.migrate(ctx, c.Schema); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s: %w", c.Name, err), db.Close())
	}
	return db, nil
}

// Path returns the SQLite file of the database called name in the place.
func (p Place) Path(name string) string { return filepath.Join(p.Dir, name+".db") }

// Dialect returns which store it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Close closes every connection. On SQLite, unless the database is Durable, the
// last one to close a file also brings its write-ahead log into it.
func (db *DB) Close() error {
	return errors.Join(db.readers.close(), db.writers.close(), db.close())
}

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	return nil
}
