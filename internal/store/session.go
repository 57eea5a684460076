package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/ncruces/go-sqlite3"
)

// session is one connection with the statements prepared on it.
type session struct {
	dialect Dialect
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	bares   map[string]*sqlite3.Stmt // see each
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

// pool hands out at most a fixed number of sessions. A nil in the channel is
// leave to open a new one.
type pool struct {
	dialect  Dialect
	db       *sql.DB
	sessions chan *session
	closed   sync.Once
	refuse   error // not nil: no session is ever given out
}

var errReadOnly = errors.New("the database was opened for reading only")

var errClosed = errors.New("the database is closed")

func newPool(d Dialect, db *sql.DB, size int) *pool {
	p := &pool{dialect: d, db: db, sessions: make(chan *session, size)}
	for range size {
		p.sessions <- nil
	}
	return p
}

// take waits for a session.
func (p *pool) take(ctx context.Context) (*session, error) {
	if p.refuse != nil {
		return nil, p.refuse
	}
	var s *session
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got, open := <-p.sessions:
		if !open {
			return nil, errClosed
		}
		s = got
	}
	if s != nil {
		return s, nil
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		p.sessions <- nil
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &session{dialect: p.dialect, conn: conn, stmts: map[string]*sql.Stmt{}, bares: map[string]*sqlite3.Stmt{}}, nil
}

// give puts a session back. One that is not healthy is closed, and the next
// taker opens another: after a failed sync nothing is asked of the old handle.
func (p *pool) give(s *session, healthy bool) {
	if !healthy {
		_ = s.drop() // what failed has been reported already
		s = nil
	}
	p.sessions <- s
}

// empty closes the sessions that are open, waiting for those in use.
func (p *pool) empty(ctx context.Context) error {
	for range cap(p.sessions) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-p.sessions:
			if s != nil {
				if err := s.drop(); err != nil {
					return err
				}
			}
			defer func() { p.sessions <- nil }()
		}
	}
	return nil
}

// close waits for sessions in use, closes all, and lets no one in any more.
func (p *pool) close() error {
	var errs []error
	p.closed.Do(func() {
		if p.refuse != nil {
			return
		}
		for range cap(p.sessions) {
			if s := <-p.sessions; s != nil {
				errs = append(errs, s.drop())
			}
		}
		close(p.sessions)
	})
	return errors.Join(errs...)
}
