package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"handover"
)

// memory is a journal in memory. It dies when it is told to: from then on nothing
// is kept, as if the power had gone.
type memory struct {
	mu      sync.Mutex
	changed chan struct{}
	entries []handover.Entry
	dead    bool
	failing int // so many appends fail
}

func newMemory(entries ...handover.Entry) *memory {
	return &memory{changed: make(chan struct{}), entries: entries}
}

var errDead = errors.New("the journal is dead")

func (m *memory) Append(_ context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.append(drafts)
}

func (m *memory) append(drafts []handover.Draft) ([]handover.Receipt, error) {
	if m.dead {
		return nil, errDead
	}
	if m.failing > 0 {
		m.failing--
		return nil, errors.New("the disk does not answer")
	}
	var receipts []handover.Receipt
	for _, d := range drafts {
		e := handover.Entry{Offset: handover.Offset(len(m.entries) + 1), Header: d.Header, Body: d.Body}
		e.Time = time.Now().UTC().Truncate(time.Millisecond)
		m.entries = append(m.entries, e)
		receipts = append(receipts, handover.Receipt{Offset: e.Offset, Time: e.Time})
	}
	close(m.changed)
	m.changed = make(chan struct{})
	return receipts, nil
}

func (m *memory) Outlines(_ context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.entries[after:]
	return append([]handover.Entry(nil), rest[:min(limit, len(rest))]...), nil
}

func (m *memory) Wait(ctx context.Context, after handover.Offset) (handover.Offset, error) {
	for {
		m.mu.Lock()
		tail, changed := handover.Offset(len(m.entries)), m.changed
		m.mu.Unlock()
		if tail > after {
			return tail, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// die ends the journal, and returns one that has what it kept.
func (m *memory) die() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
	return newMemory(m.entries...)
}

// receive keeps a message and the decision that it goes to the destinations.
func (m *memory) receive(deliveries ...handover.Delivery) (message, decision handover.Offset) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := handover.Offset(len(m.entries) + 1)
	text := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|M%d|P|2.5.1\r", next)
	body, _ := json.Marshal(handover.Decision{State: handover.StateRouted, Deliveries: deliveries})
	receipts, err := m.append([]handover.Draft{
		{Header: handover.Header{Kind: handover.Received, Source: "pas"}, Body: handover.Body{Bytes: []byte(text)}},
		{Header: handover.Header{Kind: handover.Decided, Source: "pas", Cause: next}, Body: handover.Body{Bytes: body}},
	})
	if err != nil {
		panic(err)
	}
	return next, receipts[1].Offset
}

func (m *memory) content(_ context.Context, item Item) ([]byte, handover.Header, error) {
	at := item.Message
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[at-1].Body.Bytes, m.entries[at-1].Header, nil
}

// all returns what was kept, in order.
func (m *memory) all() []handover.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]handover.Entry(nil), m.entries...)
}

// ledger is an independent account of the facts: what became of each delivery.
type ledger map[handover.DeliveryID]string

func ledgerOf(entries []handover.Entry) ledger {
	l := ledger{}
	for _, e := range entries {
		var any struct {
			handover.DeliveryID
			handover.Decision
			Ending handover.Ending `json:"ending"`
			Reason string          `json:"reason"`
			Late   bool            `json:"late"`
		}
		if len(e.Body.Bytes) == 0 || e.Body.Bytes[0] != '{' || json.Unmarshal(e.Body.Bytes, &any) != nil {
			continue
		}
		id := any.DeliveryID
		switch e.Kind {
		case handover.Decided:
			for _, d := range any.Deliveries {
				l[handover.DeliveryID{Of: e.Offset, To: d.To}] = "waiting"
			}
		case handover.Attempted:
			l.set(id, "begun")
		case handover.Ended:
			if any.Ending == handover.Accepted {
				l.set(id, "accepted")
			} else if !any.Late {
				l.set(id, "waiting")
			}
		case handover.Parked:
			l.set(id, "parked")
		case handover.Released:
			l.set(id, "waiting")
		case handover.Cancelled:
			l.set(id, "cancelled")
		}
	}
	return l
}

// set changes the state of a delivery that is open.
func (l ledger) set(id handover.DeliveryID, state string) {
	if l[id] != "accepted" && l[id] != "cancelled" {
		l[id] = state
	}
}

func (l ledger) count(to, state string) (n int) {
	for id, s := range l {
		if id.To == to && s == state {
			n++
		}
	}
	return n
}

// receiveExactly is receive for a message of that MSH-10, while others append too.
func (m *memory) receiveExactly(control string, deliveries []handover.Delivery) {
	text := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|%s|P|2.5.1\r", control)
	ctx := context.Background()
	receipts, err := m.Append(ctx, []handover.Draft{{Header: handover.Header{Kind: handover.Received, Source: "pas"}, Body: handover.Body{Bytes: []byte(text)}}})
	if err != nil {
		return
	}
	body, _ := json.Marshal(handover.Decision{State: handover.StateRouted, Deliveries: deliveries})
	for range 10 {
		_, err = m.Append(ctx, []handover.Draft{{Header: handover.Header{Kind: handover.Decided, Source: "pas", Cause: receipts[0].Offset}, Body: handover.Body{Bytes: body}}})
		if err == nil {
			return
		}
	}
}

func idOf(e handover.Entry) (id handover.DeliveryID) {
	if len(e.Body.Bytes) > 0 && e.Body.Bytes[0] == '{' {
		_ = json.Unmarshal(e.Body.Bytes, &id)
	}
	return id
}

func pauseOf(e handover.Entry) (p handover.Pause) {
	_ = json.Unmarshal(e.Body.Bytes, &p)
	return p
}

func decisionOf(e handover.Entry) (d handover.Decision) {
	_ = json.Unmarshal(e.Body.Bytes, &d)
	return d
}
