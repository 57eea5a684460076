// Package app puts the parts of Handover together: it is the only package that
// knows all others. It promises that a message is answered only once it is
// kept, that every kept message is decided, in order, and that after a crash
// both go on where they stopped.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"handover"
	"handover/alert"
	"handover/app/telemetry"
	"handover/balance"
	"handover/config"
	"handover/deliver"
	"handover/internal/spool"
	"handover/internal/store"
	"handover/journal"
	"handover/record"
	"handover/route"
	"handover/trace"
	"handover/wire"
)

// Version is the engine's.
const Version = "0.1.0"

// Config says what to run, and where.
type Config struct {
	Site *config.Site
	// Dir is the data folder; it is made where it is missing.
	Dir string
	// Database, if not "", goes before Site.Database.
	Database string
	// Drain is how long a message in hand may take when the engine is to end;
	// 0: ten seconds.
	Drain time.Duration
	// Round is how long it takes to hold every table against the book of the balance
	// once, if there is not too much; 0: 25 seconds.
	Round time.Duration
	// Watch is how often it is looked whether anything is not as it should be; 0: ten
	// seconds.
	Watch time.Duration
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: nothing is logged
	// VFS names the SQLite VFS under journal and tables, for disks that fail
	// in tests; "" is the system's own.
	VFS string
	// Free returns how many bytes are free in a folder; nil asks the system.
	Free func(dir string) (int64, error)
}

// Engine is Handover, opened. Nothing listens until Run.
type Engine struct {
	config     Config
	key        []byte
	spool      *spool.Dir
	memory     *wire.Memory
	journal    *journal.Journal
	trace      *trace.Trace
	record     *record.Record
	routes     *route.Table
	deliveries *deliver.Deliverer
	balance    *balance.Balance
	alerts     *alert.Alerts
	traces     *telemetry.Traces // nil: nothing is told
	afterwards chan afterFact
	books      books
	records    waitingRoom
	counters   counters
	recent     recent
	log        *slog.Logger
	gates      map[string]*gate // by source
	numbers    *alert.Numbers
	fhir       map[string]bool // destinations that are FHIR servers
	api        *webServer
	backing    sync.Mutex    // held while a backup is made
	proving    sync.Mutex    // held while everything is verified
	ending     chan struct{} // closed when Run is to end
}

// What the record may keep in memory of what it has used: states ready for use,
// bytes of encoded ones, and bytes of packs. Of a patient the next message comes
// when hundreds of others have been: the encoded ones are enough for some 700.
const (
	cachedStates = 600
	stateBytes   = 12 << 20
	cachedPacks  = 1 << 20
)

