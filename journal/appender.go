package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"handover"
	"handover/internal/store"
)

// appender is what must be known to append: the end of the journal.
type appender struct {
	tail   handover.Offset
	time   time.Time // of the last fact
	edge   frontier
	window *window
	block  markBlock // marks that no stored block has yet
	since  handover.Offset
}

// load finds the end of the journal and the messages in the window.
func (j *Journal) load(ctx context.Context) error {
	tail, err := j.ledger.acquire(ctx)
	if err != nil {
		return err
	}
	a := &appender{tail: tail, window: newWindow(j.config.Window)}
	if a.edge, err = loadFrontier(ctx, j.ledger, int64(tail)); err != nil {
		return err
	}
	if tail > 0 {
		last, err := j.ledger.read(ctx, tail, 1)
		if err != nil || len(last) != 1 {
			return errors.Join(err, fmt.Errorf("the last fact, %d, cannot be read", tail))
		}
		a.time = last[0].head.Time
	}
	if err := j.loadWindow(ctx, a); err != nil {
		return fmt.Errorf("reading the marks against duplicates: %w", err)
	}
	j.state = a
	j.moveTail(tail)
	return nil
}

func (j *Journal) loadWindow(ctx context.Context, a *appender) error {
	oldest := j.config.Now().UnixMilli() - a.window.length
	var blocks []markBlock
	err := j.ledger.marks(ctx, func(b markBlock) bool {
		if b.at > a.tail {
			return true // of a commit that does not count
		}
		if len(blocks) == 0 {
			a.since = b.at
		}
		blocks = append(blocks, b)
		return b.time >= oldest
	})
	if err != nil {
		return err
	}
	n := 0
	for _, b := range blocks {
		n += len(b.marks)
	}
	all := make([]marked, 0, n+blockMarks)
	for _, b := range slices.Backward(blocks) {
		for _, m := range b.marks {
			if m.time >= oldest {
				all = append(all, m)
			}
		}
	}
	for from := a.since + 1; from <= a.tail; {
		facts, err := j.ledger.read(ctx, from, 1000)
		if err != nil {
			return err
		}
		if len(facts) == 0 {
			return fmt.Errorf("fact %d is not there", from)
		}
		for i := range facts {
			if f := &facts[i]; f.at <= a.tail && len(f.mark) == markSize {
				m := marked{f.at, f.head.Time.UnixMilli(), [markSize]byte(f.mark)}
				a.block.marks = append(a.block.marks, m)
				all = append(all, m)
			}
		}
		from = facts[len(facts)-1].at + 1
	}
	a.window.fill(all)
	return nil
}

// commit writes the batch and fills in each request's receipts or error.
func (j *Journal) commit(ctx context.Context, batch []*request) {
	err := j.try(ctx, batch)
	if err == nil {
		return
	}
	if !store.Full(err) {
		failAll(batch, err)
		return
	}
	// The disk is full: messages are refused, what follows from those that
	// were taken goes into the reserve.
	j.space.exhausted()
	var rest []*request
	for _, r := range batch {
		if r.intake {
			r.err = err
		} else {
			rest = append(rest, r)
		}
	}
	if len(rest) == 0 {
		return
	}
	if len(rest) == len(batch) && !j.space.spend() {
		failAll(rest, err)
		return
	}
	if err = j.try(ctx, rest); store.Full(err) && j.space.spend() {
		err = j.try(ctx, rest)
	}
	if err != nil {
		failAll(rest, err)
	}
}

func failAll(batch []*request, err error) {
	for _, r := range batch {
		r.err = errors.Join(r.err, err)
	}
}

// try makes one attempt to commit the batch. Requests that cannot be part of
// it get their own error and do not fail the others.
func (j *Journal) try(ctx context.Context, batch []*request) error {
	if _, err := j.ledger.acquire(ctx); err != nil || j.state == nil {
		if err == nil {
			err = j.load(ctx)
		}
		if err != nil {
			j.state = nil
			return err
		}
	}
	b := &builder{journal: j, a: j.state, next: j.state.tail + 1, pending: map[string]handover.Offset{}}
	b.now = time.UnixMilli(max(j.config.Now().UnixMilli(), j.state.time.UnixMilli())).UTC()
	for _, r := range batch {
		r.err = b.add(ctx, r)
	}
	if len(b.c.facts) == 0 {
		return nil
	}
	b.finish()
	if err := j.ledger.append(ctx, &b.c); err != nil {
		if errors.Is(err, errFenced) || errors.Is(err, errUnknown) {
			j.state = nil
		}
		return err
	}
	b.settle()
	return nil
}

// emptySum is the SHA-256 of no content.
var emptySum = sha256.Sum256(nil)

// builder makes a commit of requests.
type builder struct {
	journal *Journal
	a       *appender
	c       commit
	now     time.Time
	next    handover.Offset
	pack    []packable
	order   []int                      // for each of pack, the index of its fact
	pending map[string]handover.Offset // marks of this commit
	marks   []marked
	edge    frontier
}

