package app

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"handover"
	"handover/app/telemetry"
	"handover/hl7v2"
	"handover/internal/insist"
	"handover/internal/spool"
	"handover/route"
	"handover/transform/embedded"
)

// batchSize is how many messages are decided together: enough to spread a
// sync and a transaction over many, few enough that nobody waits for them.
const batchSize = 32

// gather is how long messages gather where nobody waits to hear that they are
// in the record. Else a lone sender's next message would wait for the sync of
// what was decided of the one before.
const gather = 5 * time.Millisecond

// The lengths of messages in bytes from which they are taken one at a time, all
// the way into the record, so that several of them never are in memory
// together, and above which they are not transformed: as they came, and without
// their documents, for what is left takes about six times its length on the way.
// Such a message is kept, and waits for a person.
const (
	largeMessage = 1 << 20
	maxWhole     = 128 << 20
	maxRest      = 16 << 20
)

// converter turns a message into what it asserts of the record. It is pure.
type converter interface {
	Convert(m *hl7v2.Message) (handover.Assertions, []handover.Problem)
}

// composer is the record as the pipeline writes to it.
type composer interface {
	Expect(ctx context.Context, messages []*handover.Assertions) error
	Compose(ctx context.Context, message handover.Offset, a handover.Assertions) (handover.Writes, error)
	Facts(room []byte, message handover.Offset, a *handover.Assertions, w *handover.Writes) (shapes, asserted, written, rest []byte)
	Enclosed(ctx context.Context, key []byte) (handover.Offset, error)
	Apply(ctx context.Context, entries []handover.Entry) error
	Applied() handover.Offset
	Pass(offset handover.Offset)
	Wait(ctx context.Context, offset handover.Offset) error
	Reset()
}

// factLog is the journal as the pipeline uses it.
type factLog interface {
	appender
	factReader
	After(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)
	// Messages returns Received facts after an offset, oldest first, and the
	// offset up to which it looked.
	Messages(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, handover.Offset, error)
	Wait(ctx context.Context, after handover.Offset) (handover.Offset, error)
	// content returns a message's bytes, wherever they are kept.
	content(ctx context.Context, e handover.Entry) ([]byte, error)
}

// pipeline decides received messages in the journal's order. It works in five
// stages at once, each a goroutine: read and transform many messages on every
// core; read what the record holds of what they speak of; compose them, one at a
// time; append what came of it; take it into the record's tables. A message is
// decided once its facts are appended; the tables only follow.
type pipeline struct {
	journal    factLog
	routes     *route.Table
	converters map[string]converter // by source
	record     composer
	records    *waitingRoom
	counters   *counters
	release    string
	fhir       map[string]bool // destinations that are sent what changed in the record
	siteKey    []byte
	log        *slog.Logger
	spool      *spool.Dir    // for long facts and documents
	large      chan struct{} // holds one while a large message is on its way
	traces     *telemetry.Traces
	now        func() time.Time

	appended atomic.Int64 // offset of the last fact that was appended
	underway atomic.Int64 // batches that are composed and not yet appended
	ahead    atomic.Int64 // batches that are read and not yet being applied
	horizon  horizon
	rooms    chan []byte // for the long facts of a batch, to be used again
}

// work is one message on its way.
type work struct {
	message  handover.Entry
	decision handover.Decision
	asserted *handover.Assertions // nil: not for the record
	enclosed []embedded.Document  // that the assertions refer to
	writes   handover.Writes
	versions int       // how many writes there were
	began    time.Time // where that is told
}

// isLarge reports whether the message must be on its way alone.
func (w *work) isLarge() bool { return w.message.Body.Len() >= largeMessage }

