package balance

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"handover"
)

// book is what the facts say, folded.
type book struct {
	kept     kept
	ledger   *ledger
	totals   map[totalKey]int64 // that are not in the table yet
	hours    []hour             // ascending
	newHours int                // of them, how many are not in the table yet
	events   []event            // the last ones, ascending
	versions []mark             // what the record has to hold in all, at the last Written facts
	moved    []moved            // deliveries that changed, the last ones, ascending
}

// kept is what of the book is kept as it is from one start to the next.
type kept struct {
	At        handover.Offset // up to here facts are taken in
	Undecided map[string]*set // messages by source
	Passed    set             // of them, those behind which others were decided
	Open      map[string]*set // deliveries by destination
	Begun     map[string]*set // of them, those of which a try is under way
	Parked    map[parking]*set
	Late      map[string]*set      // deliveries that an answer ended which came late: another try may have been on its way
	Came      map[string]time.Time // when the last message of a source came
	Versions  int64                // that facts have made
	Writing   writing              // what was decided of the record, and is not written yet
	Counts    map[countKey]int64   // facts, as doors and senders count them
	Run       run
	Findings  map[findingKey]*Finding // of the facts
	More      int64                   // findings beyond those that are kept
}

// totalKey says what is counted: in which hour, of what, of whose.
type totalKey struct {
	hour       int64 // since 1970
	part, name string
	what       string
}

// The parts of the totals.
const (
	ofSource      = "source"
	ofRule        = "rule" // named "source rule"
	ofRoute       = "route"
	ofDestination = "destination"
	ofRecord      = "record" // by source
)

// hour is an hour of the journal: times never fall.
type hour struct {
	hour  int64
	first handover.Offset
}

// parking says how deliveries are parked.
type parking struct {
	To, Owner string
	Unknown   bool // they may have been taken by the receiver
}

// writing is a decision whose Written fact is to follow.
type writing struct {
	Message, Decided handover.Offset
	Versions         int64
}

// run is an engine, from its start to its end.
type run struct {
	Start  handover.Offset
	Base   map[countKey]bounds // what the counts were when it was started
	Last   handover.Offset     // the last Counted fact
	AtLast map[countKey]int64  // the counts then
}

// bounds are between what a number is.
type bounds struct{ Low, High int64 }

// countKey is one of the counts that doors and senders keep too.
type countKey struct{ Name, What string }

// event is a fact that changed one of the counts.
type event struct {
	at  handover.Offset
	key countKey
}

// mark is how much there was at an offset.
type mark struct {
	at handover.Offset
	n  int64
}

// moved is a delivery that a fact changed.
type moved struct {
	at handover.Offset
	id handover.DeliveryID
}

// maxEvents is how far back counts can be told.
const maxEvents = 1 << 13

type findingKey struct {
	Part string
	At   handover.Offset
}

func newBook() *book {
	return &book{ledger: newLedger(), totals: map[totalKey]int64{}, kept: kept{
		Undecided: map[string]*set{}, Open: map[string]*set{}, Begun: map[string]*set{}, Parked: map[parking]*set{},
		Late: map[string]*set{}, Counts: map[countKey]int64{}, Came: map[string]time.Time{}, Findings: map[findingKey]*Finding{},
	}}
}

// begin begins the lists of the last facts: of what was before, nothing is known.
func (b *book) begin() {
	b.events = []event{{at: b.kept.At}}
	b.moved = []moved{{at: b.kept.At}}
	b.versions = []mark{{b.kept.At, b.kept.Versions}}
}

// take takes in the next fact.
func (b *book) take(e *handover.Entry) error {
	if e.Offset <= b.kept.At {
		return nil
	}
	if e.Offset != b.kept.At+1 {
		return &handover.Error{Op: "reading facts", Kind: handover.Damaged, Where: "offset " + (b.kept.At + 1).String(),
			Err: fmt.Errorf("the journal gives offset %d after %d", e.Offset, b.kept.At)}
	}
	// What the fact changes must be at hand: else it would be half taken in.
	for _, at := range [...]handover.Offset{e.Offset, min(e.Cause, e.Offset)} {
		if _, err := b.ledger.at(chunkOf(at)); err != nil {
			return fmt.Errorf("taking in fact %d: %w", e.Offset, err)
		}
	}
	if h := e.Time.Unix() / 3600; len(b.hours) == 0 || b.hours[len(b.hours)-1].hour < h {
		b.hours = append(b.hours, hour{h, e.Offset})
		b.newHours++
	}
	if err := b.fact(e); err != nil {
		return fmt.Errorf("taking in fact %d: %w", e.Offset, err)
	}
	b.kept.At = e.Offset
	return nil
}

