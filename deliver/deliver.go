package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"handover"
	"handover/internal/insist"
	"handover/internal/store"
)

// Config says what is sent where, and what it is sent from.
type Config struct {
	store.Place
	Destinations []Destination
	// Sources and Routes are what there is that may be paused.
	Sources, Routes []string
	Journal         Journal
	// Content returns what is sent for a delivery of a message, and the header with which
	// the message was kept. Kinds Gone, Damaged, NotFound and TooLarge say that it never
	// will be there to be sent.
	Content func(context.Context, Item) (content []byte, header handover.Header, err error)
	// Drain is how long what is being sent may take when Run is to end; 0: three
	// seconds. What has not ended by then ends as unknown.
	Drain time.Duration
	Log   *slog.Logger // nil: nothing is logged
	// Awaited are the sources whose senders wait until a message is delivered.
	Awaited []string
	// Window is how many deliveries of a queue are in memory at most, those that
	// stand before others while they are parked not counted; 0: 4096.
	Window int
}

// Item is what is to be sent.
type Item struct {
	handover.DeliveryID
	Message handover.Offset
	Resent  bool // a person sends the message once more: Of is a Resent fact
}

// Journal is the journal as deliveries use it.
type Journal interface {
	// Append keeps facts; it returns after the sync.
	Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error)
	// Outlines returns the facts after an offset, in order. Bodies of Asserted and
	// Written facts may be missing.
	Outlines(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)
	// Wait waits until there are facts after an offset.
	Wait(ctx context.Context, after handover.Offset) (handover.Offset, error)
}

// Destination is one receiver.
type Destination struct {
	Name        string
	Owner       string        // answers for what is parked
	Deadline    time.Duration // for what is parked; 0: none
	Connections int
	Answers     string // the source that its application answers come from, as messages; "": they are not
	Resend      bool   // what may or may not have arrived is sent again; the receiver knows what comes twice
	Pause       time.Duration
	MaxPause    time.Duration
	GiveUp      time.Duration // what could not be sent for so long is parked; 0: never
	// Open makes one connection's sender. late is told of every frame that answers
	// nothing that waits: answers that came too late, or to nothing that was asked.
	Open func(late func(frame []byte)) Sender
}

// Sender sends to one receiver, one message at a time.
type Sender interface {
	Send(ctx context.Context, message []byte) handover.Outcome
	Close() error
}

// Deliverer sends what facts say is to be sent.
type Deliverer struct {
	config  Config
	table   table
	awaited awaited
	queues  map[string]*outlet
	orders  chan order    // of persons, and late answers: for whoever follows the journal
	ended   chan struct{} // closed when nobody does any more
	hungry  chan struct{} // tells that a window is half empty, and the table has more
	log     *slog.Logger
}

// outlet is a destination with its queue.
type outlet struct {
	Destination
	*queue
	last   handover.Offset // deliveries up to here were in the window, if they were not parked and let others pass
	more   atomic.Bool     // the table has later ones
	lost   lost
	strays strays
}

// followBatch is how many facts are read at once.
const followBatch = 1000

