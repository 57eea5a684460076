package telemetry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"handover"
)

// Message is what the trace of a message follows from. All of it is in the journal. The
// time is needed since offsets are given anew after a restore.
type Message struct {
	Offset handover.Offset
	Time   time.Time
	Trace  string // handover.Header.Trace
}

// MessageOf returns what is needed of a Received fact.
func MessageOf(offset handover.Offset, h *handover.Header) Message {
	return Message{Offset: offset, Time: h.Time, Trace: h.Trace}
}

// way is where the spans of a message belong.
type way struct {
	trace  trace.TraceID
	state  string       // tracestate of its sender
	sender trace.SpanID // in whose span it was sent; zero: nobody said
	told   bool         // its spans are exported
}

// What an id is made for.
const (
	forTrace    = 't'
	forReceive  = 'r'
	forMade     = 'm' // decide, resend: what makes deliveries
	forDeliver  = 'd'
	forAttempt  = 'a'
	forAnswer   = 'l'
	forInstance = 'i'
)

// keyOf returns the key of all ids, so that no two sites make the same.
func keyOf(siteKey []byte) []byte {
	mac := hmac.New(sha256.New, siteKey)
	mac.Write([]byte("telemetry"))
	return mac.Sum(nil)
}

// derive makes an id: SHA-256 of key, purpose, two numbers of 8 bytes, big-endian, and a
// text. Only part of it is shown, so that nobody can go on from it.
func (t *Traces) derive(purpose byte, a, b int64, text string) [sha256.Size]byte {
	var room [128]byte
	in := append(append(room[:0], t.key...), purpose)
	in = binary.BigEndian.AppendUint64(in, uint64(a))
	in = binary.BigEndian.AppendUint64(in, uint64(b))
	return sha256.Sum256(append(in, text...))
}

func (t *Traces) span(purpose byte, a, b int64, text string) trace.SpanID {
	d := t.derive(purpose, a, b, text)
	return trace.SpanID(d[:8])
}

// way finds where the spans of a message belong: to the trace that its sender gave, or
// else to one of its own.
func (t *Traces) way(m Message) way {
	if sender := parse(m.Trace); sender.IsValid() {
		return way{sender.TraceID(), sender.TraceState().String(), sender.SpanID(), sender.IsSampled()}
	}
	d := t.derive(forTrace, int64(m.Offset), m.Time.UnixMilli(), "")
	w := way{trace: trace.TraceID(d[:16])}
	w.told = t.chosen(w.trace)
	return w
}

// chosen reports whether a trace is among the share that is exported, by the id alone
// and as OpenTelemetry's own samplers do it: all who use them agree.
func (t *Traces) chosen(id trace.TraceID) bool {
	return t.config.Share >= 1 || binary.BigEndian.Uint64(id[8:])>>1 < uint64(t.config.Share*(1<<63))
}

func (t *Traces) receive(m Message) trace.SpanID { return t.span(forReceive, int64(m.Offset), 0, "") }

func (t *Traces) made(fact handover.Offset) trace.SpanID { return t.span(forMade, int64(fact), 0, "") }

func (t *Traces) deliver(id handover.DeliveryID, since time.Time) trace.SpanID {
	return t.span(forDeliver, int64(id.Of), since.UnixMilli(), id.To)
}

func (t *Traces) attempt(a handover.Attempt) trace.SpanID {
	return t.span(forAttempt, int64(a.Of), int64(a.Try), a.To)
}

// instance is the service.instance.id: a UUID that stays as long as the site key.
func (t *Traces) instance() string {
	d := t.derive(forInstance, 0, 0, "")
	d[6], d[8] = d[6]&0x0f|0x80, d[8]&0x3f|0x80 // RFC 9562, version 8
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// ID returns the id of a message's trace, as a collector is searched for it; "" where
// it has none.
func (t *Traces) ID(m Message) string {
	if t != nil {
		return t.way(m).trace.String()
	}
	if sender := parse(m.Trace); sender.IsValid() {
		return sender.TraceID().String()
	}
	return ""
}
