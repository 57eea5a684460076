package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"sync"

	"handover"
	"handover/app/telemetry"
	"handover/deliver"
	"handover/wire"
)

// openTraces opens what traces are told to, if the configuration names it.
func (e *Engine) openTraces(context.Context) (err error) {
	s := e.config.Site.Telemetry
	if s == nil {
		return nil
	}
	var secured *tls.Config
	if s.TLS != nil {
		if secured, err = clientTLS(*s.TLS); err != nil {
			return err
		}
	}
	header := http.Header{}
	for _, h := range s.Headers {
		header.Add(h.Name, h.Value)
	}
	e.traces = telemetry.New(telemetry.Config{
		URL: s.Traces, Header: header, TLS: secured, Share: s.Share, SiteKey: e.key, Version: Version, Log: e.log,
	})
	e.afterwards = make(chan afterFact, afterRoom)
	return nil
}

// tellTraces tells traces until the returned function is called, which waits for what
// is left. By then nothing else may run.
func (e *Engine) tellTraces(ctx context.Context) (stop func()) {
	if e.traces == nil {
		return func() {}
	}
	ctx, stopTraces := context.WithCancel(context.WithoutCancel(ctx))
	after, stopAfter := context.WithCancel(ctx)
	var traces, afterwards sync.WaitGroup
	traces.Go(func() { e.traces.Run(ctx) })
	afterwards.Go(func() { e.tellAfterwards(after) })
	return func() {
		stopAfter()
		afterwards.Wait()
		stopTraces()
		traces.Wait()
	}
}

// traceID returns the id of the trace of a message. One that came again without a
// context of its own belongs to the first.
func (e *Engine) traceID(ctx context.Context, received handover.Entry) string {
	if received.Kind == handover.Repeated && received.Trace == "" {
		first, err := e.live().near(ctx, received.Cause)
		if err != nil {
			return ""
		}
		received = first
	}
	return e.traces.ID(telemetry.MessageOf(received.Offset, &received.Header))
}

// tellDecided tells what became of a batch.
func (p *pipeline) tellDecided(d *decided) {
	if p.traces == nil {
		return
	}
	now, i := p.now(), 0
	for _, e := range d.entries {
		if e.Kind != handover.Decided { // of which there is one for each message, in order
			continue
		}
		w := &d.batch[i]
		i++
		p.traces.Decided(telemetry.MessageOf(w.message.Offset, &w.message.Header), telemetry.Decision{
			Fact: e.Offset, Source: w.message.Source, Release: p.release, Start: w.began, End: now,
			Decided: &w.decision, Versions: len(w.writes.Writes),
		})
	}
}

// tellingSender is a sender that tells of each try, and gives its place in the trace to
// the receiver.
type tellingSender struct {
	deliver.Sender
	engine *Engine
}

// Send sends, and tells how that ended.
func (s tellingSender) Send(ctx context.Context, message []byte) handover.Outcome {
	t, ok := deliver.TryOf(ctx)
	traces := s.engine.traces
	if !ok || t.Header.Time.IsZero() || traces == nil && t.Header.Trace == "" {
		return s.Sender.Send(ctx, message)
	}
	m := telemetry.MessageOf(t.Message, &t.Header)
	parent, state := traces.Onward(m, t.Attempt)
	start := s.engine.config.Now()
	o := s.Sender.Send(wire.WithTrace(ctx, wire.Trace{Parent: parent, State: state}), message)
	traces.Attempted(m, &telemetry.Attempt{Attempt: t.Attempt, Since: t.Since, Start: start, End: s.engine.config.Now(), Outcome: o})
	return o
}

// tellingJournal is the journal as deliveries use it, which tells how they end.
type tellingJournal struct {
	delivered
	engine *Engine
}

// Append keeps the drafts, and tells what they say.
func (j tellingJournal) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	receipts, err := j.delivered.Append(ctx, drafts)
	if err != nil || j.engine.traces == nil {
		return receipts, err
	}
	t, sent := deliver.TryOf(ctx)
	sent = sent && !t.Header.Time.IsZero() // else the message could not be read
	for i := range drafts {
		if f := (afterFact{drafts[i].Header, drafts[i].Body.Bytes, receipts[i]}); sent {
			j.engine.tellEnd(t, f)
		} else {
			j.engine.tellLater(f)
		}
	}
	return receipts, nil
}

// tellEnd tells how the delivery ended that was just tried, if it did.
func (e *Engine) tellEnd(t deliver.Try, f afterFact) {
	d := telemetry.Delivery{DeliveryID: t.DeliveryID, Since: t.Since, End: e.config.Now(), Tries: t.Try}
	switch f.head.Kind {
	case handover.Ended:
		var r handover.Result
		if json.Unmarshal(f.body, &r) != nil || r.Ending != handover.Accepted {
			return
		}
		d.Ending = string(r.Ending)
	case handover.Parked:
		var p handover.Parking
		if json.Unmarshal(f.body, &p) != nil {
			return
		}
		d.Ending, d.Reason = f.head.Kind.String(), p.Reason
	default:
		return // the next try of another delivery, or an answer
	}
	e.traces.Delivered(telemetry.MessageOf(t.Message, &t.Header), d)
}
