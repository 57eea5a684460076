package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// session is one connection with the statements prepared on it.
type session struct {
	dialect Dialect
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	bares   map[string]*sqlite3.Stmt // see each
	used    time.Time                // when it was given back
}

// maxStatements bounds what one connection keeps prepared, in case a caller
// builds statements of endless variety.
const maxStatements = 512

// prepared returns the statement, ready to run on this connection.
func (s *session) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if st := s.stmts[query]; st != nil {
		return st, nil
	}
	if len(s.stmts) >= maxStatements {
		for q, st := range s.stmts {
			_ = st.Close() // frees memory only
			delete(s.stmts, q)
			break
		}
	}
	text := query
	if s.dialect == PostgreSQL {
		text = numbered(query)
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// drop closes the connection itself, so that nothing of its state lives on.
func (s *session) drop() error {
	for _, st := range s.stmts {
		_ = st.Close() // the connection goes anyway
	}
	for _, st := range s.bares {
		_ = st.Close()
	}
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	if err := s.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}