// Open opens journal and projections, brings the projections up to the
// journal's end, and binds every listener.
func Open(ctx context.Context, c Config) (*Engine, error) {
	e := newEngine(c)
	// In the order in which they need each other.
	err := e.open(ctx, e.openFolder, e.openTraces, e.openJournal, e.openSpool, e.openProjections, e.catchUp, e.openBooks,
		e.openDeliveries, e.openBalance, e.openAlerts, e.openNumbers, e.openRoutes, e.openDoors)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func newEngine(c Config) *Engine {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Database == "" {
		c.Database = c.Site.Database
	}
	e := &Engine{config: c, log: c.Log, memory: wire.NewMemory(c.Site.Memory), gates: map[string]*gate{}, numbers: alert.NewNumbers(),
		ending: make(chan struct{})}
	e.records.look = e.decisionOn
	return e
}

func (e *Engine) open(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) openFolder(context.Context) (err error) {
	if err := os.MkdirAll(e.config.Dir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(e.config.Dir, restoreFolder)); err == nil {
		return &handover.Error{Op: "opening the data folder", Kind: handover.Conflict, Where: e.config.Dir,
			Err: errors.New("a restore into it did not end; empty it and restore again")}
	}
	e.key, err = siteKey(e.config.Dir)
	return err
}

func (e *Engine) openJournal(ctx context.Context) (err error) {
	s := e.config.Site
	keep := map[handover.Retention]time.Duration{}
	if s.Retention > 0 {
		keep[handover.KeepMessage] = s.Retention
	}
	e.journal, err = journal.Open(ctx, journal.Config{
		Dir: e.config.Dir, URL: e.config.Database, SiteKey: e.key, Now: e.config.Now,
		VolumeSize: s.VolumeSize, LowSpace: s.LowSpace, Window: s.Duplicates, Keep: keep,
		VFS: e.config.VFS, Free: e.config.Free,
	})
	return err
}

// openSpool opens the spool and removes what a crash left half-made. The journal
// is locked by then, so that it is nobody else's.
func (e *Engine) openSpool(ctx context.Context) (err error) {
	for _, name := range []string{backupFolder, verifyFolder} {
		if err := os.RemoveAll(filepath.Join(e.config.Dir, name)); err != nil {
			return fmt.Errorf("removing what a crash left: %w", err)
		}
	}
	e.spool, err = spool.Open(ctx, spool.Config{Dir: filepath.Join(e.config.Dir, "spool")})
	return err
}

func (e *Engine) openProjections(ctx context.Context) (err error) {
	place := store.Place{URL: e.config.Database, Dir: e.config.Dir, VFS: e.config.VFS}
	e.record, err = record.Open(ctx, record.Config{
		Place: place, SiteKey: e.key, Rules: rulesOf(e.config.Site), Fact: facts{e.journal}.Get, Now: e.config.Now,
		CachedStates: cachedStates, StateBytes: stateBytes, CachedPacks: cachedPacks,
	})
	if err != nil {
		return err
	}
	if e.trace, err = trace.Open(ctx, trace.Config{Place: place, Facts: facts{e.journal}, Bodies: e.record, ID: e.traceID}); err != nil {
		return fmt.Errorf("opening the trace: %w", err)
	}
	return nil
}

// openBalance opens the book that all else is held against.
func (e *Engine) openBalance(ctx context.Context) (err error) {
	e.balance, err = balance.Open(ctx, balance.Config{
		Place: store.Place{URL: e.config.Database, Dir: e.config.Dir, VFS: e.config.VFS},
		Facts: e.live(), Messages: e.trace, Deliveries: e.deliveries, Record: e.record, Log: e.log, Round: e.config.Round,
	})
	return err
}

// rulesOf tells the record whose word counts.
func rulesOf(s *config.Site) record.Rules {
	r := record.Rules{Owns: map[string][]string{}, Precedence: s.Precedence, Authorities: map[string][]string{}}
	for _, source := range s.Sources {
		r.Owns[source.Name], r.Authorities[source.Name] = source.Owns, source.Authorities
	}
	return r
}

func (e *Engine) openRoutes(context.Context) (err error) {
	e.routes, err = Routes(e.config.Site, e.key)
	return err
}

// Close closes what Open opened, in the other order.
func (e *Engine) Close() error {
	var errs []error
	for _, d := range e.doors() {
		errs = append(errs, d.Close())
	}
	if e.alerts != nil {
		errs = append(errs, e.alerts.Close())
	}
	if e.balance != nil {
		errs = append(errs, e.balance.Close())
	}
	if e.deliveries != nil {
		errs = append(errs, e.deliveries.Close())
	}
	if e.record != nil {
		errs = append(errs, e.record.Close())
	}
	if e.trace != nil {
		errs = append(errs, e.trace.Close())
	}
	if e.journal != nil {
		errs = append(errs, e.journal.Close())
	}
	if e.spool != nil {
		errs = append(errs, e.spool.Close())
	}
	return errors.Join(errs...)
}

// converters makes one for each source, since time zones differ.
func (e *Engine) converters() map[string]converter {
	out := map[string]converter{}
	for _, s := range e.config.Site.Sources {
		out[s.Name] = converterOf(s)
	}
	return out
}

// decisionOn finds what was decided of a message, however long ago. It waits for
// the trace, which may be a little behind.
func (e *Engine) decisionOn(ctx context.Context, offset handover.Offset) (handover.Decision, error) {
	for {
		m, err := e.trace.Message(ctx, handover.Everything(handover.Engine), offset)
		late := err == nil && m.State == handover.StateReceived || handover.KindOf(err) == handover.NotFound
		if !late || ctx.Err() != nil {
			return handover.Decision{State: m.State, Reason: m.Reason}, err
		}
		sleep(ctx, followPause)
	}
}

// Inspection gives tests of the whole engine its parts, to read.
type Inspection struct {
	Journal *journal.Journal
	Trace   *trace.Trace
	Record  *record.Record
}

// Inspect returns the engine's parts.
func (e *Engine) Inspect() Inspection { return Inspection{e.journal, e.trace, e.record} }
