package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"handover"
	"handover/internal/store"
)

// Config says what is watched, and who hears of it.
type Config struct {
	store.Place
	Site    string // its name, for notices
	Release string
	Journal Journal
	Watches []Watch
	Sinks   []Sink
	// Every is how often watches look; 0: ten seconds.
	Every time.Duration
	// Settle is how long something must be as it should before its alert closes, so
	// that what comes and goes is one alert; 0: thirty seconds.
	Settle time.Duration
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
}

// Journal is the journal as alerts use it.
type Journal interface {
	Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error)
	Outlines(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)
	Tail() handover.Offset
}

// Watch looks at something.
type Watch struct {
	Kinds []string // of the alerts that it tells of, and nobody else
	// Look tells what is not as it should be now.
	Look func(ctx context.Context, now time.Time) ([]handover.Alert, error)
}

// Sink takes notices to somebody.
type Sink interface {
	Name() string
	Send(ctx context.Context, n Notice) error
}

// Notice is what a sink is given.
type Notice struct {
	Site    string    `json:"site,omitempty"`
	Event   string    `json:"event"` // opened or closed
	Time    time.Time `json:"time"`
	Runbook string    `json:"runbook"` // what to do: a page of the guide
	Listed
}

// Listed is an alert, as people see it.
type Listed struct {
	ID handover.Offset `json:"id"` // the fact that opened it
	handover.Alert
	Opened       time.Time `json:"opened"`
	Closed       time.Time `json:"closed,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	By           string    `json:"by,omitempty"`  // who knows of it
	Why          string    `json:"why,omitempty"` // and what they say
}

// Runbook is the page that says what to do about a kind of alert.
func Runbook(kind string) string { return "docs/guide/runbooks/" + kind + ".md" }

// Alerts opens and closes alerts.
type Alerts struct {
	config Config
	db     *store.DB
	log    *slog.Logger
	news   chan struct{} // there may be something to send

	mu      sync.Mutex
	at      handover.Offset // facts up to here are taken in
	current bool            // all of before this start are; from then on nobody else adds any
	open    map[key]*entry

	shown atomic.Pointer[[]Listed] // what is open, for who must not wait
}

type key struct{ kind, subject string }

// entry is an open alert.
type entry struct {
	Listed
	fine time.Time // since when nothing is wrong any more; zero: something is
}

// Open opens the table; facts are taken in by Run.
func Open(ctx context.Context, c Config) (*Alerts, error) {
	c.Every, c.Settle = cmp.Or(c.Every, 10*time.Second), cmp.Or(c.Settle, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	db, err := store.Open(ctx, store.Config{Place: c.Place, Name: "alert", Schema: schema, Cache: 256, Readers: 2})
	if err != nil {
		return nil, err
	}
	a := &Alerts{config: c, db: db, log: c.Log, news: make(chan struct{}, 1), open: map[key]*entry{}}
	if err := a.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the alerts: %w", err), db.Close())
	}
	return a, nil
}

// Close closes the table.
func (a *Alerts) Close() error { return a.db.Close() }

// Run looks and sends until ctx ends.
func (a *Alerts) Run(ctx context.Context) {
	var sending sync.WaitGroup
	for _, s := range a.config.Sinks {
		sending.Go(func() { a.deliver(ctx, s) })
	}
	tick := time.NewTicker(a.config.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := a.look(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("looking whether all is well", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	sending.Wait()
}

// look lets every watch look once, and opens and closes what follows.
func (a *Alerts) look(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.catchUp(ctx); err != nil {
		return err
	}
	now := a.config.Now()
	var failed []error
	for _, w := range a.config.Watches {
		found, err := w.Look(ctx, now)
		if err != nil {
			failed = append(failed, fmt.Errorf("watching %s: %w", strings.Join(w.Kinds, ", "), err))
			continue
		}
		failed = append(failed, a.take(ctx, now, w, found))
	}
	return errors.Join(failed...)
}

// take opens what is found and not open, and closes what has been as it should for
// long enough.
func (a *Alerts) take(ctx context.Context, now time.Time, w Watch, found []handover.Alert) error {
	var drafts []handover.Draft
	wrong := map[key]bool{}
	for _, f := range found {
		k := key{f.Kind, f.Subject}
		if wrong[k] || !slices.Contains(w.Kinds, f.Kind) {
			continue
		}
		wrong[k] = true
		if e := a.open[k]; e != nil {
			e.fine = time.Time{}
			continue
		}
		drafts = append(drafts, a.draft(handover.AlertOpened, 0, handover.Engine.ID, f))
	}
	for k, e := range a.open {
		switch {
		case wrong[k] || !slices.Contains(w.Kinds, k.kind):
		case e.fine.IsZero():
			e.fine = now
		case now.Sub(e.fine) >= a.config.Settle:
			drafts = append(drafts, a.draft(handover.AlertClosed, e.ID, handover.Engine.ID, handover.AlertChange{Of: e.ID}))
		}
	}
	return a.append(ctx, drafts)
}

// append keeps facts and takes them in. Where that fails the table is brought up from the
// journal.
func (a *Alerts) append(ctx context.Context, drafts []handover.Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	a.current = false
	receipts, err := a.config.Journal.Append(ctx, drafts)
	if err != nil {
		return err
	}
	entries := make([]handover.Entry, len(drafts))
	for i, d := range drafts {
		entries[i] = handover.Entry{Offset: receipts[i].Offset, Header: d.Header, Body: d.Body}
		entries[i].Time = receipts[i].Time
	}
	if err := a.takeIn(ctx, entries, entries[len(entries)-1].Offset); err != nil {
		return err
	}
	a.current = true
	return nil
}

func (a *Alerts) draft(kind handover.FactKind, cause handover.Offset, actor string, body any) handover.Draft {
	text, err := json.Marshal(body)
	if err != nil {
		panic("alert: " + err.Error()) // the nouns' own types always are JSON
	}
	return handover.Draft{
		Header: handover.Header{Kind: kind, Cause: cause, Release: a.config.Release, Class: handover.KeepForever, Actor: actor, Format: "application/json"},
		Body:   handover.Body{Bytes: text},
	}
}

// Acknowledge notes that a person knows of an open alert.
func (a *Alerts) Acknowledge(ctx context.Context, by handover.Access, id handover.Offset, why string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.catchUp(ctx); err != nil {
		return err
	}
	if !slices.ContainsFunc(a.entries(), func(e Listed) bool { return e.ID == id }) {
		return &handover.Error{Op: "acknowledging alert " + id.String(), Kind: handover.NotFound, Err: errors.New("no such alert is open")}
	}
	d := a.draft(handover.AlertAcknowledged, id, by.Actor.ID, handover.AlertChange{Of: id, Why: why})
	return a.append(ctx, []handover.Draft{d})
}

// entries lists what is open, oldest first.
func (a *Alerts) entries() []Listed {
	out := []Listed{}
	for _, e := range a.open {
		out = append(out, e.Listed)
	}
	slices.SortFunc(out, func(x, y Listed) int { return cmp.Compare(x.ID, y.ID) })
	return out
}

// List returns the alerts that are open, oldest first; with closed also as many of the
// closed ones, before them, the newest of them last.
func (a *Alerts) List(ctx context.Context, closed int) ([]Listed, error) {
	var before []Listed
	if closed > 0 {
		var err error
		if before, err = a.read(ctx, `closed <> 0 ORDER BY id DESC LIMIT ?`, int64(closed)); err != nil {
			return nil, err
		}
		slices.Reverse(before)
	}
	return append(before, a.Now()...), nil
}

// Now returns the alerts that are open, oldest first. It waits for nothing.
func (a *Alerts) Now() []Listed { return slices.Clone(*a.shown.Load()) }

// show makes what is open seen.
func (a *Alerts) show() {
	open := a.entries()
	a.shown.Store(&open)
}
