package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"handover"
	"handover/bodies"
	"handover/internal/spool"
	"handover/transform/embedded"
)

// longFact is the length in bytes above which a fact goes to the journal as a
// file, so that it does not hold up the small ones.
const longFact = 256 << 10

// composed is a batch that is composed and not yet in the journal.
type composed struct {
	batch     []work
	drafts    []handover.Draft
	documents map[int]*embedded.Document // by the index of their draft, which has no body yet
	room      []byte                     // where the drafts' long bodies stand
}

// expect lets the record read what composing each batch will ask for, while the
// batch before it is composed.
func (p *pipeline) expect(ctx context.Context, in <-chan []work, out chan<- []work) {
	defer close(out)
	for batch := range in {
		var expected []*handover.Assertions
		for i := range batch {
			if batch[i].asserted != nil {
				expected = append(expected, batch[i].asserted)
			}
		}
		done := p.insist(ctx, "reading what is held", func() error { return p.record.Expect(ctx, expected) })
		if !done {
			return
		}
		select {
		case out <- batch:
		case <-ctx.Done():
			return
		}
	}
}

// compose makes facts of each batch, in order, until the channel is closed or
// ctx ends. What fails is tried again: nothing may be passed over.
func (p *pipeline) compose(ctx context.Context, in <-chan []work, out chan<- composed) {
	defer close(out)
	for batch := range in {
		c := composed{batch: batch}
		select {
		case c.room = <-p.rooms:
		case <-ctx.Done():
			return
		}
		done := p.insist(ctx, "composing messages", func() (err error) {
			if err = p.composeOne(ctx, &c); err != nil {
				p.startOver(ctx)
			}
			return err
		})
		if !done {
			return
		}
		p.underway.Add(1)
		select {
		case out <- c:
		case <-ctx.Done():
			return
		}
	}
}

// composeOne composes what the batch makes of the record.
func (p *pipeline) composeOne(ctx context.Context, c *composed) error {
	c.drafts, c.documents, c.room = nil, map[int]*embedded.Document{}, c.room[:0]
	for i := range c.batch {
		w := &c.batch[i]
		if w.asserted != nil {
			writes, err := p.record.Compose(ctx, w.message.Offset, *w.asserted)
			switch {
			case err == nil:
				w.writes = writes
			case handover.KindOf(err) == handover.Invalid:
				// It will never be understood: trying again would hold up all others.
				w.asserted, w.decision = nil, waits("not-composed", w.decision, err)
			default:
				return fmt.Errorf("composing offset %d: %w", w.message.Offset, err)
			}
		}
		if err := p.draft(ctx, c, w); err != nil {
			return err
		}
	}
	return nil
}

// append keeps the facts of each batch, all at once, until the channel is
// closed or ctx ends. A failed append is tried again with the same facts: they
// stay right, since nobody else appends what the record is made of.
func (p *pipeline) append(ctx context.Context, in <-chan composed, out chan<- decided) {
	defer close(out)
	for c := range in {
		d := decided{batch: c.batch}
		done := p.insist(ctx, "deciding messages", func() (err error) {
			d.entries, err = p.appendOne(ctx, &c)
			return err
		})
		if !done {
			return
		}
		p.appended.Store(int64(d.entries[len(d.entries)-1].Offset))
		p.underway.Add(-1)
		if c.batch[0].isLarge() {
			<-p.large
		}
		p.tellDecided(&d)
		d.lighten()
		if cap(c.room) > maxRoom {
			c.room = nil
		}
		p.rooms <- c.room
		select {
		case out <- d:
		case <-ctx.Done():
			return
		}
	}
}

func (p *pipeline) appendOne(ctx context.Context, c *composed) ([]handover.Entry, error) {
	drafts := slices.Clone(c.drafts) // whose bodies may become files, and files are used up
	discard, err := p.spoolLong(drafts, c.documents)
	defer discard()
	if err != nil {
		return nil, err
	}
	receipts, err := p.journal.Append(ctx, drafts)
	if err != nil {
		return nil, err
	}
	return entriesOf(c.drafts, receipts), nil
}

// startOver forgets what was composed in vain. Before that, everything that was
// composed before must be in the tables.
func (p *pipeline) startOver(ctx context.Context) {
	for p.underway.Load() > 0 && ctx.Err() == nil {
		sleep(ctx, gather)
	}
	if p.record.Wait(ctx, handover.Offset(p.appended.Load())) == nil {
		p.record.Reset()
	}
}

