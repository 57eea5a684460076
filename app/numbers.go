package app

import (
	"context"

	"handover"
	"handover/alert"
	"handover/hl7v2"
	"handover/trace"
)

// catchUpOnNumbers is how many facts may be after those that the trace has, for their
// messages to be read at the start.
const catchUpOnNumbers = 50_000

// openNumbers begins to follow the numbers of the sources' messages where the last start
// ended, so that what was left out in between is told too.
func (e *Engine) openNumbers(ctx context.Context) error {
	e.numbers = alert.NewNumbers()
	e.numbers.Restore(e.alerts.Now())
	applied, err := e.trace.Applied(ctx)
	if err != nil {
		return err
	}
	if e.journal.Tail() > applied+catchUpOnNumbers {
		return nil // then they begin with the next messages
	}
	for _, s := range e.config.Site.Sources {
		found, err := e.trace.Search(ctx, engineAccess, trace.Query{Source: s.Name, Limit: 1})
		if err != nil {
			return err
		}
		for _, m := range found {
			if err := e.heardBefore(ctx, m.Offset); err != nil {
				return err
			}
		}
	}
	for after := applied; after < e.journal.Tail(); {
		entries, looked, err := e.live().Messages(ctx, after, 1000)
		if err != nil {
			return err
		}
		for _, m := range entries {
			if err := e.heardBefore(ctx, m.Offset); err != nil {
				return err
			}
		}
		if looked == after {
			break
		}
		after = looked
	}
	return nil
}

// heardBefore takes in the number of a message of before this start, if it can be read.
func (e *Engine) heardBefore(ctx context.Context, at handover.Offset) error {
	m, err := e.live().near(ctx, at)
	if err != nil || m.Gone || m.Body.File != "" {
		return err
	}
	parsed, _ := hl7v2.Parse(m.Body.Bytes)
	e.heard(m.Source, parsed)
	return nil
}

// heard takes in a message's number.
func (e *Engine) heard(source string, m *hl7v2.Message) {
	if s := e.config.Site.Source(source); m != nil && s != nil && !s.Unnumbered {
		e.numbers.Heard(source, string(m.First("MSH").Field(13).Raw()), e.config.Now())
	}
}
