package app

import (
	"context"
	"time"

	"handover"
)

// applyBatch is how many messages are enough for one transaction on the record's
// tables. Under load, many in one cost far less than few in many: most of what is
// written are pages of indexes, and each counts once a transaction. While more are
// on their way they are waited for, this long.
const (
	applyBatch    = 192
	applyPatience = 500 * time.Millisecond
)

// decided are messages whose facts are in the journal and not yet in the
// record's tables.
type decided struct {
	batch   []work
	entries []handover.Entry // without bodies, but for shapes: the record composed them itself
}

// lighten drops what nobody needs once the facts are in the journal: the record
// remembers what it composed, and reads the journal where it does not.
func (d *decided) lighten() {
	for i := range d.entries {
		if d.entries[i].Kind != handover.Shaped {
			d.entries[i].Body = handover.Body{}
		}
	}
	for i := range d.batch {
		d.batch[i].message.Body, d.batch[i].asserted, d.batch[i].enclosed = handover.Body{}, nil, nil
		d.batch[i].versions, d.batch[i].writes = len(d.batch[i].writes.Writes), handover.Writes{}
	}
}

// apply takes what is decided into the record's tables, as much at once as is
// good, and tells those who wait for it. It ends when the channel does.
func (p *pipeline) apply(ctx context.Context, in <-chan decided) {
	for next := range in {
		p.ahead.Add(-1)
		p.gatherMore(&next, in)
		if !p.applyOne(ctx, next) {
			return
		}
	}
}

// gatherMore adds to what is to be applied what is decided by now, and what is
// about to be, unless somebody waits to hear that his message is in the record.
func (p *pipeline) gatherMore(next *decided, in <-chan decided) {
	patience := time.NewTimer(applyPatience)
	defer patience.Stop()
	for len(next.batch) < applyBatch && (len(in) > 0 || p.ahead.Load() > 0 && !p.records.anyone()) {
		select {
		case d, open := <-in:
			if !open {
				return
			}
			p.ahead.Add(-1)
			next.batch = append(next.batch, d.batch...)
			next.entries = append(next.entries, d.entries...)
		case <-patience.C:
			return
		}
	}
}

// applyOne is one transaction. If it fails, what is missing is read from the
// journal, where it is for good: nothing may be passed over.
func (p *pipeline) applyOne(ctx context.Context, d decided) bool {
	try := func() error { return p.record.Apply(ctx, d.entries) }
	done := p.insist(ctx, "applying to the record", func() error {
		err := try()
		try = func() error { return p.bringUp(ctx) }
		return err
	})
	if !done {
		return false
	}
	for i := range d.batch {
		p.records.tell(d.batch[i].message.Offset, d.batch[i].decision)
	}
	p.through(d.batch[len(d.batch)-1].message.Offset)
	p.counters.add(d.batch)
	return true
}

// bringUp applies every fact that is in the journal and not yet in the record.
func (p *pipeline) bringUp(ctx context.Context) error {
	for {
		entries, err := p.journal.After(ctx, p.record.Applied(), batchSize)
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := p.record.Apply(ctx, entries); err != nil {
			return err
		}
	}
}
