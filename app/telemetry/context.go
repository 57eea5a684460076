package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"handover"
)

// maxState is how long a tracestate may be to be taken: as much as the W3C asks of
// everybody to pass on.
const maxState = 512

// Accept returns the trace context in two headers as handover.Header keeps it, "" where
// it is none: what comes from outside is read before it is kept.
func Accept(parent, state string) string {
	if len(state) > maxState {
		state = ""
	}
	return written(read(parent, state))
}

// read reads traceparent and tracestate. A tracestate that is no good counts as none.
func read(parent, state string) trace.SpanContext {
	headers := propagation.MapCarrier{"traceparent": parent, "tracestate": state}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), headers))
}

// parse reads what handover.Header keeps.
func parse(kept string) trace.SpanContext {
	if kept == "" {
		return trace.SpanContext{}
	}
	parent, state, _ := strings.Cut(kept, " ")
	return read(parent, state)
}

// written is what handover.Header keeps of a context, "" of none.
func written(c trace.SpanContext) string {
	if !c.IsValid() {
		return ""
	}
	headers := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithRemoteSpanContext(context.Background(), c), headers)
	if state := headers["tracestate"]; state != "" {
		return headers["traceparent"] + " " + state
	}
	return headers["traceparent"]
}

// Onward returns traceparent and tracestate for the request in which a message is sent
// on. Where nothing is told, they are those that it came with.
func (t *Traces) Onward(m Message, a handover.Attempt) (parent, state string) {
	if t == nil {
		parent, state, _ = strings.Cut(m.Trace, " ")
		return parent, state
	}
	w := t.way(m)
	flags := "-00"
	if w.told {
		flags = "-01"
	}
	return "00-" + w.trace.String() + "-" + t.attempt(a).String() + flags, w.state
}
