package app

import (
	"context"
	"sync"
	"time"

	"handover"
)

// How many facts are remembered at most, and how many bytes of their bodies.
const (
	recentFacts = 8192
	recentBytes = 8 << 20
)

// recent remembers the facts that were appended last, so that what follows the
// journal closely need not unpack them again. It may lack any fact: whoever
// finds a hole reads the journal.
type recent struct {
	mu    sync.Mutex
	facts [recentFacts]*handover.Entry // each at its offset modulo the length
	low   handover.Offset              // nothing is remembered below
	high  handover.Offset              // nor above
	grown chan struct{}                // closed when there is more
	bytes int
}

// slot is where a fact stands if it is remembered.
func (r *recent) slot(at handover.Offset) **handover.Entry { return &r.facts[at%recentFacts] }

// get returns the fact, nil if it is not remembered.
func (r *recent) get(at handover.Offset) *handover.Entry {
	if e := *r.slot(at); e != nil && e.Offset == at {
		return e
	}
	return nil
}

// add remembers facts as the journal would read them back, with two exceptions:
// bodies of Asserted and Written facts are left out (they are long, and the
// record has what they say), and messages that the journal changed or keeps as
// files are holes.
func (r *recent) add(drafts []handover.Draft, receipts []handover.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, d := range drafts {
		at := receipts[i]
		if at.First != 0 || at.Offset == 0 || d.Body.File != "" {
			continue
		}
		e := &handover.Entry{Offset: at.Offset, Header: d.Header, Key: d.Key, Body: d.Body}
		e.Time = at.Time
		if d.CauseInBatch != nil {
			e.Cause = receipts[*d.CauseInBatch].Offset
		}
		if e.Kind == handover.Asserted || e.Kind == handover.Written {
			e.Body = handover.Body{}
		}
		r.put(e)
		r.high = max(r.high, e.Offset)
	}
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
}

// soon is how long a fact is waited for that is in the journal and not yet here, if it
// is among the last.
const (
	soon    = 2 * time.Millisecond
	soonOff = 256
)

// await waits a moment for a fact that has just been appended: who waits for the journal
// hears of it before whoever appended it has put it here, and to unpack it costs more.
// What the journal adds by itself, and what is kept as a file, never comes.
func (r *recent) await(at handover.Offset) {
	late := time.NewTimer(soon)
	defer late.Stop()
	for {
		r.mu.Lock()
		if r.high == 0 || at+soonOff < r.high || r.get(at) != nil {
			r.mu.Unlock()
			return
		}
		if r.grown == nil {
			r.grown = make(chan struct{})
		}
		grown := r.grown
		r.mu.Unlock()
		select {
		case <-grown:
		case <-late.C:
			return
		}
	}
}

// put remembers one fact and forgets the oldest ones for it.
func (r *recent) put(e *handover.Entry) {
	if e.Offset < r.low {
		return
	}
	if r.low == 0 {
		r.low = e.Offset
	}
	for ; r.low <= e.Offset-recentFacts; r.low++ {
		r.drop(r.slot(r.low))
	}
	*r.slot(e.Offset) = e
	for r.bytes += len(e.Body.Bytes); r.bytes > recentBytes; r.low++ {
		r.drop(r.slot(r.low))
	}
}

func (r *recent) drop(slot **handover.Entry) {
	if *slot != nil {
		r.bytes -= len((*slot).Body.Bytes)
		*slot = nil
	}
}

// from returns the remembered facts from an offset on, without holes, and where
// the first one after a hole is (0: nowhere), if the offset itself is one.
func (r *recent) from(at handover.Offset, limit int) (found []handover.Entry, next handover.Offset) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := handover.Offset(0)
	for n < handover.Offset(limit) && r.get(at+n) != nil {
		n++
	}
	if n > 0 {
		found = make([]handover.Entry, n)
		for i := range found {
			found[i] = *r.get(at + handover.Offset(i))
		}
		return found, 0
	}
	for next = max(at, r.low); next < at+recentFacts; next++ {
		if r.get(next) != nil {
			return nil, next
		}
	}
	return nil, 0
}

// find returns a copy of the fact if it is remembered.
func (r *recent) find(at handover.Offset) (handover.Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.get(at); e != nil {
		return *e, true
	}
	return handover.Entry{}, false
}

// live is the journal as those who follow it closely read it.
type live struct {
	facts
	recent *recent
}

func (e *Engine) live() live { return live{facts{e.journal}, &e.recent} }

// Append keeps the drafts, and remembers them.
func (l live) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	receipts, err := l.facts.Append(ctx, drafts)
	if err == nil {
		l.recent.add(drafts, receipts)
	}
	return receipts, err
}

// near reads one fact, which is a message and probably among the last.
func (l live) near(ctx context.Context, at handover.Offset) (handover.Entry, error) {
	if e, ok := l.recent.find(at); ok {
		return e, nil
	}
	return l.Get(ctx, at)
}

// Outlines returns the facts after an offset, in order. Bodies of Asserted and
// Written facts may be missing, and long ones are files.
func (l live) Outlines(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	if after < l.Tail() {
		l.recent.await(after + 1)
	}
	found, next := l.recent.from(after+1, limit)
	if found != nil {
		return found, nil
	}
	if next > 0 {
		limit = int(min(handover.Offset(limit), next-after-1)) // the hole, and no more
	}
	return l.outlines(ctx, after, limit)
}

// Messages returns about as many Received facts after an offset, and the offset
// up to which it looked.
func (l live) Messages(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, handover.Offset, error) {
	var messages []handover.Entry
	for len(messages) < limit && after < l.Tail() {
		entries, err := l.Outlines(ctx, after, limit)
		if err != nil {
			return nil, after, err
		}
		for _, e := range entries {
			if after = e.Offset; e.Kind == handover.Received {
				messages = append(messages, e)
			}
		}
		if len(entries) == 0 {
			break
		}
	}
	return messages, after, nil
}
