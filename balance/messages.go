package balance

import (
	"encoding/json"

	"handover"
)

// The parts of findings.
const (
	inMessages   = "messages"
	inDeliveries = "deliveries"
	inRecord     = "record"
	inCounts     = "counts"
)

// received is what is counted of a source beside the states.
const received = "came"

func (b *book) arrived(e *handover.Entry) {
	b.count(e.Offset, e.Source, received)
	b.kept.Came[e.Source] = e.Time
	b.add(e.Offset, ofSource, e.Source, received, 1)
	if e.Kind == handover.Repeated {
		b.add(e.Offset, ofSource, e.Source, string(handover.StateDuplicate), 1)
		b.ledger.set(e.Offset, e.Offset, stateValue(handover.StateDuplicate))
		return
	}
	in(b.kept.Undecided, e.Source).add(e.Offset)
	b.ledger.set(e.Offset, e.Offset, stateValue(handover.StateReceived))
}

func (b *book) decided(e *handover.Entry) error {
	var d handover.Decision
	if err := json.Unmarshal(e.Body.Bytes, &d); err != nil {
		return err
	}
	b.notWritten(e)
	message := e.Cause
	if was := b.ledger.get(message); was != stateValue(handover.StateReceived) {
		b.bad(inMessages, e.Offset, e.Time, "it decides %d, which %s", message, wasAlready(was))
		return nil
	}
	in(b.kept.Undecided, e.Source).remove(message)
	if b.kept.Passed.remove(message) {
		delete(b.kept.Findings, findingKey{inMessages, message})
	}
	b.ledger.set(message, e.Offset, stateValue(d.State))
	b.add(message, ofSource, e.Source, string(d.State), 1)
	if d.State == handover.StateFiltered {
		b.add(message, ofRule, e.Source+" "+d.Reason, string(d.State), 1)
	}
	for _, route := range d.Routes {
		b.add(message, ofRoute, route, string(d.State), 1)
	}
	if d.State != handover.StateRefused { // which is decided as it arrives; all others in the journal's order
		b.passedOver(e)
	}
	b.promised(e, d.Deliveries)
	b.tally(e, d.Record)
	return nil
}

func wasAlready(value uint16) string {
	if value == 0 {
		return "is no message"
	}
	return "was decided before"
}

// passedOver finds the messages that were not decided though a later one was.
func (b *book) passedOver(e *handover.Entry) {
	for _, undecided := range b.kept.Undecided {
		if first := undecided.first(); first == 0 || first > e.Cause {
			continue
		}
		for at := range undecided.from(0) {
			if at > e.Cause {
				break
			}
			if b.kept.Passed.add(at) {
				b.bad(inMessages, at, e.Time, "it was passed over: %d, which came later, was decided by fact %d", e.Cause, e.Offset)
			}
		}
	}
}

// tally takes in what a decision makes of the record, by which each resource that
// the message speaks of must be accounted for.
func (b *book) tally(e *handover.Entry, t *handover.Tally) {
	if t == nil {
		return
	}
	for _, one := range []struct {
		what string
		n    int64
	}{{"asserted", t.Asserted}, {"made", t.Made}, {"same", t.Same}, {"older", t.Older}, {"parked", t.Parked}, {"versions", t.Versions}} {
		b.add(e.Cause, ofRecord, e.Source, one.what, one.n)
	}
	if sum := t.Made + t.Same + t.Older + t.Parked; sum != t.Asserted {
		b.bad(inRecord, e.Offset, e.Time, "message %d speaks of %d resources, and %d are accounted for", e.Cause, t.Asserted, sum)
	}
	b.kept.Writing = writing{e.Cause, e.Offset, t.Versions}
}

// written takes in that what was decided is there. The facts of one message follow
// each other.
func (b *book) written(e *handover.Entry) {
	w := b.kept.Writing
	b.kept.Writing = writing{}
	if w.Decided == 0 || e.Cause != w.Message {
		b.bad(inRecord, e.Offset, e.Time, "nothing was decided for it to write")
		return
	}
	b.kept.Versions += w.Versions
	b.versions = last(b.versions, mark{e.Offset, b.kept.Versions})
	b.ledger.set(e.Offset, e.Offset, versionsValue(w.Versions))
}

// notWritten finds a decision for the record whose writing did not follow.
func (b *book) notWritten(e *handover.Entry) {
	if w := b.kept.Writing; w.Decided != 0 {
		b.bad(inRecord, w.Decided, e.Time, "what message %d makes of the record was not written", w.Message)
		b.kept.Writing = writing{}
	}
}