// run decides every message after the offset, until ctx ends.
func (p *pipeline) run(ctx context.Context, after handover.Offset) error {
	read, expected := make(chan []work), make(chan []work)
	made, kept := make(chan composed), make(chan decided, 3)
	p.rooms = make(chan []byte, 3) // one to fill, one on the way, one being appended
	for range cap(p.rooms) {
		p.rooms <- nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var stages sync.WaitGroup
	var failed error
	stages.Go(func() {
		defer close(read)
		failed = p.read(ctx, after, read)
	})
	for _, stage := range []func(){
		func() { p.expect(ctx, read, expected) },
		func() { p.compose(ctx, expected, made) },
		func() { p.append(ctx, made, kept) },
		func() { p.apply(ctx, kept) },
	} {
		stages.Go(func() {
			defer cancel() // it ends early only when ctx has ended
			stage()
		})
	}
	stages.Wait()
	return failed
}

// read follows the journal, transforms what was received, and passes it on.
func (p *pipeline) read(ctx context.Context, after handover.Offset, out chan<- []work) error {
	for ctx.Err() == nil {
		entries, looked, err := p.journal.Messages(ctx, after, batchSize)
		if err != nil {
			return fmt.Errorf("reading messages after offset %d: %w", after, err)
		}
		if looked == after {
			if _, err := p.journal.Wait(ctx, after); err != nil && ctx.Err() == nil {
				return err
			}
			if !p.records.anyone() {
				sleep(ctx, gather)
			}
			continue
		}
		after = looked
		todo := batches(entries)
		p.looked(looked, todo)
		for _, batch := range todo {
			if batch[0].isLarge() && !p.enter(ctx) {
				return nil
			}
			p.transform(ctx, batch)
			if ctx.Err() != nil {
				return nil // not all of it may have been read
			}
			p.ahead.Add(1)
			select {
			case out <- batch:
			case <-ctx.Done():
				return nil
			}
		}
	}
	return nil
}

// enter waits until no other large message is on its way.
func (p *pipeline) enter(ctx context.Context) bool {
	select {
	case p.large <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// batches makes work of the messages that were not refused when they arrived:
// together, as far as they are not long.
func batches(entries []handover.Entry) (all [][]work) {
	size := int64(largeMessage) // of the last batch; the first message begins one
	for _, e := range entries {
		if refused(e.Answer) {
			continue
		}
		if size += e.Body.Len(); size >= largeMessage {
			all, size = append(all, nil), e.Body.Len()
		}
		last := &all[len(all)-1]
		*last = append(*last, work{message: e})
	}
	return all
}

// transform routes and transforms a batch, on every core.
func (p *pipeline) transform(ctx context.Context, batch []work) {
	var group sync.WaitGroup
	next := make(chan *work)
	for range min(runtime.GOMAXPROCS(0), len(batch)) {
		group.Go(func() {
			for w := range next {
				p.decide(ctx, w)
			}
		})
	}
	for i := range batch {
		next <- &batch[i]
	}
	close(next)
	group.Wait()
}

// refused reports whether the first answer said that the message was refused:
// it was decided when it arrived.
func refused(answer string) bool {
	switch answer {
	case "AE", "AR", "CE", "CR":
		return true
	}
	return false
}

// decide says where one message goes and what it asserts. A fault of our own on
// one message must not hold up all others: the message waits for a person.
func (p *pipeline) decide(ctx context.Context, w *work) {
	defer func() {
		if fault := recover(); fault != nil {
			p.log.Error("a message could not be transformed and waits", "offset", w.message.Offset, "stack", string(debug.Stack()))
			w.asserted, w.decision = nil, handover.Decision{State: handover.StateWaiting, Reason: "transform-failed"}
		}
	}()
	if p.traces != nil {
		w.began = p.now()
	}
	if w.message.Body.Len() > maxWhole {
		w.decision = handover.Decision{State: handover.StateWaiting, Reason: tooLarge}
		return
	}
	content, err := p.content(ctx, w.message)
	if err != nil {
		w.decision = waits("body-unreadable", handover.Decision{}, err)
		return
	}
	m, _ := hl7v2.Parse(content)
	if m == nil {
		w.decision = handover.Decision{State: handover.StateWaiting, Reason: "unreadable"}
		return
	}
	way := p.routes.Decide(w.message.Source, m)
	w.decision = way.Decision
	if !way.Record {
		return
	}
	rest, documents := embedded.Cut(m)
	if len(rest.Bytes()) > maxRest {
		w.decision.State, w.decision.Reason = handover.StateWaiting, tooLarge
		return
	}
	a, problems := p.converters[w.message.Source].Convert(rest)
	w.enclosed = embedded.Attach(&a, documents)
	w.asserted = &a
	w.decision.Problems = append(w.decision.Problems, problems...)
}

const tooLarge = "too-large-to-transform"

// content reads a message, again and again while that may still succeed. The
// error says that it never will, or that ctx has ended.
func (p *pipeline) content(ctx context.Context, e handover.Entry) (content []byte, err error) {
	p.insist(ctx, "reading a message", func() error {
		content, err = p.journal.content(ctx, e)
		switch handover.KindOf(err) {
		case handover.Damaged, handover.Gone:
			return nil
		}
		return err
	})
	return content, err
}

// insist tries until it succeeds or ctx ends.
func (p *pipeline) insist(ctx context.Context, what string, try func() error) bool {
	return insist.Until(ctx, p.log, what, try)
}
