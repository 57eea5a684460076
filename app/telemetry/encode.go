package telemetry

import (
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// encode writes a request of OTLP.
func (t *Traces) encode(batch []*span) ([]byte, error) {
	spans := make([]*tracepb.Span, len(batch))
	for i, s := range batch {
		spans[i] = s.proto()
	}
	return proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: attributes([]attribute{
			text("service.name", "handover"), text("service.version", t.config.Version), text("service.instance.id", t.instance()),
		})},
		ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: &commonpb.InstrumentationScope{Name: "handover", Version: t.config.Version}, Spans: spans,
		}},
	}}})
}

// The flags of a span that say whether its parent is somebody else's.
const (
	parentKnown  = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	parentRemote = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
)

func (s *span) proto() *tracepb.Span {
	p := &tracepb.Span{
		TraceId: s.trace[:], SpanId: s.id[:], TraceState: s.state, Name: s.name, Kind: s.kind,
		StartTimeUnixNano: nanos(s.start), EndTimeUnixNano: nanos(later(s.start, s.end)),
		Flags: uint32(trace.FlagsSampled) | parentKnown, Attributes: attributes(s.attributes),
	}
	if s.parent.IsValid() {
		p.ParentSpanId = s.parent[:]
		if s.parent == s.sender {
			p.Flags |= parentRemote
		}
	}
	if s.failed != "" {
		p.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: strings.ToValidUTF8(s.failed, "?")}
	}
	return p
}

func nanos(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// later returns the end, or the start where a clock that was set back says that it
// was before.
func later(start, end time.Time) time.Time {
	if end.Before(start) {
		return start
	}
	return end
}

func attributes(all []attribute) []*commonpb.KeyValue {
	out := make([]*commonpb.KeyValue, 0, len(all))
	for _, a := range all {
		if a.name == "" {
			continue
		}
		value := &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: a.number}}
		if a.text != "" {
			value.Value = &commonpb.AnyValue_StringValue{StringValue: strings.ToValidUTF8(a.text, "?")}
		}
		out = append(out, &commonpb.KeyValue{Key: a.name, Value: value})
	}
	return out
}
