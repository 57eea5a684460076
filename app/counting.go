package app

import (
	"context"
	"sync/atomic"
	"time"

	"handover"
	"handover/deliver"
)

// countEvery is how often what doors and senders counted becomes a fact, if it has
// changed.
const countEvery = 5 * time.Minute

// books are what doors and senders count, each for itself, so that what the facts say
// can be held against it.
type books struct {
	start        handover.Offset // the journal's end when the engine was started
	sources      map[string]*doorBook
	destinations map[string]*sendBook
	last         int64 // the sum of all counts in the last fact
}

// doorBook is what the doors of one source count.
type doorBook struct{ taken, kept, failed atomic.Int64 }

// sendBook is what the senders to one destination count.
type sendBook struct {
	begun atomic.Int64
	ended [4]atomic.Int64 // by the place in endings
}

var endings = [4]handover.Ending{handover.Accepted, handover.Rejected, handover.Failed, handover.Unknown}

// openBooks begins all counts anew.
func (e *Engine) openBooks(context.Context) error {
	e.books = books{start: e.journal.Tail(), sources: map[string]*doorBook{}, destinations: map[string]*sendBook{}}
	for _, s := range e.config.Site.Sources {
		e.books.sources[s.Name] = &doorBook{}
	}
	for _, d := range e.config.Site.Destinations {
		e.books.destinations[d.Name] = &sendBook{}
	}
	return nil
}

// countingSender is a sender that counts.
type countingSender struct {
	deliver.Sender
	book *sendBook
}

// Send counts a try, and how it ended.
func (c countingSender) Send(ctx context.Context, message []byte) handover.Outcome {
	c.book.begun.Add(1)
	o := c.Sender.Send(ctx, message)
	for i, ending := range endings {
		if o.Ending == ending {
			c.book.ended[i].Add(1)
		}
	}
	return o
}

// read returns the counts as they are, and their sum.
func (b *books) read() (c handover.Counting, sum int64) {
	c = handover.Counting{Start: b.start, Sources: map[string]handover.DoorCount{}, Destinations: map[string]handover.SendCount{}}
	for name, d := range b.sources {
		// What is kept was taken before: so it is read before.
		n := handover.DoorCount{Kept: d.kept.Load(), Failed: d.failed.Load()}
		n.Taken = d.taken.Load()
		if n.Taken > 0 {
			c.Sources[name] = n
		}
		sum += n.Taken + n.Kept + n.Failed
	}
	for name, d := range b.destinations {
		n := handover.SendCount{Accepted: d.ended[0].Load(), Rejected: d.ended[1].Load(), Failed: d.ended[2].Load(), Unknown: d.ended[3].Load()}
		n.Begun = d.begun.Load()
		if n.Begun > 0 {
			c.Destinations[name] = n
		}
		sum += n.Begun + n.Accepted + n.Rejected + n.Failed + n.Unknown
	}
	return c, sum
}

// count keeps what was counted, if that has changed.
func (e *Engine) count(ctx context.Context) error {
	upTo := e.journal.Tail()
	c, sum := e.books.read()
	if sum == e.books.last {
		return nil
	}
	c.UpTo = upTo
	_, err := e.live().Append(ctx, []handover.Draft{factDraft(handover.Header{
		Kind: handover.Counted, Release: e.config.Site.Release, Class: handover.KeepForever,
	}, c, nil)})
	if err == nil {
		e.books.last = sum
	}
	return err
}

// keepCounting keeps what was counted from time to time until ctx ends.
func (e *Engine) keepCounting(ctx context.Context) {
	for sleep(ctx, countEvery); ctx.Err() == nil; sleep(ctx, countEvery) {
		if err := e.count(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("keeping what was counted", "error", err)
		}
	}
}

// lastCount is for the end, when nothing is counted any more.
func (e *Engine) lastCount(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := e.count(ctx); err != nil {
		e.log.Error("keeping what was counted", "error", err)
	}
}