// waits makes a decision one that waits for a person, and says why.
func waits(reason string, d handover.Decision, err error) handover.Decision {
	d.State, d.Reason = handover.StateWaiting, reason
	d.Problems = append(d.Problems, handover.Problem{Text: err.Error()})
	return d
}

// draft adds the facts that follow from a message, in the order in which they
// are applied.
func (p *pipeline) draft(ctx context.Context, c *composed, w *work) error {
	h := handover.Header{Release: p.release, Source: w.message.Source, Cause: w.message.Offset}
	if w.asserted != nil {
		w.decision.Record = w.writes.Tally(len(w.asserted.Resources))
	}
	decision := w.decision
	toFHIR := func(d handover.Delivery) bool { return p.fhir[d.To] }
	if len(w.writes.Writes) == 0 && slices.ContainsFunc(decision.Deliveries, toFHIR) { // there is nothing to say to it
		decision.Deliveries = slices.DeleteFunc(slices.Clone(decision.Deliveries), toFHIR)
	}
	decided := h
	decided.Kind, decided.Class = handover.Decided, handover.KeepForever
	c.drafts = append(c.drafts, factDraft(decided, decision, nil))
	if w.asserted == nil {
		return nil
	}
	if err := p.enclose(ctx, c, w, h); err != nil {
		return err
	}
	var shapes, asserted, written []byte
	shapes, asserted, written, c.room = p.record.Facts(c.room, w.message.Offset, w.asserted, &w.writes)
	h.Actor, h.Format = handover.Engine.ID, bodies.MediaType
	if shapes != nil {
		shaped := handover.Header{Kind: handover.Shaped, Class: handover.KeepForever, Actor: h.Actor, Format: h.Format}
		c.drafts = append(c.drafts, handover.Draft{Header: shaped, Body: handover.Body{Bytes: shapes}})
	}
	h.Class = handover.KeepRecord
	h.Kind = handover.Asserted
	c.drafts = append(c.drafts, handover.Draft{Header: h, Body: handover.Body{Bytes: asserted}})
	h.Kind = handover.Written
	c.drafts = append(c.drafts, handover.Draft{Header: h, Body: handover.Body{Bytes: written}})
	return nil
}

// enclose adds the documents that are not in the journal yet.
func (p *pipeline) enclose(ctx context.Context, c *composed, w *work, h handover.Header) error {
	for i := range w.enclosed {
		d := &w.enclosed[i]
		key := handover.DocumentKey(p.siteKey, d.Digest)
		at, err := p.record.Enclosed(ctx, key)
		if err != nil {
			return err
		}
		if at > 0 {
			continue
		}
		h.Kind, h.Class, h.Actor, h.Format = handover.Enclosed, handover.KeepRecord, handover.Engine.ID, d.MediaType
		c.documents[len(c.drafts)] = d
		c.drafts = append(c.drafts, handover.Draft{Header: h, Key: key})
	}
	return nil
}

// maxRoom is how many bytes of room are kept from one batch to the next.
const maxRoom = 8 << 20

// spoolLong turns documents and the bodies of long facts into synced files,
// which the journal takes over. discard removes those that it did not take.
func (p *pipeline) spoolLong(drafts []handover.Draft, documents map[int]*embedded.Document) (discard func(), err error) {
	var files []*spool.File
	discard = func() {
		for _, f := range files {
			_ = f.Discard() // swept by the next start
		}
	}
	for i := range drafts {
		body := &drafts[i].Body
		var content io.WriterTo = documents[i]
		if documents[i] == nil {
			if len(body.Bytes) <= longFact {
				continue
			}
			content = bytes.NewReader(body.Bytes)
		}
		f, err := p.spool.Create()
		if err != nil {
			return discard, err
		}
		files = append(files, f)
		if _, err := content.WriteTo(f); err != nil {
			return discard, fmt.Errorf("writing a long fact: %w", err)
		}
		body.Bytes = nil
		if body.File, body.Size, err = f.Keep(); err != nil {
			return discard, fmt.Errorf("writing a long fact: %w", err)
		}
	}
	return discard, nil
}

// entriesOf are the appended drafts as the journal would read them back.
func entriesOf(drafts []handover.Draft, receipts []handover.Receipt) []handover.Entry {
	entries := make([]handover.Entry, len(drafts))
	for i, d := range drafts {
		d.Header.Time = receipts[i].Time
		entries[i] = handover.Entry{Offset: receipts[i].Offset, Header: d.Header, Key: d.Key, Body: d.Body}
	}
	return entries
}
