package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Tx is a running transaction. It must not be used after the function it was
// given to has returned, nor by two goroutines at once.
type Tx struct {
	s *session
}

// Write runs fn in a transaction, alone among this DB's writers, and commits
// it if fn returns nil. If anything fails, nothing has changed, with one
// exception: when the commit itself fails it may or may not have happened, and
// the caller must read to know. CommitError tells that case.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	begin := "BEGIN IMMEDIATE"
	if db.dialect == PostgreSQL {
		begin = "BEGIN"
	}
	return db.run(ctx, db.writers, begin, fn)
}

// Read runs fn in a read-only transaction: everything it reads is of one
// moment.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	begin := "BEGIN"
	if db.dialect == PostgreSQL {
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	return db.run(ctx, db.readers, begin, fn)
}

// CommitError wraps the failure of a commit.
type CommitError struct{ Err error }

// Error says that the outcome is unknown.
func (e *CommitError) Error() string { return "committing: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CommitError) Unwrap() error { return e.Err }

func (db *DB) run(ctx context.Context, p *pool, begin string, fn func(*Tx) error) (err error) {
	defer func() {
		// SQLite says that it was interrupted; callers ask for the reason.
		if reason := ctx.Err(); err != nil && reason != nil && !errors.Is(err, reason) {
			err = errors.Join(reason, err)
		}
	}()
	s, err := p.take(ctx)
	if err != nil {
		return fmt.Errorf("database %s: %w", db.name, err)
	}
	healthy := false
	defer func() { p.give(s, healthy) }() // also when fn panics
	if _, err := s.conn.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("database %s: beginning: %w", db.name, err)
	}
	always := context.WithoutCancel(ctx)
	if err := fn(&Tx{s}); err != nil {
		_, rollback := s.conn.ExecContext(always, "ROLLBACK")
		healthy = rollback == nil && !Lost(err)
		return err
	}
	if _, err := s.conn.ExecContext(always, "COMMIT"); err != nil {
		return fmt.Errorf("database %s: %w", db.name, &CommitError{err})
	}
	healthy = true
	return nil
}

// Dialect returns which store it is.
func (tx *Tx) Dialect() Dialect { return tx.s.dialect }

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := tx.s.prepared(ctx, query)
	if err != nil {
		return 0, err
	}
	result, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query runs a statement that returns rows. The caller closes them before the
// next statement.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := tx.s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

// Each runs a query and calls fn for each row, until it returns an error.
func (tx *Tx) Each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) error {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Get runs a statement that returns at most one row, and reads it into dest. It
// reports whether there was one.
func (tx *Tx) Get(ctx context.Context, dest []any, query string, args ...any) (bool, error) {
	st, err := tx.s.prepared(ctx, query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Insert adds many rows, in the fastest way that the store has. Each row has
// one value for each column: int64, float64, string, []byte, bool or nil.
func (tx *Tx) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if tx.s.dialect == PostgreSQL {
		return tx.s.copyIn(ctx, table, columns, rows)
	}
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") +
		") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return tx.s.each(ctx, query, rows)
}

// ExecEach runs a statement once for each row of arguments.
func (tx *Tx) ExecEach(ctx context.Context, query string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if tx.s.dialect == SQLite {
		return tx.s.each(ctx, query, rows)
	}
	for _, row := range rows {
		if _, err := tx.Exec(ctx, query, row...); err != nil {
			return err
		}
	}
	return nil
}
