package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"handover"
	"handover/hl7v2"
	"handover/internal/store"
)

// Apply takes entries of the journal, in its order, in one transaction with
// the offset of the last one. Entries at or below what has been applied are
// passed over, so applying twice changes nothing.
func (t *Trace) Apply(ctx context.Context, entries []handover.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return t.db.Write(ctx, func(tx *store.Tx) error {
		applied, err := tx.Applied(ctx)
		if err != nil {
			return err
		}
		rows := rows{facts: t.facts}
		for _, e := range entries {
			if int64(e.Offset) <= applied {
				continue
			}
			if err := rows.add(ctx, tx, e); err != nil {
				return fmt.Errorf("applying offset %d: %w", e.Offset, err)
			}
		}
		if err := rows.insert(ctx, tx); err != nil {
			return err
		}
		last := int64(entries[len(entries)-1].Offset)
		return tx.SetApplied(ctx, max(last, applied))
	})
}

// rows gathers what one batch adds, so that it is written in few statements.
type rows struct {
	messages map[handover.Offset]*Message
	order    []handover.Offset
	patients [][]any
	follow   [][]any
	facts    Facts
}

func (r *rows) add(ctx context.Context, tx *store.Tx, e handover.Entry) error {
	var err error
	switch e.Kind {
	case handover.Received:
		err = r.received(ctx, e)
	case handover.Repeated:
		err = r.repeated(ctx, tx, e)
	case handover.Decided:
		err = r.decided(ctx, tx, e)
	}
	if e.Cause != 0 {
		r.follow = append(r.follow, []any{int64(e.Cause), int64(e.Offset), int64(e.Kind), e.Time.UnixMilli()})
	}
	return err
}

func (r *rows) message(m *Message) {
	if r.messages == nil {
		r.messages = map[handover.Offset]*Message{}
	}
	r.messages[m.Offset] = m
	r.order = append(r.order, m.Offset)
}

// received makes a message's row from its header and its first segments.
func (r *rows) received(ctx context.Context, e handover.Entry) error {
	m := &Message{
		Offset: e.Offset, Source: e.Source, Received: e.Time, State: handover.StateReceived,
		Answer: e.Answer, Size: e.Body.Len(),
	}
	r.message(m)
	head, err := r.head(ctx, e)
	if err != nil {
		return err
	}
	if text, converted, _ := hl7v2.FromUTF16(head); converted {
		head = text
	}
	parsed, _ := hl7v2.Parse(head)
	if parsed == nil {
		return nil
	}
	m.Type, m.Control = TypeOf(parsed), parsed.ControlID()
	for id := range patientIdentifiers(parsed) {
		r.patients = append(r.patients, []any{id, int64(e.Offset)})
	}
	return nil
}

// headSize is how much of a message that is too long for its entry is looked
// at for MSH and PID.
const headSize = 64 << 10

// head returns the message, or the first segments of one that is too long.
func (r *rows) head(ctx context.Context, e handover.Entry) ([]byte, error) {
	if e.Body.File == "" {
		return e.Body.Bytes, nil
	}
	body, err := r.facts.Open(ctx, e.Offset)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	head, err := io.ReadAll(io.LimitReader(body, headSize))
	if last := bytes.LastIndexAny(head, "\r\n"); last >= 0 {
		head = head[:last+1]
	}
	return head, err
}

// repeated makes the row of a message that came again, with what is known of
// the first.
func (r *rows) repeated(ctx context.Context, tx *store.Tx, e handover.Entry) error {
	first := r.messages[e.Cause]
	if first == nil {
		found, err := read(ctx, tx, `id = ?`, "", int64(e.Cause))
		if err != nil || len(found) == 0 {
			return err
		}
		first = &found[0]
	}
	r.message(&Message{
		Offset: e.Offset, Source: e.Source, Type: first.Type, Control: first.Control, Received: e.Time,
		State: handover.StateDuplicate, Answer: first.Answer, First: e.Cause, Size: first.Size,
	})
	return nil
}

func (r *rows) decided(ctx context.Context, tx *store.Tx, e handover.Entry) error {
	var d handover.Decision
	if err := json.Unmarshal(e.Body.Bytes, &d); err != nil {
		return err
	}
	if m := r.messages[e.Cause]; m != nil {
		m.State, m.Reason = d.State, d.Reason
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE message SET state = ?, reason = ? WHERE id = ?`,
		string(d.State), d.Reason, int64(e.Cause))
	return err
}

func (r *rows) insert(ctx context.Context, tx *store.Tx) error {
	messages := make([][]any, 0, len(r.order))
	for _, offset := range r.order {
		m := r.messages[offset]
		messages = append(messages, []any{
			int64(m.Offset), m.Source, m.Type, m.Control, m.Received.UnixMilli(), string(m.State), m.Reason,
			m.Answer, int64(m.First), m.Size,
		})
	}
	err := tx.Insert(ctx, "message", []string{"id", "source", "type", "control", "received", "state",
		"reason", "answer", "first", "size"}, messages)
	if err != nil {
		return err
	}
	if err := tx.Insert(ctx, "patient", []string{"identifier", "id"}, r.patients); err != nil {
		return err
	}
	return tx.Insert(ctx, "fact", []string{"cause", "id", "kind", "time"}, r.follow)
}

// TypeOf returns MSH-9 as "ADT^A01", "ACK" or "".
func TypeOf(m *hl7v2.Message) string {
	code, trigger, _ := m.Type()
	if trigger == "" {
		return code
	}
	return code + "^" + trigger
}

// patientIdentifiers returns the values of PID-2, PID-3, PID-4 and MRG-1, each
// alone and, where an authority stands with it, as "authority|value".
func patientIdentifiers(m *hl7v2.Message) map[string]bool {
	found := map[string]bool{}
	for _, address := range [...]string{"PID-2", "PID-3", "PID-4", "MRG-1"} {
		a, err := hl7v2.ParseAddress(address)
		if err != nil {
			continue
		}
		for field := range m.Every(a) {
			addIdentifier(found, field)
		}
	}
	return found
}

func addIdentifier(found map[string]bool, v hl7v2.Value) {
	value := v.Component(1).Text()
	if value == "" || v.Component(1).IsNull() {
		return
	}
	found[value] = true
	if authority := v.Component(4).Subcomponent(1).Text(); authority != "" {
		found[authority+"|"+value] = true
	}
}
