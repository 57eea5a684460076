package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// pool hands out at most a fixed number of sessions. The one that was used last goes
// first, and one that is not needed for a while is closed: each holds a megabyte or more.
type pool struct {
	dialect Dialect
	db      *sql.DB
	turns   chan struct{} // one for each session that may be given out; closed with the pool
	closed  sync.Once
	refuse  error // not nil: no session is ever given out

	mu   sync.Mutex
	idle []*session // the one used last is the last
}

// idleAtMost is how long a session may be idle while others of its pool are used.
const idleAtMost = 20 * time.Second

var errReadOnly = errors.New("the database was opened for reading only")

var errClosed = errors.New("the database is closed")

func newPool(d Dialect, db *sql.DB, size int) *pool {
	p := &pool{dialect: d, db: db, turns: make(chan struct{}, size)}
	for range size {
		p.turns <- struct{}{}
	}
	return p
}

// take waits for a session.
func (p *pool) take(ctx context.Context) (*session, error) {
	if p.refuse != nil {
		return nil, p.refuse
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case _, open := <-p.turns:
		if !open {
			return nil, errClosed
		}
	}
	if s := p.last(); s != nil {
		return s, nil
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		p.turns <- struct{}{}
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &session{dialect: p.dialect, conn: conn, stmts: map[string]*sql.Stmt{}, bares: map[string]*sqlite3.Stmt{}}, nil
}

// last takes the session that was used last; nil: none is idle.
func (p *pool) last() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle) - 1
	if n < 0 {
		return nil
	}
	s := p.idle[n]
	p.idle = p.idle[:n]
	return s
}

// give puts a session back. One that is not healthy is closed, and the next
// taker opens another: after a failed sync nothing is asked of the old handle.
func (p *pool) give(s *session, healthy bool) {
	gone := s
	if healthy {
		gone = p.keep(s)
	}
	if gone != nil {
		_ = gone.drop() // what failed has been reported already
	}
	p.turns <- struct{}{}
}

// keep makes a session idle, and returns one that has been so for long.
func (p *pool) keep(s *session) (old *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.used = time.Now()
	if len(p.idle) > 0 && s.used.Sub(p.idle[0].used) > idleAtMost {
		old = p.idle[0]
		p.idle = append(p.idle[:0], p.idle[1:]...)
	}
	p.idle = append(p.idle, s)
	return old
}

// empty closes the sessions that are open, waiting for those in use.
func (p *pool) empty(ctx context.Context) error {
	for range cap(p.turns) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.turns:
			defer func() { p.turns <- struct{}{} }()
		}
	}
	return p.dropIdle()
}

func (p *pool) dropIdle() error {
	var errs []error
	for s := p.last(); s != nil; s = p.last() {
		errs = append(errs, s.drop())
	}
	return errors.Join(errs...)
}

// close waits for sessions in use, closes all, and lets no one in any more.
func (p *pool) close() (err error) {
	p.closed.Do(func() {
		if p.refuse != nil {
			return
		}
		for range cap(p.turns) {
			<-p.turns
		}
		err = p.dropIdle()
		close(p.turns)
	})
	return err
}
