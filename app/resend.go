package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"handover"
	"handover/deliver"
	"handover/hl7v2"
)

// Resend sends a message once more, in the order of its patient: as it was or, if there is
// any, with the edited content.
func (o outbox) Resend(ctx context.Context, by handover.Access, message handover.Offset, to []string, edited []byte, why string) (handover.Offset, error) {
	fault := func(kind handover.Kind, text string) error {
		return &handover.Error{Op: "resending a message", Kind: kind, Where: message.String(), Err: errors.New(text)}
	}
	l := o.engine.live()
	entry, err := l.near(ctx, message)
	if err == nil && (entry.Kind != handover.Received || !by.May(handover.Row{ID: message.String(), Source: entry.Source})) {
		err = fault(handover.NotFound, "there is no such message")
	}
	if err != nil {
		return 0, err
	}
	content := edited
	if edited == nil {
		if content, err = l.content(ctx, entry); err != nil {
			return 0, err
		}
	}
	m, problems := hl7v2.Parse(content)
	switch {
	case m == nil && edited != nil:
		return 0, fault(handover.Invalid, "what it was changed to cannot be read: "+problems[0].String())
	case m == nil:
		return 0, fault(handover.Invalid, "it cannot be read")
	}
	again := handover.Resending{Why: why}
	for _, name := range to {
		if o.engine.fhir[name] {
			if edited != nil {
				return 0, fault(handover.Invalid, name+" is sent what the record says, whatever a message is changed to")
			}
			if _, _, err := o.engine.changed(ctx, deliver.Item{Message: message, Resent: true}); err != nil {
				return 0, err
			}
		}
		again.Deliveries = append(again.Deliveries, handover.Delivery{To: name, Keys: o.engine.routes.Keys(entry.Source, name, m)})
	}
	return o.Deliverer.Resend(ctx, by, message, entry.Source, again, edited)
}

// resent returns what is sent for a message that a person sends once more.
func (e *Engine) resent(ctx context.Context, item deliver.Item) ([]byte, error) {
	made, err := e.live().near(ctx, item.Of)
	if err != nil {
		return nil, err
	}
	var again handover.Resending
	if err := json.Unmarshal(made.Body.Bytes, &again); err != nil {
		return nil, err
	}
	return e.contentOf(ctx, cmp.Or(again.Edited, item.Message))
}
