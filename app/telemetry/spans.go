package telemetry

import (
	"crypto/rand"
	"regexp"
	"time"

	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"handover"
)

// span is one span, as it waits to be exported.
type span struct {
	way
	name       string
	kind       tracepb.Span_SpanKind
	id, parent trace.SpanID
	start, end time.Time
	failed     string // why it has the status error; "": it has not
	attributes []attribute
}

// attribute is a text, or else a number.
type attribute struct {
	name, text string
	number     int64
}

// text returns an attribute that "" leaves out.
func text(name, value string) attribute {
	if value == "" {
		return attribute{}
	}
	return attribute{name: name, text: value}
}

func number(name string, value int64) attribute { return attribute{name: name, number: value} }

// messageType is what MSH-9 looks like where it is a code.
var messageType = regexp.MustCompile(`^[A-Z]{3}(\^([A-Z][0-9]{2}|Z[A-Z0-9]{2})?(\^([A-Z]{3}(_[A-Z][A-Z0-9]{2})?)?)?)?$`)

// answerCode is what MSA-1 and HTTP statuses look like.
var answerCode = regexp.MustCompile(`^([AC][AER]|[1-5][0-9]{2})$`)

// like returns a text if it has the form, and else nothing: it comes from outside.
func like(form *regexp.Regexp, value string) string {
	if form.MatchString(value) {
		return value
	}
	return ""
}

// Reception is a message that came, and the answer to it.
type Reception struct {
	Message         // no offset: it was not kept
	First   Message // that it repeats; no offset: none
	Source  string
	Type    []byte // MSH-9
	Start   time.Time
	End     time.Time
	Answer  string // MSA-1 of the last answer; "": none was owed
	Refused string // why it was not taken as it came, in a word of ours
}

// Received tells that a message came.
func (t *Traces) Received(r *Reception) {
	if t == nil {
		return
	}
	w, id, parent := t.place(r)
	if !w.told {
		return
	}
	s := &span{way: w, name: "receive", kind: tracepb.Span_SPAN_KIND_SERVER, id: id, parent: parent,
		start: r.Start.Truncate(time.Millisecond), end: r.End, failed: r.Refused,
		attributes: []attribute{text("handover.source", r.Source), text("handover.message.type", like(messageType, string(r.Type))),
			text("handover.answer", like(answerCode, r.Answer)), text("handover.reason", r.Refused)}}
	if r.Offset != 0 {
		s.attributes = append(s.attributes, number("handover.message.offset", int64(r.Offset)))
	}
	if r.First.Offset != 0 {
		s.attributes = append(s.attributes, number("handover.message.first", int64(r.First.Offset)))
	}
	t.add(s)
}

// place finds where the span of a message that came belongs. Of one that was not kept
// there is nothing that ids could follow from.
func (t *Traces) place(r *Reception) (w way, id, parent trace.SpanID) {
	switch {
	case r.Offset != 0 && r.First.Offset != 0 && r.Trace == "":
		return t.way(r.First), t.receive(r.Message), t.receive(r.First)
	case r.Offset != 0:
		w = t.way(r.Message)
		return w, t.receive(r.Message), w.sender
	}
	_, _ = rand.Read(id[:]) // does not fail
	if w = t.way(r.Message); !w.sender.IsValid() {
		_, _ = rand.Read(w.trace[:])
		w.told = t.chosen(w.trace)
	}
	return w, id, w.sender
}

// Decision is what became of a message, and what it made of the record.
type Decision struct {
	Fact     handover.Offset
	Source   string
	Release  string
	Start    time.Time
	End      time.Time
	Decided  *handover.Decision
	Versions int // that it made of resources
}

