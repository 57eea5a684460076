package journal

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
)

// ledger is where facts are kept: a chain of volumes, or tables in PostgreSQL.
type ledger interface {
	// acquire makes this journal the only appender and returns the last
	// offset. It is cheap when it already is.
	acquire(ctx context.Context) (handover.Offset, error)
	// append keeps the commit durably, whole or not at all. An unknown
	// outcome is resolved before it returns, or reported by errUnknown.
	append(ctx context.Context, c *commit) error
	// read returns up to limit facts from an offset on, in order. It may
	// return facts that were never acknowledged, after the tail.
	read(ctx context.Context, from handover.Offset, limit int) ([]fact, error)
	// node returns the hash of a complete subtree of level nodeLevel or more.
	node(ctx context.Context, level int, n int64) (tlog.Hash, error)
	// marks calls f with the stored blocks of marks, newest first, until it
	// returns false.
	marks(ctx context.Context, f func(markBlock) bool) error
	// tail returns the last offset, as far as this process can know it.
	tail(ctx context.Context) (handover.Offset, error)
	// large is where long bodies are kept, and under which volume's name.
	large() (largeStore, handover.Offset)
	// expire removes bodies by rule.
	expire(ctx context.Context, e expiry) (removed int64, err error)
	// seal ends the volume that is written to. Only the appender calls it.
	seal(ctx context.Context) error
	// tend does what need not be done while an appender waits.
	tend(ctx context.Context) error
	close() error
}

// commit is what one transaction adds.
type commit struct {
	facts []fact
	nodes []node
	block *markBlock // nil: none is complete
}

func (c *commit) first() handover.Offset { return c.facts[0].at }
func (c *commit) last() handover.Offset  { return c.facts[len(c.facts)-1].at }

var (
	// errUnknown: the commit may or may not be there, and the journal must
	// be read again before anything is appended.
	errUnknown = errors.New("it is not known whether the facts were kept")
	// errFenced: another process appends now.
	errFenced = errors.New("another process holds the right to append")
)
