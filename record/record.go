package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"handover"
	"handover/bodies"
	"handover/internal/store"
)

// Config says how a record is kept.
type Config struct {
	store.Place
	// Name of the database; "" is "record".
	Name string
	// SiteKey makes the ids (handover.ResourceID).
	SiteKey []byte
	// Rules say whose word counts; see Use.
	Rules Rules
	// Index finds what search looks for; nil is Standard().
	Index Indexer
	// Fact reads one fact of the journal, for Lineage. nil: Lineage is not
	// supported.
	Fact func(context.Context, handover.Offset) (handover.Entry, error)
	// Now is for searches by about-dates (ap); nil is time.Now.
	Now func() time.Time
	// CachedStates, StateBytes and CachedPacks bound the memory that is spent on
	// what was used: states ready for use (0: 1024), and bytes of encoded ones
	// and of packs (0: 16 MB each).
	CachedStates int
	StateBytes   int
	CachedPacks  int
}

// Record is an open record. Compose is for one caller at a time, the applier,
// and so is Apply; both, and all reads, may run at once.
type Record struct {
	db      *store.DB
	siteKey []byte
	index   Indexer
	fact    func(context.Context, handover.Offset) (handover.Entry, error)
	now     func() time.Time
	rules   atomic.Pointer[ruling]

	composing sync.Mutex // held while a message is composed
	applying  sync.Mutex // held while facts are applied
	overlay   overlay
	foresight foresight
	states    *stateCache
	leads     *leads
	packs     *packCache
	known     *knownIDs
	names     *names
	lookups   lookups
	nextRow   int64
	pending   *assertedFact
	form      bodies.Form
	shapes    shapes
	applied   progress
	unindexed atomic.Int64
}

// Open opens the record, making its tables where there are none.
func Open(ctx context.Context, c Config) (*Record, error) {
	if c.Name == "" {
		c.Name = "record"
	}
	if c.Index == nil {
		c.Index = Standard()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.CachedStates == 0 {
		c.CachedStates = 1024
	}
	if c.StateBytes == 0 {
		c.StateBytes = 16 << 20
	}
	if c.CachedPacks == 0 {
		c.CachedPacks = 16 << 20
	}
	db, err := store.Open(ctx, store.Config{Place: c.Place, Name: c.Name, Schema: schema})
	if err != nil {
		return nil, &handover.Error{Op: "opening the record", Kind: handover.Unavailable, Err: err}
	}
	r := &Record{
		db: db, siteKey: c.SiteKey, index: c.Index, fact: c.Fact, now: c.Now,
		states: newStateCache(c.CachedStates, c.StateBytes), packs: newPackCache(c.CachedPacks), leads: newLeads(), known: &knownIDs{},
		lookups: newLookups(),
		form:    bodies.Form{SiteKey: c.SiteKey, Shapes: &bodies.Shapes{}},
	}
	r.Use(c.Rules)
	r.overlay.clear()
	if err := r.remember(ctx); err != nil {
		return nil, errors.Join(&handover.Error{Op: "opening the record", Kind: handover.Unavailable, Err: err}, db.Close())
	}
	return r, nil
}

// remember reads what is kept in memory: names, shapes, the next row id, how far
// the facts are applied.
func (r *Record) remember(ctx context.Context) error {
	return r.db.Read(ctx, func(tx *store.Tx) error {
		n, err := readNames(ctx, tx)
		if err != nil {
			return fmt.Errorf("reading names: %w", err)
		}
		r.names = n
		if _, err := tx.Get(ctx, []any{&r.nextRow}, `SELECT COALESCE(MAX(rid), 0) + 1 FROM resource`); err != nil {
			return fmt.Errorf("reading the last row: %w", err)
		}
		if err := r.rememberShapes(ctx, tx); err != nil {
			return fmt.Errorf("reading shapes: %w", err)
		}
		at, err := tx.Applied(ctx)
		r.applied.set(handover.Offset(at))
		return err
	})
}

// Use takes other rules from the next message on. What is already composed
// stays until something new is said of it.
func (r *Record) Use(rules Rules) { r.rules.Store(newRuling(rules)) }

// Close closes the tables.
func (r *Record) Close() error { return r.db.Close() }

// Applied returns the offset up to which the facts are applied, or need not be.
// Apply goes on with the entry after it.
func (r *Record) Applied() handover.Offset { return r.applied.at() }

// Pass says that no fact up to an offset concerns the record that is not applied
// already, and that none will: whoever waits for the offset need not wait for the
// next fact that does. It is not saved; after a restart the facts say it again.
func (r *Record) Pass(offset handover.Offset) {
	r.applying.Lock()
	defer r.applying.Unlock()
	if r.pending == nil && offset > r.applied.at() {
		r.applied.set(offset)
	}
}

// Wait returns once the facts up to an offset are applied, or ctx has ended.
func (r *Record) Wait(ctx context.Context, offset handover.Offset) error {
	return r.applied.wait(ctx, offset)
}

// Unindexed returns how many versions were applied since Open whose content the
// index could not read, and which no search by content finds.
func (r *Record) Unindexed() int64 { return r.unindexed.Load() }

// progress is an offset that others can wait for.
type progress struct {
	mu      sync.Mutex
	offset  handover.Offset
	changed chan struct{}
}

func (p *progress) set(o handover.Offset) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.offset = o
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

func (p *progress) at() handover.Offset {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.offset
}

// wait returns when the offset is at least o, or the context has ended.
func (p *progress) wait(ctx context.Context, o handover.Offset) error {
	for {
		p.mu.Lock()
		if p.offset >= o {
			p.mu.Unlock()
			return nil
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return &handover.Error{
				Op: "waiting until offset " + o.String() + " is in the record", Kind: handover.Unavailable, Err: ctx.Err(),
			}
		}
	}
}