// add appends one request's facts, or none of them.
func (b *builder) add(ctx context.Context, r *request) error {
	was := *b
	r.receipts = make([]handover.Receipt, len(r.items))
	var added []marked
	for i := range r.items {
		it := &r.items[i]
		f := fact{at: b.next, head: it.draft.Header, key: it.draft.Key}
		f.head.Time = b.now
		if c := it.draft.CauseInBatch; c != nil {
			cause := r.receipts[*c]
			if cause.First != 0 {
				r.receipts[i] = handover.Receipt{First: cause.First, Time: b.now}
				continue
			}
			f.head.Cause = cause.Offset
		}
		receipt := handover.Receipt{Offset: f.at, Time: b.now}
		first, same, err := b.earlier(ctx, it.mark)
		if err != nil {
			b.restore(&was, added)
			return err
		}
		receipt.First, receipt.SameControl = first, same
		if first != 0 {
			f.head.Kind, f.head.Cause, f.head.Class = handover.Repeated, first, handover.KeepForever
			f.head.Format, f.head.Answer = "", ""
		} else if it.mark != nil {
			f.mark = it.mark
			m := marked{f.at, b.now.UnixMilli(), [markSize]byte(it.mark)}
			added = append(added, m)
			b.remember(m)
		}
		b.place(f, it, first != 0)
		r.receipts[i] = receipt
		b.next++
	}
	return nil
}

// restore takes back a request that turned out not to fit.
func (b *builder) restore(was *builder, added []marked) {
	for _, m := range added {
		for _, key := range []string{string(m.mark[:]), string(m.mark[exactSize:])} {
			if b.pending[key] == m.at {
				delete(b.pending, key)
			}
		}
	}
	*b = *was
}

// remember notes a message of this commit.
func (b *builder) remember(m marked) {
	b.pending[string(m.mark[:])] = m.at
	if _, known := b.pending[string(m.mark[exactSize:])]; !known {
		b.pending[string(m.mark[exactSize:])] = m.at
	}
	b.marks = append(b.marks, m)
}

// place adds the fact with its body, which a repeated message does not have.
func (b *builder) place(f fact, it *item, repeated bool) {
	switch {
	case repeated:
		f.digest = digestOf(it.salt, emptySum)
		f.body = plainBody(it.salt, nil)
	case it.kept != "":
		f.size = it.draft.Body.Size
		f.digest = digestOf(it.salt, it.sum)
		f.body = fileBody(it.salt, it.kept)
	default:
		f.size = int64(len(it.content))
		f.digest = digestOf(it.salt, it.sum)
		b.order = append(b.order, len(b.c.facts))
		b.pack = append(b.pack, packable{salt: it.salt, content: it.content, frame: it.frame})
	}
	b.c.facts = append(b.c.facts, f)
}

// earlier finds the message that a mark repeats, and one with the same control
// id but other bytes.
func (b *builder) earlier(ctx context.Context, mark []byte) (first, same handover.Offset, err error) {
	if mark == nil {
		return 0, 0, nil
	}
	now := b.now.UnixMilli()
	for _, at := range b.a.window.candidates(mark, now) {
		facts, err := b.journal.ledger.read(ctx, at, 1)
		if err != nil {
			return 0, 0, fmt.Errorf("looking for an earlier message: %w", err)
		}
		if len(facts) != 1 || facts[0].at != at || now-facts[0].head.Time.UnixMilli() > b.a.window.length {
			continue
		}
		switch earlier := facts[0].mark; {
		case bytes.Equal(earlier, mark):
			return at, 0, nil
		case len(earlier) == markSize && bytes.Equal(earlier[exactSize:], mark[exactSize:]) && same == 0:
			same = at
		}
	}
	if at, ok := b.pending[string(mark)]; ok {
		return at, 0, nil
	}
	if same == 0 {
		same = b.pending[string(mark[exactSize:])]
	}
	return 0, same, nil
}

// finish packs the bodies and computes the tree.
func (b *builder) finish() {
	for i := range b.pack {
		b.pack[i].f = &b.c.facts[b.order[i]]
	}
	b.journal.comp.pack(b.pack, target)
	b.edge = b.a.edge.clone()
	for i := range b.c.facts {
		b.c.nodes = append(b.c.nodes, b.edge.add(b.c.facts[i].leaf())...)
	}
	last := b.c.last()
	if len(b.a.block.marks)+len(b.marks) >= blockMarks || last-b.a.since >= blockFacts {
		b.c.block = &markBlock{at: last, time: b.now.UnixMilli(), marks: slices.Concat(b.a.block.marks, b.marks)}
	}
}

// settle makes the commit part of what the appender knows.
func (b *builder) settle() {
	a := b.a
	a.tail, a.time, a.edge = b.c.last(), b.now, b.edge
	for _, m := range b.marks {
		a.window.add(m)
	}
	if b.c.block != nil {
		a.since, a.block = b.c.block.at, markBlock{}
	} else {
		a.block.marks = append(a.block.marks, b.marks...)
	}
	b.journal.moveTail(a.tail)
}
