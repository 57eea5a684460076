package balance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"handover"
)

// step is a stretch of a table that is held against the book. It returns where they
// differ; settled is false where the stretch changes too much to be told.
type step struct {
	name string
	do   func(ctx context.Context) (found []Finding, settled bool, err error)
}

// mostShare is how much of its time comparing takes where there is so much that a round
// would else take longer than it should: one part in so many.
const mostShare = 5

// compare holds one table after the other against the book, round and round.
func (b *Balance) compare(ctx context.Context) {
	var record walk
	for ctx.Err() == nil {
		if _, err := b.catchUp(ctx); err != nil { // what is not taken in cannot be compared
			sleep(ctx, time.Second)
			continue
		}
		steps := b.steps(&record)
		pace, whole := b.config.Round/time.Duration(max(len(steps), 1)), true
		for _, s := range steps {
			began := time.Now()
			whole = b.one(ctx, s) && whole
			took := time.Since(began)
			sleep(ctx, max(pace-took, took*(mostShare-1)))
			if ctx.Err() != nil {
				return
			}
		}
		if whole {
			b.roundEnded()
		}
	}
}

func (b *Balance) roundEnded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.round = time.Now().UTC()
}

// one does one step, and reports whether it could be done. What cannot be read now is read
// in the next round, and so is what is changing.
func (b *Balance) one(ctx context.Context, s step) bool {
	found, settled, err := s.do(ctx)
	if err != nil {
		if ctx.Err() == nil {
			b.log.Error("comparing the books", "what", s.name, "error", err)
		}
		return false
	}
	if !settled {
		return true
	}
	b.mu.Lock()
	delete(b.found, s.name)
	for _, f := range found {
		if b.found[s.name] == nil {
			b.found[s.name] = map[findingKey]*Finding{}
		}
		if len(b.found[s.name]) < MaxFindings {
			b.found[s.name][findingKey{f.Part, f.Offset}] = &f
		}
	}
	b.mu.Unlock()
	b.tell()
	return true
}

// How much of each table a step looks at.
const (
	deliveriesAtOnce = 64 * chunkSize // offsets
	rowsAtOnce       = 1 << 14        // of resources
)

// steps lists the steps of a round.
func (b *Balance) steps(record *walk) (out []step) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := range int64(len(b.book.ledger.sums)) {
		out = append(out, step{"messages " + strconv.FormatInt(n, 10), func(ctx context.Context) ([]Finding, bool, error) {
			return b.messages(ctx, n)
		}})
	}
	for _, to := range slices.Sorted(maps.Keys(b.book.kept.Open)) {
		for from := handover.Offset(0); from <= b.book.kept.At; from += deliveriesAtOnce {
			out = append(out, step{"deliveries " + to + " " + from.String(), func(ctx context.Context) ([]Finding, bool, error) {
				return b.deliveries(ctx, to, from)
			}})
		}
	}
	record.begin()
	for range max(record.stretches, 1) {
		out = append(out, step{"record", func(ctx context.Context) ([]Finding, bool, error) { return b.record(ctx, record) }})
	}
	return out
}

