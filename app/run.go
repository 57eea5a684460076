package app

import (
	"context"
	"errors"
	"sync"

	"handover"
)

// Run works until ctx ends: then no more messages are taken in, what is in
// hand is answered, and what is kept stays for the next start. It returns what
// went wrong, or nil.
func (e *Engine) Run(ctx context.Context) error {
	after, err := e.undecided(ctx)
	switch {
	case ctx.Err() != nil: // it was stopped as soon as it was started
		return nil
	case err != nil:
		return err
	}
	// The rest must outlive the doors: a sender may wait to hear that its
	// message is in the record.
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	outer, stopOuter := context.WithCancel(ctx)
	defer stopOuter()
	context.AfterFunc(outer, func() { close(e.ending) })
	var behind, doors sync.WaitGroup
	var faults faults
	behind.Go(func() {
		faults.add(e.journal.Run(inner, func(err error) { e.log.Error("tending the journal", "error", err) }))
	})
	behind.Go(func() { faults.add(e.followTrace(inner)) })
	behind.Go(func() {
		faults.add(e.pipeline().run(inner, after))
		stopOuter() // whatever ended it, nothing would be decided any more
	})
	behind.Go(func() { e.balance.Run(inner) })
	behind.Go(func() { e.alerts.Run(inner) })
	behind.Go(func() { e.keepCounting(inner) })
	stopTelling := e.tellTraces(ctx)
	var sending sync.WaitGroup
	sending.Go(func() { e.deliveries.Run(inner) })
	for _, d := range e.doors() {
		doors.Go(func() {
			faults.add(d.Run(outer))
			stopOuter()
		})
	}
	doors.Wait()
	stopInner()
	sending.Wait()
	e.lastCount(ctx)
	behind.Wait()
	stopTelling()
	return faults.join()
}

func (e *Engine) pipeline() *pipeline {
	return &pipeline{
		journal: e.live(), routes: e.routes, converters: e.converters(), record: e.record,
		records: &e.records, counters: &e.counters, release: e.config.Site.Release, fhir: e.fhir, log: e.log,
		siteKey: e.key, spool: e.spool, large: make(chan struct{}, 1), traces: e.traces, now: e.config.Now,
	}
}

// undecided returns the offset after which the pipeline goes on: that before
// the first message nobody has decided. What the trace does not know yet, nobody
// has.
func (e *Engine) undecided(ctx context.Context) (handover.Offset, error) {
	after, err := e.trace.Applied(ctx)
	if err != nil {
		return 0, err
	}
	first, err := e.trace.Undecided(ctx, 0, 1)
	if err != nil {
		return 0, err
	}
	if len(first) > 0 {
		after = first[0] - 1
	}
	e.records.begin(after)
	return after, nil
}

// faults gathers what went wrong in several goroutines.
type faults struct {
	mu  sync.Mutex
	all []error
}

func (f *faults) add(err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, err)
}

func (f *faults) join() error { return errors.Join(f.all...) }
