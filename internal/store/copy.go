package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/ncruces/go-sqlite3"
)

// copyPages is how many pages are copied before the context is asked again.
const copyPages = 4096

// ErrNoCopy says that a database on PostgreSQL is copied by PostgreSQL's tools.
var ErrNoCopy = errors.New("a PostgreSQL database is not copied file by file; use pg_dump")

// CopyTo writes the database as it is at one moment into a new SQLite file,
// and makes it durable. Writers go on meanwhile. A half-made file is removed.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	if db.dialect != SQLite {
		return fmt.Errorf("database %s: %w", db.name, ErrNoCopy)
	}
	err := db.Read(ctx, func(tx *Tx) error {
		// The transaction begins with its first read, and holds the moment
		// however many steps the copy takes.
		if _, err := tx.number(ctx, "schema"); err != nil {
			return err
		}
		return tx.s.conn.Raw(func(conn any) error { return copyAll(ctx, conn, path) })
	})
	if err != nil {
		return errors.Join(fmt.Errorf("copying: %w", err), os.RemoveAll(path))
	}
	return nil
}

func copyAll(ctx context.Context, conn any, path string) error {
	raw, ok := conn.(interface{ Raw() *sqlite3.Conn })
	if !ok {
		return driver.ErrBadConn
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	to := url.URL{Scheme: "file", Path: path}
	b, err := raw.Raw().BackupInit("main", to.String())
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		if err = ctx.Err(); err == nil {
			done, err = b.Step(copyPages)
		}
	}
	return errors.Join(err, b.Close())
}
