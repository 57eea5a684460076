package app

import (
	"context"
	"fmt"
	"time"

	"handover"
)

// followBatch is how many facts a projection applies in one transaction.
const followBatch = 2000

// followPause is how long the trace lets facts gather while more keep coming: a
// transaction for each few would cost more than the facts.
const followPause = 200 * time.Millisecond

// applier is a projection that follows the journal.
type applier interface {
	Apply(ctx context.Context, entries []handover.Entry) error
}

// reading returns facts after an offset, in order; none at the journal's end.
type reading func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)

// catchUp brings the projections up to the journal's end. The record needs it
// before the first message is composed, the trace so that the pipeline knows
// where to go on.
func (e *Engine) catchUp(ctx context.Context) error {
	traced, err := e.trace.Applied(ctx)
	if err != nil {
		return fmt.Errorf("asking the trace how far it is: %w", err)
	}
	if _, err := e.apply(ctx, facts{e.journal}.outlines, e.trace, traced); err != nil {
		return fmt.Errorf("bringing the trace up to date: %w", err)
	}
	if _, err := e.apply(ctx, facts{e.journal}.After, e.record, e.record.Applied()); err != nil {
		return fmt.Errorf("bringing the record up to date: %w", err)
	}
	return nil
}

// apply gives a projection all facts after an offset, and returns the last one.
func (e *Engine) apply(ctx context.Context, read reading, to applier, after handover.Offset) (handover.Offset, error) {
	for {
		entries, err := read(ctx, after, followBatch)
		if err != nil || len(entries) == 0 {
			return after, err
		}
		if err := to.Apply(ctx, entries); err != nil {
			return after, err
		}
		after = entries[len(entries)-1].Offset
	}
}

// followTrace keeps the trace up to date until ctx ends. A fault is tried
// again: the trace may be late, but passes nothing over.
func (e *Engine) followTrace(ctx context.Context) error {
	after, err := e.trace.Applied(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		after, err = e.apply(ctx, e.live().Outlines, e.trace, after)
		if err == nil {
			sleep(ctx, followPause)
			_, err = e.journal.Wait(ctx, after)
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("the trace is behind and tries again", "after", after, "error", err)
			sleep(ctx, time.Second)
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
