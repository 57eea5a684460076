package wire

import "context"

// Trace is a W3C Trace Context as it stands in two headers: by it others find what
// belongs together. What came is not read here, and may be no good.
type Trace struct {
	Parent string // traceparent; "": there is none
	State  string // tracestate
}

type traceKey struct{}

// WithTrace returns a context with which a Sender sends the trace on, if its protocol
// has a place for one.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace to send on; the zero Trace where there is none.
func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}