// Open opens the table and brings it up to the journal's end.
func Open(ctx context.Context, c Config) (*Deliverer, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Drain == 0 {
		c.Drain = 3 * time.Second
	}
	if c.Window == 0 {
		c.Window = 4096
	}
	db, err := store.Open(ctx, store.Config{Place: c.Place, Name: "deliver", Schema: schema, Cache: 1 << 10})
	if err != nil {
		return nil, &handover.Error{Op: "opening the deliveries", Kind: handover.Unavailable, Err: err}
	}
	d := &Deliverer{
		config: c, table: table{db: db, pending: map[handover.DeliveryID]*change{}}, queues: map[string]*outlet{},
		orders: make(chan order), ended: make(chan struct{}), hungry: make(chan struct{}, 1), log: c.Log,
	}
	d.awaited = awaited{sources: map[string]bool{}, of: map[handover.Offset]*course{}}
	for _, source := range c.Awaited {
		d.awaited.sources[source] = true
	}
	for _, to := range c.Destinations {
		d.queues[to.Name] = &outlet{Destination: to, queue: newQueue(pauses{to.Pause, to.MaxPause})}
	}
	at, err := db.Applied(ctx)
	d.table.at, d.table.saved = handover.Offset(at), handover.Offset(at)
	if err == nil {
		err = d.table.halts.read(ctx, db)
	}
	if err == nil {
		err = d.catchUp(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close closes the table.
func (d *Deliverer) Close() error { return d.table.db.Close() }

// catchUp brings the table up to the journal's end.
func (d *Deliverer) catchUp(ctx context.Context) error {
	for {
		entries, err := d.config.Journal.Outlines(ctx, d.table.at, followBatch)
		if err != nil {
			return fmt.Errorf("reading facts after offset %d: %w", d.table.at, err)
		}
		for i := range entries {
			if err := d.table.fold(ctx, &entries[i], func(row) {}); err != nil {
				return err
			}
		}
		if len(d.table.pending) > maxPending || len(entries) == 0 {
			if err := d.table.flush(ctx); err != nil {
				return fmt.Errorf("writing what is to be delivered: %w", err)
			}
		}
		if len(entries) == 0 {
			d.awaited.pass(d.table.at)
			return nil
		}
	}
}

// Run sends until ctx ends. What is being sent then may take Drain.
func (d *Deliverer) Run(ctx context.Context) {
	if !d.settleInterrupted(ctx) || !d.insist(ctx, "reading what is to be delivered", func() error { return d.load(ctx) }) {
		close(d.ended)
		return
	}
	// Outcomes must be kept after ctx has ended.
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()
	sending, stopSending := context.WithCancel(inner)
	defer stopSending()
	context.AfterFunc(ctx, func() {
		for _, o := range d.queues {
			o.stop()
		}
		time.AfterFunc(d.config.Drain, stopSending)
	})
	var workers, follower sync.WaitGroup
	follower.Go(func() { d.follow(inner) })
	for _, o := range d.queues {
		for range o.Connections {
			workers.Go(func() { d.newWorker(o).run(sending) })
		}
	}
	workers.Wait()
	<-ctx.Done() // there may be no workers
	stopInner()
	follower.Wait()
}

// settleInterrupted ends as unknown what was begun and had not ended when the
// engine stopped. It reports whether it did before ctx ended.
func (d *Deliverer) settleInterrupted(ctx context.Context) bool {
	for more := true; more; {
		settle := func() (err error) {
			more, err = d.settleSome(ctx)
			return err
		}
		if !d.insist(ctx, "noting what was interrupted", settle) {
			return false
		}
	}
	return true
}

// settleSome does so for some, and reports whether there may be more.
func (d *Deliverer) settleSome(ctx context.Context) (more bool, err error) {
	if err := d.catchUp(ctx); err != nil { // what was appended before it failed is in the journal
		return true, err
	}
	rows, err := d.table.read(ctx, `begun <> 0 ORDER BY id, destination LIMIT ?`, int64(followBatch))
	if err != nil || len(rows) == 0 {
		return false, err
	}
	var drafts []handover.Draft
	for _, r := range rows {
		f := facts{message: r.message, source: r.source, id: r.DeliveryID}
		drafts = append(drafts, f.ended(r.tries, handover.Outcome{Ending: handover.Unknown, Reason: "the engine stopped before it ended"}))
		if o := d.queues[r.To]; r.state == stateWaiting && (o == nil || !o.Resend) {
			drafts = append(drafts, f.parked(o.parking("unknown")))
		}
	}
	_, err = d.config.Journal.Append(ctx, drafts)
	return true, err
}

// parking says how something is parked. Of a destination that is no longer
// configured nobody is known to answer for it but who runs the engine.
func (o *outlet) parking(reason string) handover.Parking {
	p := handover.Parking{Reason: reason, Owner: "nobody: the destination is not configured"}
	if o != nil {
		p.Owner = o.Owner
		if o.Deadline > 0 {
			p.Deadline = time.Now().Add(o.Deadline).UTC().Truncate(time.Millisecond)
		}
	}
	return p
}

// load fills the windows from the table. It may be done again.
func (d *Deliverer) load(ctx context.Context) error {
	for _, o := range d.queues {
		_, paused := d.table.halts.find(handover.Pause{Destination: o.Name})
		o.pause(paused)
		o.routes = d.pausedRoutes()
		if err := d.refill(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// refill takes the next deliveries from the table, whose rows must be written, until
// the window is more than half full. What is in the window or was taken out of it is
// never read again: the table may not know yet what became of it.
func (d *Deliverer) refill(ctx context.Context, o *outlet) error {
	for {
		room := d.config.Window - o.length()
		condition, args := o.further()
		rows, err := d.table.read(ctx, condition+` ORDER BY id LIMIT ?`, append(args, int64(room))...)
		if err != nil {
			return fmt.Errorf("reading what is to be delivered: %w", err)
		}
		for _, r := range rows {
			switch {
			case o.has(r.Of):
			case r.state == stateParked:
				o.add(r.delivery(holding))
			default:
				o.add(r.delivery(waiting))
			}
			o.last = r.Of
		}
		if len(rows) < room { // so there is none up to where facts are taken in
			o.last = max(o.last, d.table.at)
			o.more.Store(false)
			return nil
		}
		o.more.Store(true)
		if o.length() > d.config.Window/2 {
			return nil
		}
	}
}

func (r *row) delivery(s state) *delivery {
	return &delivery{
		DeliveryID: r.DeliveryID, message: r.message, source: r.source, route: r.route, keys: r.keys, hold: r.hold,
		tries: r.tries, since: r.since, state: s,
	}
}

// The table is written when so much is to be written, or after so long.
const (
	maxPending = 10_000
	flushAfter = 200 * time.Millisecond
)

// follow takes in what the journal says, until ctx ends. It alone changes the table
// and adds to the queues.
func (d *Deliverer) follow(ctx context.Context) {
	defer close(d.ended)
	news := make(chan struct{}, 1)
	var watch sync.WaitGroup
	defer watch.Wait()
	watched := make(chan handover.Offset, 1) // up to where all is read
	watch.Go(func() { d.watch(ctx, watched, news) })
	watched <- d.table.at
	flush := time.NewTicker(flushAfter)
	defer flush.Stop()
	for {
		select {
		case <-news:
			d.insist(ctx, "reading what is to be delivered", func() error { return d.read(ctx) })
			watched <- d.table.at
		case o := <-d.orders:
			o.done <- o.do(ctx)
		case <-d.hungry:
			d.insist(ctx, "reading what is to be delivered", func() error { return d.keepUp(ctx) })
		case <-flush.C:
			if len(d.table.pending) > 0 || d.table.halts.changed || d.table.at-d.table.saved > followBatch {
				d.insist(ctx, "writing what is to be delivered", func() error { return d.table.flush(ctx) })
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.config.Drain)
			defer cancel()
			if err := d.table.flush(last); err != nil { // the next start reads it again
				d.log.Error("writing what is to be delivered", "error", err)
			}
			return
		}
	}
}

// watch tells when there is more to read than what was.
func (d *Deliverer) watch(ctx context.Context, watched <-chan handover.Offset, news chan<- struct{}) {
	for {
		select {
		case at := <-watched:
			d.insist(ctx, "waiting for facts", func() error {
				_, err := d.config.Journal.Wait(ctx, at)
				return err
			})
			news <- struct{}{}
		case <-ctx.Done():
			return
		}
	}
}

// read takes in all that is new, and fills the windows.
func (d *Deliverer) read(ctx context.Context) error {
	if err := d.fold(ctx); err != nil {
		return err
	}
	return d.keepUp(ctx)
}

// fold takes in all that is new.
func (d *Deliverer) fold(ctx context.Context) error {
	for {
		entries, err := d.config.Journal.Outlines(ctx, d.table.at, followBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		for i := range entries {
			if err := d.table.fold(ctx, &entries[i], d.made); err != nil {
				return err
			}
			d.awaited.hear(&entries[i])
		}
		if len(d.table.pending) > maxPending {
			if err := d.table.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// made adds a new delivery to its queue, if all before it are there.
func (d *Deliverer) made(r row) {
	o := d.queues[r.To]
	if o == nil {
		return
	}
	if o.more.Load() || o.length() >= d.config.Window {
		o.more.Store(true)
		return
	}
	if !o.routes[r.route] {
		o.add(r.delivery(waiting))
	}
	o.last = r.Of
}

// keepUp fills windows that are half empty from the table.
func (d *Deliverer) keepUp(ctx context.Context) error {
	flushed := false
	for _, o := range d.queues {
		if !o.more.Load() || o.length() > d.config.Window/2 {
			continue
		}
		if !flushed {
			if err := d.table.flush(ctx); err != nil {
				return err
			}
			flushed = true
		}
		if err := d.refill(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// drained asks for more if the window is half empty and there is more.
func (d *Deliverer) drained(o *outlet) {
	if !o.more.Load() || o.length() > d.config.Window/2 {
		return
	}
	select {
	case d.hungry <- struct{}{}:
	default: // somebody asked already
	}
}

// insist tries until it succeeds or ctx ends.
func (d *Deliverer) insist(ctx context.Context, what string, try func() error) bool {
	return insist.Until(ctx, d.log, what, try)
}