// Decided tells what became of a message.
func (t *Traces) Decided(m Message, d Decision) {
	w, told := t.toldOf(m)
	if !told {
		return
	}
	s := &span{way: w, name: "decide", kind: tracepb.Span_SPAN_KIND_INTERNAL, id: t.made(d.Fact), parent: t.receive(m),
		start: d.Start.Truncate(time.Millisecond), end: d.End,
		attributes: []attribute{text("handover.source", d.Source), number("handover.message.offset", int64(m.Offset)),
			text("handover.release", d.Release), text("handover.state", string(d.Decided.State)), text("handover.reason", d.Decided.Reason),
			number("handover.deliveries", int64(len(d.Decided.Deliveries))), number("handover.writes", int64(d.Versions))}}
	if d.Decided.State == handover.StateWaiting {
		s.failed = d.Decided.Reason
	}
	t.add(s)
}

// Resent tells that a person sends a message once more.
func (t *Traces) Resent(m Message, fact handover.Offset, at time.Time) {
	w, told := t.toldOf(m)
	if !told {
		return
	}
	t.add(&span{way: w, name: "resend", kind: tracepb.Span_SPAN_KIND_INTERNAL, id: t.made(fact), parent: t.receive(m), start: at, end: at,
		attributes: []attribute{number("handover.message.offset", int64(m.Offset))}})
}

// Delivery is how a delivery ended.
type Delivery struct {
	handover.DeliveryID
	Since  time.Time // of the fact that made it, or released it
	End    time.Time
	Ending string // accepted, parked or cancelled
	Reason string // why it is parked
	Tries  int
}

// Delivered tells how a delivery ended.
func (t *Traces) Delivered(m Message, d Delivery) {
	w, told := t.toldOf(m)
	if !told {
		return
	}
	s := &span{way: w, name: "deliver", kind: tracepb.Span_SPAN_KIND_INTERNAL, id: t.deliver(d.DeliveryID, d.Since), parent: t.made(d.Of), start: d.Since, end: d.End,
		attributes: []attribute{text("handover.destination", d.To), text("handover.ending", d.Ending), text("handover.reason", d.Reason),
			number("handover.message.offset", int64(m.Offset)), number("handover.tries", int64(d.Tries))}}
	if d.Ending != string(handover.Accepted) {
		s.failed = d.Ending
	}
	t.add(s)
}

// Attempt is how a try ended.
type Attempt struct {
	handover.Attempt
	Since      time.Time // as of Delivery
	Start, End time.Time
	Outcome    handover.Outcome
}

// Attempted tells how a try ended.
func (t *Traces) Attempted(m Message, a *Attempt) {
	w, told := t.toldOf(m)
	if !told {
		return
	}
	s := &span{way: w, name: "attempt", kind: tracepb.Span_SPAN_KIND_CLIENT, id: t.attempt(a.Attempt), parent: t.deliver(a.DeliveryID, a.Since), start: a.Start, end: a.End,
		attributes: []attribute{text("handover.destination", a.To), text("handover.outcome", string(a.Outcome.Ending)),
			text("handover.code", like(answerCode, a.Outcome.Code)), number("handover.try", int64(a.Try))}}
	if a.Outcome.Ending != handover.Accepted {
		s.failed = string(a.Outcome.Ending)
	}
	t.add(s)
}

// Answered tells of an answer that came after its try had ended.
func (t *Traces) Answered(m Message, r handover.Result, at time.Time) {
	w, told := t.toldOf(m)
	if !told {
		return
	}
	a := handover.Attempt{DeliveryID: r.DeliveryID, Try: r.Try}
	t.add(&span{way: w, name: "answer", kind: tracepb.Span_SPAN_KIND_INTERNAL, id: t.span(forAnswer, int64(r.Of), int64(r.Try), r.To), parent: t.attempt(a), start: at, end: at,
		attributes: []attribute{text("handover.destination", r.To), text("handover.outcome", string(r.Ending)), text("handover.code", like(answerCode, r.Code))}})
}

// toldOf returns where the spans of a message belong, if they are told.
func (t *Traces) toldOf(m Message) (w way, told bool) {
	if t == nil {
		return w, false
	}
	w = t.way(m)
	return w, w.told
}
