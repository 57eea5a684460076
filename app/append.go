package app

import (
	"context"
	"fmt"

	"handover"
	"handover/internal/spool"
)

// longFact is the length in bytes above which a fact goes to the journal as a
// file, so that it does not hold up the small ones.
const longFact = 256 << 10

// append composes what the batch makes of the record and appends its facts.
func (p *pipeline) append(ctx context.Context, batch []work) ([]handover.Entry, error) {
	var expected []*handover.Assertions
	for i := range batch {
		if batch[i].asserted != nil {
			expected = append(expected, batch[i].asserted)
		}
	}
	if err := p.record.Expect(ctx, expected); err != nil {
		return nil, fmt.Errorf("reading what is held: %w", err)
	}
	if cap(p.room) > maxRoom {
		p.room = nil
	}
	p.room = p.room[:0]
	var drafts []handover.Draft
	for i := range batch {
		w := &batch[i]
		if w.asserted != nil {
			writes, err := p.record.Compose(ctx, w.message.Offset, *w.asserted)
			switch {
			case err == nil:
				w.writes = writes
			case handover.KindOf(err) == handover.Invalid:
				// It will never be understood: trying again would hold up all others.
				w.asserted, w.decision = nil, waits("not-composed", w.decision, err)
			default:
				return nil, fmt.Errorf("composing offset %d: %w", w.message.Offset, err)
			}
		}
		drafts = append(drafts, p.drafts(w)...)
	}
	discard, err := p.spoolLong(drafts)
	defer discard()
	if err != nil {
		return nil, err
	}
	receipts, err := p.journal.Append(ctx, drafts)
	if err != nil {
		return nil, err
	}
	return entriesOf(drafts, receipts), nil
}

// waits makes a decision one that waits for a person, and says why.
func waits(reason string, d handover.Decision, err error) handover.Decision {
	d.State, d.Reason = handover.StateWaiting, reason
	d.Problems = append(d.Problems, handover.Problem{Text: err.Error()})
	return d
}

// drafts are the facts that follow from a message, in the order in which they
// are applied.
func (p *pipeline) drafts(w *work) []handover.Draft {
	h := handover.Header{Release: p.release, Source: w.message.Source, Cause: w.message.Offset}
	decided := h
	decided.Kind, decided.Class = handover.Decided, handover.KeepForever
	out := []handover.Draft{factDraft(decided, w.decision, nil)}
	if w.asserted == nil {
		return out
	}
	asserted, written := h, h
	asserted.Kind, asserted.Class = handover.Asserted, handover.KeepRecord
	written.Kind, written.Class = handover.Written, handover.KeepRecord
	return append(out, p.longDraft(asserted, w.asserted), p.longDraft(written, &w.writes))
}

// longDraft makes a fact whose body stands in the pipeline's own room, which
// the next batch uses again: nobody holds it once it is appended.
func (p *pipeline) longDraft(h handover.Header, body interface{ AppendJSON([]byte) []byte }) handover.Draft {
	h.Actor, h.Format = handover.Engine.ID, "application/json"
	begin := len(p.room)
	p.room = body.AppendJSON(p.room)
	return handover.Draft{Header: h, Body: handover.Body{Bytes: p.room[begin:len(p.room):len(p.room)]}}
}

// maxRoom is how many bytes of room are kept from one batch to the next.
const maxRoom = 8 << 20

// spoolLong turns the bodies of long facts into synced files, which the journal
// takes over. discard removes those that it did not take.
func (p *pipeline) spoolLong(drafts []handover.Draft) (discard func(), err error) {
	var files []*spool.File
	discard = func() {
		for _, f := range files {
			_ = f.Discard() // swept by the next start
		}
	}
	for i := range drafts {
		body := &drafts[i].Body
		if len(body.Bytes) <= longFact {
			continue
		}
		f, err := p.spool.Create()
		if err != nil {
			return discard, err
		}
		files = append(files, f)
		if _, err := f.Write(body.Bytes); err != nil {
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
