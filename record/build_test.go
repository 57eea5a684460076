package record

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
)

var testKey = []byte("a key for tests, which opens nothing")

// day is noon of a day long past, in the time of which the stories are told.
var day = time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)

// said builds the assertions of one made-up message.
type said struct{ handover.Assertions }

// message begins what a source says at so many minutes after noon.
func message(source, event string, minute int) *said {
	at := day.Add(time.Duration(minute) * time.Minute)
	sum := sha256.Sum256(fmt.Append(nil, source, event, minute))
	return &said{handover.Assertions{Source: source, Event: event, EventTime: at, SentTime: at, Digest: sum[:]}}
}

// option changes the resource that is being said.
type option func(*handover.ResourceAssertion)

func (m *said) say(resourceType, handle string, options ...option) *said {
	ra := handover.ResourceAssertion{Type: resourceType, Handle: handle}
	for _, o := range options {
		o(&ra)
	}
	m.Resources = append(m.Resources, ra)
	return m
}

func (m *said) merge(kind, survivor, loser, moved string) *said {
	m.Merges = append(m.Merges, handover.Merge{Kind: kind, Event: m.Event, Survivor: survivor, Loser: loser, Moved: moved})
	return m
}

func id(authority, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Identities = append(r.Identities, handover.Identity{Authority: authority, Value: value})
	}
}

func order(authority, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Identities = append(r.Identities, handover.Identity{Authority: authority, Value: value, Order: true})
	}
}

func scoped(scope, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Identities = append(r.Identities, handover.Identity{Value: value, Scope: scope})
	}
}

func of(patient string) option {
	return func(r *handover.ResourceAssertion) { r.Patient = patient }
}

func corrects(r *handover.ResourceAssertion) { r.Correction = true }

// set sets an element to a JSON value, from a field named after it.
func set(name, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{
			Name: name, Value: json.RawMessage(value),
			From: []handover.Origin{{Field: "ZZZ-" + name, Rule: "rule/" + r.Type + "." + name}},
		})
	}
}

// choose sets a choice element by its JSON property.
func choose(name, property, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{Name: name, Property: property, Value: json.RawMessage(value)})
	}
}

func gone(name string) option {
	return func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{Name: name, Removed: true})
	}
}

func refer(name, handle string) option { return set(name, `{"reference":"urn:handover:`+handle+`"}`) }

// patient says a Patient "p" with a number of the PAS.
func (m *said) patient(number string, options ...option) *said {
	return m.say("Patient", "p", append([]option{
		id("PAS", number),
		set("identifier", `[{"system":"urn:example:pas","value":"`+number+`"}]`),
	}, options...)...)
}

// encounter says an Encounter "e" of "p".
func (m *said) encounter(number, status string, options ...option) *said {
	return m.say("Encounter", "e", append([]option{
		id("PAS", number), of("p"), refer("subject", "p"), set("status", `"`+status+`"`),
	}, options...)...)
}

// ledger stands for the journal in tests: it keeps the facts in order.
type ledger struct {
	t       testing.TB
	r       *Record
	entries []handover.Entry
	next    handover.Offset
}

func newLedger(t testing.TB, r *Record) *ledger { return &ledger{t: t, r: r, next: 1} }

// open opens a record in the place.
func open(t testing.TB, at store.Place, c Config) *Record {
	t.Helper()
	c.Place = at
	if c.SiteKey == nil {
		c.SiteKey = testKey
	}
	r, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// compose journals a message and composes it; nothing is applied.
func (l *ledger) compose(m *said) handover.Writes {
	l.t.Helper()
	offset := l.next
	w, err := l.r.Compose(context.Background(), offset, m.Assertions)
	if err != nil {
		l.t.Fatal(err)
	}
	l.keep(m.Assertions, w)
	return w
}

func (l *ledger) keep(a handover.Assertions, w handover.Writes) {
	l.t.Helper()
	offset := l.next
	at := day.Add(time.Duration(offset) * time.Second)
	for i, body := range []any{nil, a, w} {
		e := handover.Entry{Offset: offset + handover.Offset(i)}
		e.Kind = []handover.FactKind{handover.Received, handover.Asserted, handover.Written}[i]
		e.Time = at
		if i > 0 {
			e.Cause = offset
			b, err := json.Marshal(body)
			if err != nil {
				l.t.Fatal(err)
			}
			e.Body.Bytes = b
		}
		l.entries = append(l.entries, e)
	}
	l.next += 3
}

// apply applies all that was kept.
func (l *ledger) apply() {
	l.t.Helper()
	if err := l.r.Apply(context.Background(), l.entries); err != nil {
		l.t.Fatal(err)
	}
}

// hear composes and applies messages, and returns the last one's writes.
func (l *ledger) hear(messages ...*said) (last handover.Writes) {
	l.t.Helper()
	for _, m := range messages {
		last = l.compose(m)
	}
	l.apply()
	return last
}

// fact reads one of the facts, as a journal would.
func (l *ledger) fact(_ context.Context, o handover.Offset) (handover.Entry, error) {
	if o < 1 || int(o) > len(l.entries) {
		return handover.Entry{}, &handover.Error{Op: "reading a fact", Kind: handover.NotFound}
	}
	return l.entries[o-1], nil
}

// part sets one part of an element, from a field of that name.
func part(name, part, value string) option {
	return func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{
			Name: name, Part: part, Value: json.RawMessage(value),
			From: []handover.Origin{{Path: name + "[0]", Field: part, Rule: "rule/" + r.Type + "." + name}},
		})
	}
}

func gonePart(name, part string) option {
	return func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{Name: name, Part: part, Removed: true})
	}
}
