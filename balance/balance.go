package balance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"handover"
	"handover/internal/store"
)

// Config says where the book is kept, and what is held against it.
type Config struct {
	store.Place
	Facts      Facts
	Messages   Messages
	Deliveries Deliveries
	Record     Record
	Log        *slog.Logger // nil: nothing is logged
	// Round is how long it takes to hold every table against the book once, if there
	// is not too much for that; 0: 25 seconds.
	Round time.Duration
}

// Facts is the journal as the book is made from it.
type Facts interface {
	// Outlines returns the facts after an offset, in order. Bodies of Asserted and
	// Written facts may be missing.
	Outlines(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)
	// Wait waits until there are facts after an offset.
	Wait(ctx context.Context, after handover.Offset) (handover.Offset, error)
}

// Messages is the table of all messages. Each answer is of one moment, and says up to
// where facts were applied then.
type Messages interface {
	// Tally returns how many messages there are from one offset to before another,
	// and the sum of their weights (State.Weight).
	Tally(ctx context.Context, from, before handover.Offset) (applied handover.Offset, messages, weight int64, err error)
	StatesOf(ctx context.Context, from, before handover.Offset) (applied handover.Offset, states map[handover.Offset]handover.State, err error)
}

// Deliveries is the table of open deliveries.
type Deliveries interface {
	// OpenIn returns those to a destination that were made by facts from one offset
	// to before another, and whether they are parked.
	OpenIn(ctx context.Context, destination string, from, before handover.Offset) (applied handover.Offset, parked map[handover.Offset]bool, err error)
}

// Record is the table of all resources and their versions.
type Record interface {
	// Sound looks at so many rows after one: whether all that must be there is. It
	// returns the row after which the next stretch begins, 0 if there is none, and
	// how many versions the resources have by what each says.
	Sound(ctx context.Context, after, rows int64) (applied handover.Offset, next, versions int64, fault string, err error)
	// Made calls fn for each version that there is, with the Written fact that made
	// it, for facts from one offset to before another.
	Made(ctx context.Context, from, before handover.Offset, fn func(written handover.Offset)) (applied handover.Offset, err error)
}

// Finding is a place where the books do not agree.
type Finding struct {
	Part   string          `json:"part"` // messages, deliveries, record, counts
	Offset handover.Offset `json:"offset,omitempty"`
	Text   string          `json:"text"`
	Since  time.Time       `json:"since"` // the fact's time, or when it was found
}

// MaxFindings is how many findings are kept of facts, and of each table.
const MaxFindings = 1000

// Balance is the open book.
type Balance struct {
	config Config
	db     *store.DB
	log    *slog.Logger

	mu    sync.Mutex // of all that follows
	book  *book
	found map[string]map[findingKey]*Finding // in tables, by the stretch where they are
	told  map[findingKey]bool                // findings that were logged
	round time.Time                          // when the last whole round ended
}

// Open opens the book; facts are taken in by Run.
func Open(ctx context.Context, c Config) (*Balance, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Round == 0 {
		c.Round = 25 * time.Second
	}
	db, err := store.Open(ctx, store.Config{Place: c.Place, Name: "balance", Schema: schema, Cache: 512})
	if err != nil {
		return nil, err
	}
	b := &Balance{config: c, db: db, log: c.Log, found: map[string]map[findingKey]*Finding{}, told: map[findingKey]bool{}}
	if b.book, err = load(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the balance: %w", err), db.Close())
	}
	return b, nil
}

// Close closes the tables.
func (b *Balance) Close() error { return b.db.Close() }

const (
	factsAtOnce = 2000
	// gather is how long facts gather before they are taken in.
	gather = 200 * time.Millisecond
	// saveEvery is how often the book is written; what is not is read again from the
	// journal by the next start.
	saveEvery = 20 * time.Second
	// dirtyAtMost is how many chunks may wait to be written.
	dirtyAtMost = 256
)

// Run takes in facts and holds the tables against them until ctx ends.
func (b *Balance) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { b.follow(ctx) })
	both.Go(func() { b.compare(ctx) })
	both.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := b.save(last); err != nil {
		b.log.Error("writing the balance", "error", err)
	}
}

// follow takes in facts as they come.
func (b *Balance) follow(ctx context.Context) {
	saved := time.Now()
	for ctx.Err() == nil {
		at, err := b.catchUp(ctx)
		if err == nil && time.Since(saved) > saveEvery {
			err, saved = b.save(ctx), time.Now()
		}
		if err == nil {
			sleep(ctx, gather)
			_, err = b.config.Facts.Wait(ctx, at)
		}
		if err != nil && ctx.Err() == nil {
			b.log.Error("the balance is behind and tries again", "after", at, "error", err)
			sleep(ctx, 2*time.Second)
		}
	}
}

// catchUp takes in all facts that there are.
func (b *Balance) catchUp(ctx context.Context) (at handover.Offset, err error) {
	for ctx.Err() == nil {
		var more bool
		if at, more, err = b.some(ctx); err != nil || !more {
			break
		}
	}
	b.tell()
	return at, err
}

// some takes in the next facts, and reports whether there may be more.
func (b *Balance) some(ctx context.Context) (at handover.Offset, more bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { at = b.book.kept.At }()
	entries, err := b.config.Facts.Outlines(ctx, b.book.kept.At, factsAtOnce)
	for i := 0; i < len(entries) && err == nil; i++ {
		err = b.book.take(&entries[i])
	}
	if err == nil && b.book.ledger.dirty > dirtyAtMost {
		err = b.book.save(ctx, b.db)
	}
	return at, len(entries) > 0, err
}

// reach takes in facts up to an offset at least, up to which a table has applied them,
// unless the table could not be asked.
func (b *Balance) reach(ctx context.Context, upTo handover.Offset, failed error) error {
	if failed != nil {
		return failed
	}
	for {
		at, more, err := b.some(ctx)
		if err != nil || at >= upTo {
			return err
		}
		if !more {
			return &handover.Error{Op: "reading facts", Kind: handover.Damaged, Where: "offset " + at.String(),
				Err: fmt.Errorf("the journal ends before offset %d, up to which a table has applied it", upTo)}
		}
	}
}

func (b *Balance) save(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.book.save(ctx, b.db)
}

// tell logs what was found and is not told yet: once when it opens, once when it is
// no more.
func (b *Balance) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := map[findingKey]bool{}
	for _, f := range b.findings() {
		key := findingKey{f.Part, f.Offset}
		if now[key] = true; !b.told[key] {
			b.log.Error("the books do not balance", "part", f.Part, "offset", f.Offset, "what", f.Text)
		}
	}
	for key := range b.told {
		if !now[key] {
			b.log.Info("the books balance again", "part", key.Part, "offset", key.At)
		}
	}
	b.told = now
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
