package app

import (
	"context"
	"slices"

	"handover"
)

// applyBatch is how many messages at most go into the record's tables in one
// transaction. Under load, many in one cost far less than few in many: most of
// what is written are pages of indexes, and each counts once a transaction.
const applyBatch = 256

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

// apply takes what is decided into the record's tables, as much at once as has
// gathered, and tells those who wait for it. It ends when the channel does.
func (p *pipeline) apply(ctx context.Context, in <-chan decided) {
	for next := range in {
		for more := true; more && len(next.batch) < applyBatch; {
			select {
			case d, open := <-in:
				next.batch = slices.Concat(next.batch, d.batch)
				next.entries = slices.Concat(next.entries, d.entries)
				more = open
			default:
				more = false
			}
		}
		if !p.applyOne(ctx, next) {
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