// messages compares the states of the messages of a chunk.
func (b *Balance) messages(ctx context.Context, n int64) (found []Finding, settled bool, err error) {
	from, before := handover.Offset(n*chunkSize), handover.Offset((n+1)*chunkSize)
	applied, messages, weight, err := b.config.Messages.Tally(ctx, from, before)
	if err = b.reach(ctx, applied, err); err != nil {
		return nil, false, err
	}
	b.mu.Lock()
	sum := b.book.ledger.sums[n]
	b.mu.Unlock()
	switch {
	case sum.touched > applied:
		return nil, false, nil
	case sum.messages == messages && sum.weight == weight:
		return nil, true, nil
	}
	applied, states, err := b.config.Messages.StatesOf(ctx, from, before)
	if err = b.reach(ctx, applied, err); err != nil {
		return nil, false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.book.ledger.at(n)
	if err != nil || b.book.ledger.sums[n].touched > applied {
		return nil, false, err
	}
	for i, value := range c.values {
		at := from + handover.Offset(i)
		state, there := states[at]
		switch is := value > 0 && value < versions; {
		case is && !there:
			found = append(found, differs(inMessages, at, "the trace does not have it; facts say that it is %s", handover.States[value-1]))
		case is && value != stateValue(state):
			found = append(found, differs(inMessages, at, "the trace has it as %s; facts say that it is %s", state, handover.States[value-1]))
		case !is && there:
			found = append(found, differs(inMessages, at, "the trace has it as a message, which it is not"))
		}
	}
	return found, true, nil
}

// differs is what is found now.
func differs(part string, at handover.Offset, format string, args ...any) Finding {
	return Finding{Part: part, Offset: at, Text: fmt.Sprintf(format, args...), Since: time.Now().UTC().Truncate(time.Millisecond)}
}

// deliveries compares which deliveries to a destination are open.
func (b *Balance) deliveries(ctx context.Context, to string, from handover.Offset) (found []Finding, settled bool, err error) {
	applied, parked, err := b.config.Deliveries.OpenIn(ctx, to, from, from+deliveriesAtOnce)
	if err = b.reach(ctx, applied, err); err != nil {
		return nil, false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	moved, known := b.book.movedAfter(applied, to)
	if !known {
		return nil, false, nil
	}
	for at := range b.book.kept.Open[to].from(from) {
		if at >= from+deliveriesAtOnce {
			break
		}
		isParked, there := parked[at]
		delete(parked, at)
		switch should := b.book.isParked(handover.DeliveryID{Of: at, To: to}); {
		case moved[at]:
		case !there:
			found = append(found, differs(inDeliveries, at, "delivery %d/%s is open by the facts, and is in no queue", at, to))
		case isParked != should:
			found = append(found, differs(inDeliveries, at, "delivery %d/%s is parked by only one of facts and queue", at, to))
		}
	}
	for at := range parked {
		if !moved[at] {
			found = append(found, differs(inDeliveries, at, "delivery %d/%s is in a queue, and ended or never was by the facts", at, to))
		}
	}
	return found, true, nil
}

// walk is how far a round is in the record, and what it has seen.
type walk struct {
	next      int64 // the row to go on after
	seen      int64 // stretches of this round
	stretches int64 // of the round before
	ended     bool
	from      handover.Offset // up to where facts were applied when the round began
	versions  int64
	fault     string // which ends the round
}

func (w *walk) begin() { *w = walk{stretches: w.seen} }

// record looks at the next stretch of resources, in the last step of a round at all
// that is left. If something is not there that must be, it looks at everything.
func (b *Balance) record(ctx context.Context, w *walk) (found []Finding, settled bool, err error) {
	for last := w.seen+1 >= w.stretches; !w.ended; {
		applied, next, versions, fault, err := b.config.Record.Sound(ctx, w.next, rowsAtOnce)
		if err != nil {
			return nil, false, err
		}
		if w.seen == 0 {
			w.from = applied
		}
		if fault != "" {
			w.fault = fmt.Sprintf("rows %d to %d: %s", w.next+1, w.next+rowsAtOnce, fault)
		}
		w.seen++
		w.versions += versions
		w.next, w.ended = next, next == 0 || fault != ""
		if w.ended {
			return b.walked(ctx, w, applied)
		}
		if !last {
			break
		}
	}
	return nil, false, nil
}

// walked ends a round of the record.
func (b *Balance) walked(ctx context.Context, w *walk, applied handover.Offset) (found []Finding, settled bool, err error) {
	if err := b.reach(ctx, applied, nil); err != nil {
		return nil, false, err
	}
	b.mu.Lock()
	should, known := b.book.versionsAt(applied)
	b.mu.Unlock()
	if w.fault == "" && applied == w.from && known && should != w.versions {
		w.fault = fmt.Sprintf("there are %d versions of resources; facts made %d", w.versions, should)
	}
	if w.fault == "" {
		return nil, true, nil
	}
	found, settled, err = b.audit(ctx)
	if err == nil && settled && len(found) == 0 {
		found = []Finding{differs(inRecord, 0, "%s", w.fault)}
	}
	return found, settled, err
}

// auditAtOnce is how many offsets an audit counts versions of at once.
const auditAtOnce = 1 << 23

// audit counts the versions that each Written fact made, in the record's tables, and
// compares.
func (b *Balance) audit(ctx context.Context) (found []Finding, settled bool, err error) {
	for from := handover.Offset(0); ; from += auditAtOnce {
		counts := make([]uint16, auditAtOnce)
		applied, err := b.config.Record.Made(ctx, from, from+auditAtOnce, func(written handover.Offset) {
			if counts[written-from] < versions-1 {
				counts[written-from]++
			}
		})
		if err = b.reach(ctx, applied, err); err != nil {
			return nil, false, err
		}
		for n := chunkOf(from); n < chunkOf(from+auditAtOnce); n++ {
			more, err := b.auditChunk(n, applied, counts[handover.Offset(n*chunkSize)-from:][:chunkSize])
			if err != nil {
				return nil, false, err
			}
			found = append(found, more...)
		}
		if applied < from+auditAtOnce {
			return found, true, nil
		}
	}
}

func (b *Balance) auditChunk(n int64, applied handover.Offset, counts []uint16) (found []Finding, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n >= int64(len(b.book.ledger.sums)) {
		return nil, nil
	}
	c, err := b.book.ledger.at(n)
	if err != nil {
		return nil, err
	}
	for i, value := range c.values {
		at, should := handover.Offset(n*chunkSize+int64(i)), uint16(0)
		if value >= versions {
			should = value - versions
		}
		if at <= applied && counts[i] != should {
			found = append(found, differs(inRecord, at, "it made %d versions, and the record has %d of them", should, counts[i]))
		}
	}
	b.book.ledger.trim()
	return found, nil
}
