package balance

import (
	"maps"
	"math"

	"handover"
)

// counted holds what doors and senders counted against what the facts say. How many
// facts there were when the engine was started is known after a clean stop; after a
// crash it is known to be within bounds, which become narrower with each count.
func (b *book) counted(e *handover.Entry, c handover.Counting) {
	r := &b.kept.Run
	if r.Base == nil || r.Start != c.Start {
		r.Start, r.Base = c.Start, map[countKey]bounds{}
	}
	for name, n := range c.Sources {
		b.hold(e, c, countKey{name, received}, n.Taken, n.Kept, 0)
	}
	for name, n := range c.Destinations {
		underWay := b.kept.Begun[name].len()
		b.hold(e, c, countKey{name, string(handover.Accepted)}, n.Accepted, n.Accepted, underWay)
		b.hold(e, c, countKey{name, string(handover.Rejected)}, n.Rejected, n.Rejected, underWay)
		b.hold(e, c, countKey{name, begun}, math.MaxInt64/2, n.Begun, 0) // that a try begins is a fact before it does
	}
	r.Last, r.AtLast = e.Offset, maps.Clone(b.kept.Counts)
}

// hold holds one count, which is at most and at least so much, against the facts, to
// which so many may still be added.
func (b *book) hold(e *handover.Entry, c handover.Counting, key countKey, atMost, atLeast, underWay int64) {
	r := &b.kept.Run
	base, known := r.Base[key]
	switch {
	case known:
	case r.Start == r.Last: // 0: the journal's beginning
		base = bounds{r.AtLast[key], r.AtLast[key]}
	default:
		base = bounds{math.MinInt64 / 2, math.MaxInt64 / 2}
	}
	facts := b.kept.Counts[key]
	switch before, known := b.before(c.UpTo, key); {
	case facts+underWay-atLeast < base.Low:
		b.bad(inCounts, e.Offset, e.Time, "%s: %q was counted %d times since fact %d, and facts say so at most %d times",
			key.Name, key.What, atLeast, c.Start, facts+underWay-base.Low)
		delete(r.Base, key)
	case known && before-atMost > base.High:
		b.bad(inCounts, e.Offset, e.Time, "%s: %q was counted %d times since fact %d, and facts say so at least %d times",
			key.Name, key.What, atMost, c.Start, before-base.High)
		delete(r.Base, key)
	default:
		base.High = min(base.High, facts+underWay-atLeast)
		if known {
			base.Low = max(base.Low, before-atMost)
		}
		r.Base[key] = base
	}
}

// before returns a count as it was at an offset, if that is known still.
func (b *book) before(at handover.Offset, key countKey) (n int64, known bool) {
	n = b.kept.Counts[key]
	for i := len(b.events) - 1; i >= 0; i-- {
		if b.events[i].at <= at {
			return n, true
		}
		if b.events[i].key == key {
			n--
		}
	}
	return n, false
}
