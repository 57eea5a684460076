package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
)

// habits is how the writer of a database works.
type habits struct {
	synchronous string
	page        int // bytes
	cache       int // KiB
	log         int // pages in the write-ahead log at which they are brought into the file
}

// A durable database is the journal, which is only appended to, in rows of about a
// kilobyte. What projections write goes all over their indexes: a page is written
// for each row, so that small ones are better, and many times, so that a long log
// saves work.
var (
	appends  = habits{synchronous: "FULL", page: 16 << 10, cache: 1 << 10, log: 2000}
	projects = habits{synchronous: "NORMAL", page: 8 << 10, cache: 10 << 10, log: 8000}
)

// pragmas in this order: the page size counts only before the first write.
func (h habits) pragmas() string {
	return fmt.Sprintf(`
	PRAGMA page_size = %d;
	PRAGMA journal_mode = WAL;
	PRAGMA synchronous = %s;
	PRAGMA cache_size = -%d;
	PRAGMA temp_store = MEMORY;
	PRAGMA busy_timeout = 10000;
	PRAGMA wal_autocheckpoint = %d;`, h.page, h.synchronous, h.cache, h.log)
}

const readerPragmas = `
	PRAGMA query_only = ON;
	PRAGMA cache_size = -1024;
	PRAGMA temp_store = MEMORY;
	PRAGMA busy_timeout = 10000;`

func openSQLite(_ context.Context, c Config) (*DB, error) {
	if !sqliteName.MatchString(c.Name) {
		return nil, fmt.Errorf("%q cannot be a database's name", c.Name)
	}
	if err := makeDir(c.Dir); err != nil {
		return nil, err
	}
	if c.ReadOnly {
		return openReadOnly(c)
	}
	h := projects
	if c.Durable {
		h = appends
	}
	h.cache = cmp.Or(c.Cache, h.cache)
	writer, err := openFile(c, h.pragmas())
	if err != nil {
		return nil, err
	}
	reader, err := openFile(c, readerPragmas)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &DB{
		dialect: SQLite,
		name:    c.Name,
		writers: newPool(SQLite, writer, 1),
		readers: newPool(SQLite, reader, c.Readers),
		close:   func() error { return errors.Join(reader.Close(), writer.Close()) },
	}, nil
}

// openReadOnly opens a file that must be there. Its pool of writers is empty
// and stays so.
func openReadOnly(c Config) (*DB, error) {
	if _, err := os.Stat(c.Path(c.Name)); err != nil {
		return nil, err
	}
	reader, err := openFile(c, readerPragmas)
	if err != nil {
		return nil, err
	}
	return &DB{
		dialect: SQLite,
		name:    c.Name,
		writers: &pool{refuse: errReadOnly},
		readers: newPool(SQLite, reader, c.Readers),
		close:   reader.Close,
	}, nil
}

// openFile prepares connections to the file, each of which begins with the
// pragmas.
func openFile(c Config, pragmas string) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Path: c.Path(c.Name)}
	if c.VFS != "" {
		u.RawQuery = url.Values{"vfs": {c.VFS}}.Encode()
	}
	// After a failed sync, closing must not copy from a log that cannot be
	// trusted: a durable database is checkpointed by its owner only.
	return driver.Open(u.String(), func(conn *sqlite3.Conn) error {
		if _, err := conn.Config(sqlite3.DBCONFIG_NO_CKPT_ON_CLOSE, c.Durable); err != nil {
			return err
		}
		return conn.Exec(pragmas)
	})
}

// Checkpoint brings what is in the write-ahead log into the SQLite file and
// empties the log, waiting for readers that stand in the way. It does nothing
// on PostgreSQL.
func (db *DB) Checkpoint(ctx context.Context) error {
	return db.alone(ctx, func(ctx context.Context, s *session) error {
		var busy, pages, done int
		row := s.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
		if err := row.Scan(&busy, &pages, &done); err != nil {
			return fmt.Errorf("emptying the write-ahead log of %s: %w", db.name, err)
		}
		if busy != 0 {
			return fmt.Errorf("emptying the write-ahead log of %s: %w", db.name, sqlite3.BUSY)
		}
		return nil
	})
}

// Finish turns a SQLite file that will not be written again into a single
// file without a write-ahead log. It does nothing on PostgreSQL.
func (db *DB) Finish(ctx context.Context) error {
	if db.dialect != SQLite {
		return nil
	}
	if err := db.readers.empty(ctx); err != nil {
		return err
	}
	return db.alone(ctx, func(ctx context.Context, s *session) error {
		var mode string
		if err := s.conn.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode); err != nil {
			return fmt.Errorf("finishing %s: %w", db.name, err)
		}
		if mode != "delete" {
			return fmt.Errorf("finishing %s: it is still in mode %s", db.name, mode)
		}
		return nil
	})
}

// alone runs fn on the writer's connection, outside a transaction.
func (db *DB) alone(ctx context.Context, fn func(context.Context, *session) error) error {
	if db.dialect != SQLite {
		return nil
	}
	s, err := db.writers.take(ctx)
	if err != nil {
		return err
	}
	err = fn(ctx, s)
	db.writers.give(s, err == nil)
	return err
}