func (b *book) fact(e *handover.Entry) error {
	switch e.Kind {
	case handover.Received, handover.Repeated:
		b.arrived(e)
	case handover.Decided:
		return b.decided(e)
	case handover.Written:
		b.written(e)
	case handover.Resent:
		return with(e, func(r handover.Resending) { b.promised(e, r.Deliveries) })
	case handover.Attempted:
		return with(e, func(a handover.Attempt) { b.attempted(e, a) })
	case handover.Ended:
		return with(e, func(r handover.Result) { b.ended(e, r) })
	case handover.Parked:
		return with(e, func(p handover.Parking) { b.parked(e, p) })
	case handover.Released:
		return with(e, func(r handover.Ruling) { b.released(e, r.DeliveryID) })
	case handover.Cancelled:
		return with(e, func(r handover.Ruling) { b.cancelled(e, r.DeliveryID) })
	case handover.EpochOpened:
		b.restored()
	case handover.Counted:
		return with(e, func(c handover.Counting) { b.counted(e, c) })
	}
	return nil
}

// with reads a fact's body.
func with[T any](e *handover.Entry, do func(T)) error {
	var body T
	if err := json.Unmarshal(e.Body.Bytes, &body); err != nil {
		return err
	}
	do(body)
	return nil
}

// add counts something in the hour of the fact that it is counted under.
func (b *book) add(under handover.Offset, part, name, what string, n int64) {
	if n != 0 {
		b.totals[totalKey{b.hourOf(under), part, name, what}] += n
	}
}

func (b *book) hourOf(at handover.Offset) int64 {
	i, found := slices.BinarySearchFunc(b.hours, at, func(h hour, at handover.Offset) int { return int(h.first - at) })
	if !found {
		i--
	}
	return b.hours[max(i, 0)].hour
}

// count counts what doors and senders count too.
func (b *book) count(at handover.Offset, name, what string) {
	key := countKey{name, what}
	b.kept.Counts[key]++
	b.events = last(b.events, event{at, key})
}

// bad notes that something at an offset cannot be.
func (b *book) bad(part string, at handover.Offset, when time.Time, format string, args ...any) {
	key := findingKey{part, at}
	if b.kept.Findings[key] != nil {
		return
	}
	if len(b.kept.Findings) >= MaxFindings {
		b.kept.More++
		return
	}
	b.kept.Findings[key] = &Finding{Part: part, Offset: at, Since: when, Text: fmt.Sprintf(format, args...)}
}

// in returns the set of a name, making it.
func in[K comparable](sets map[K]*set, name K) *set {
	s := sets[name]
	if s == nil {
		s = &set{}
		sets[name] = s
	}
	return s
}

// last appends to a list of the last few.
func last[T any](list []T, one T) []T {
	if len(list) == 2*maxEvents {
		list = append(list[:0], list[maxEvents:]...)
	}
	return append(list, one)
}

// move notes that a fact changes a delivery.
func (b *book) move(e *handover.Entry, id handover.DeliveryID) {
	b.moved = last(b.moved, moved{e.Offset, id})
}

// movedAfter returns the deliveries to a destination that facts after an offset
// changed, by the facts that made them; known is false if that is too long ago.
func (b *book) movedAfter(at handover.Offset, to string) (out map[handover.Offset]bool, known bool) {
	out = map[handover.Offset]bool{}
	for i := len(b.moved) - 1; i >= 0; i-- {
		if b.moved[i].at <= at {
			return out, true
		}
		if b.moved[i].id.To == to {
			out[b.moved[i].id.Of] = true
		}
	}
	return out, false
}

// versionsAt returns how many versions the record must have once it has applied the
// facts up to an offset, if that is known still.
func (b *book) versionsAt(at handover.Offset) (n int64, known bool) {
	for i := len(b.versions) - 1; i >= 0; i-- {
		if b.versions[i].at <= at {
			return b.versions[i].n, true
		}
	}
	return 0, false
}
