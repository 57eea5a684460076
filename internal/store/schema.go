package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// about is the table that every database has: "schema" is the version of its
// tables, "applied" the offset up to which it has applied the journal.
const about = `CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID`

func (db *DB) migrate(ctx context.Context, steps []string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.ddl(ctx, about); err != nil {
			return err
		}
		version, err := tx.number(ctx, "schema")
		if err != nil {
			return err
		}
		if version > int64(len(steps)) {
			return fmt.Errorf("its tables are of version %d and this Handover knows %d: use the newer program that made them",
				version, len(steps))
		}
		if version == int64(len(steps)) {
			return nil
		}
		for i, step := range steps[version:] {
			if err := tx.ddl(ctx, step); err != nil {
				return fmt.Errorf("bringing the tables to version %d: %w", version+int64(i)+1, err)
			}
		}
		return tx.setNumber(ctx, "schema", int64(len(steps)))
	})
}

// ddl runs one schema step, which may be several statements.
func (tx *Tx) ddl(ctx context.Context, step string) error {
	if tx.s.dialect == PostgreSQL {
		step = postgresDDL(step)
	}
	_, err := tx.s.conn.ExecContext(ctx, step)
	return err
}

var (
	wordBlob    = regexp.MustCompile(`\bBLOB\b`)
	wordInteger = regexp.MustCompile(`\bINTEGER\b`)
	tableOption = regexp.MustCompile(`\)\s*(?:STRICT|WITHOUT ROWID)(?:\s*,\s*(?:STRICT|WITHOUT ROWID))?`)
)

func postgresDDL(step string) string {
	step = wordBlob.ReplaceAllString(step, "BYTEA")
	step = wordInteger.ReplaceAllString(step, "BIGINT")
	return strings.TrimSpace(tableOption.ReplaceAllString(step, ")"))
}

// Applied returns the offset up to which the database has applied the journal,
// 0 at first.
func (tx *Tx) Applied(ctx context.Context) (int64, error) { return tx.number(ctx, "applied") }

// SetApplied saves that offset, with the rows of the same transaction.
func (tx *Tx) SetApplied(ctx context.Context, offset int64) error {
	return tx.setNumber(ctx, "applied", offset)
}

// Applied reads the offset in a transaction of its own.
func (db *DB) Applied(ctx context.Context) (offset int64, err error) {
	err = db.Read(ctx, func(tx *Tx) error {
		offset, err = tx.Applied(ctx)
		return err
	})
	return offset, err
}

func (tx *Tx) number(ctx context.Context, name string) (value int64, err error) {
	_, err = tx.Get(ctx, []any{&value}, `SELECT value FROM about WHERE name = ?`, name)
	return value, err
}

func (tx *Tx) setNumber(ctx context.Context, name string, value int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO about (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
