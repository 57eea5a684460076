package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"handover"
)

// offsetHeader names, in a request, the offset up to which facts must have been
// applied before it is answered, and in an answer the offset up to which they
// had been.
const offsetHeader = "X-Handover-Offset"

func readOffset(s string) (handover.Offset, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, &statusError{http.StatusBadRequest, handover.Invalid, offsetHeader, "it is a whole number that is not negative"}
	}
	return handover.Offset(n), nil
}

// waiting gives the context in which a read waits for the request's offset. A
// read that need not wait has the whole time of the request.
func (a *API) waiting(c *call, applied handover.Offset) (context.Context, context.CancelFunc) {
	if c.atLeast <= applied {
		return c.Context(), func() {}
	}
	return context.WithTimeout(c.Context(), a.Wait)
}

// late says that the request's offset was not reached, if that is why err is.
func late(c *call, applied handover.Offset, err error) error {
	if err == nil || c.atLeast <= applied {
		return err
	}
	return &statusError{http.StatusServiceUnavailable, handover.Unavailable, offsetHeader,
		fmt.Sprintf("the offset is not applied yet, only %d is; try again", applied)}
}

// fromRecord runs a read of the record and notes up to where it was applied. The
// read itself waits for the request's offset.
func (a *API) fromRecord(c *call, read func(context.Context) error) error {
	ctx, cancel := a.waiting(c, a.Record.Applied())
	defer cancel()
	applied := a.Record.Applied() // before the read: it saw at least this
	err := read(ctx)
	if now := a.Record.Applied(); c.atLeast > applied {
		applied = min(c.atLeast, now)
	}
	c.w.Header().Set(offsetHeader, applied.String())
	return late(c, applied, err)
}

// traceWait is how often the trace is asked how far it is.
const traceWait = 10 * time.Millisecond

// freshWait is how long a read waits for the trace to have all that the journal had
// when it was asked, if it does not name an offset that it must have: who has just
// sent a message looks for it.
const freshWait = time.Second

// fromTrace runs a read of the trace, once the request's offset is applied.
func (a *API) fromTrace(c *call, read func(context.Context) error) error {
	applied, err := a.Trace.Applied(c.Context())
	if err != nil {
		return err
	}
	ctx, cancel := a.waiting(c, applied)
	defer cancel()
	if applied, err = a.traced(ctx, c.atLeast, applied); err != nil {
		return late(c, applied, err)
	}
	if tail := a.Journal.Tail(); applied < tail {
		fresh, cancel := context.WithTimeout(c.Context(), freshWait)
		defer cancel()
		applied, _ = a.traced(fresh, tail, applied) // else it answers what it knows
	}
	c.w.Header().Set(offsetHeader, applied.String())
	return read(c.Context())
}

// traced waits until the trace has applied an offset, and returns how far it is.
func (a *API) traced(ctx context.Context, atLeast, applied handover.Offset) (handover.Offset, error) {
	for atLeast > applied {
		select {
		case <-ctx.Done():
			return applied, ctx.Err()
		case <-time.After(traceWait):
		}
		now, err := a.Trace.Applied(ctx)
		if err != nil {
			return applied, err
		}
		applied = now
	}
	return applied, nil
}
