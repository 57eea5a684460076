package app

import (
	"context"
	"time"

	"handover"
	"handover/alert"
	"handover/config"
	"handover/hl7v2"
	"handover/trace"
)

// catchUpOnNumbers is how many facts may be after those that the trace has, for their
// messages to be read at the start.
const catchUpOnNumbers = 50_000

// openNumbers begins to follow the numbers of the sources' messages where the last start
// ended, so that what was left out in between is told too.
func (e *Engine) openNumbers(ctx context.Context) error {
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
			last, err := e.live().Get(ctx, m.Offset)
			if err != nil {
				return err
			}
			e.heardBefore(&last)
		}
	}
	for after := applied; after < e.journal.Tail(); {
		entries, looked, err := e.live().Messages(ctx, after, 1000)
		if err != nil {
			return err
		}
		for i := range entries {
			e.heardBefore(&entries[i])
		}
		if looked == after {
			break
		}
		after = looked
	}
	return nil
}

// heardBefore takes in the number of a message of before this start, if it can be read.
func (e *Engine) heardBefore(m *handover.Entry) {
	if s := e.config.Site.Source(m.Source); s != nil && !m.Gone && m.Body.File == "" {
		parsed, _ := hl7v2.Parse(m.Body.Bytes)
		hearNumber(e.numbers, s, parsed, e.config.Now())
	}
}

// hearNumber takes in a message's number, where the source's count.
func hearNumber(n *alert.Numbers, s *config.Source, m *hl7v2.Message, now time.Time) {
	if m != nil && !s.Unnumbered {
		n.Heard(s.Name, string(m.First("MSH").Field(13).Raw()), now)
	}
}
