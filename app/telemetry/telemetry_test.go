package telemetry

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"handover"
)

const (
	parent  = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	unasked = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

// TestAccept: what is kept of a context is what the W3C says one is; anything else
// counts as none.
func TestAccept(t *testing.T) {
	for _, c := range []struct{ parent, state, want string }{
		{parent, "", parent},
		{unasked, "", unasked},
		{parent, "a=1,b=2", parent + " a=1,b=2"},
		{parent, "a=two words", parent + " a=two words"},
		{parent, "no state", parent},
		{parent, "a=" + strings.Repeat("x", 255) + ",b=" + strings.Repeat("x", 252), parent + " a=" + strings.Repeat("x", 255) + ",b=" + strings.Repeat("x", 252)},
		{parent, "a=" + strings.Repeat("x", 255) + ",b=" + strings.Repeat("x", 253), parent},
		{parent, "a=1\r\nX: y", parent},
		{"", "a=1", ""},
		{"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", "", ""},
		{"00-4bf92f3577b34da6a3ce929d0e0e4736-" + strings.Repeat("0", 16) + "-01", "", ""},
		{strings.ToUpper(parent), "", ""},
		{parent + "-more", "", ""},
		{"ff" + parent[2:], "", ""},
		{"01" + parent[2:] + "-more", "", parent}, // a later version is read as this one
		{"Testperson^N", "", ""},
	} {
		if got := Accept(c.parent, c.state); got != c.want {
			t.Errorf("%q, %q: %q", c.parent, c.state, got)
		}
		if got := Accept(c.parent, c.state); got != "" && written(parse(got)) != got {
			t.Errorf("%q does not read back", got)
		}
	}
}

// TestCodes: what looks like no code is not told.
func TestCodes(t *testing.T) {
	for value, code := range map[string]bool{
		"ADT^A01^ADT_A01": true, "ORU^R01": true, "ACK": true, "MDM^T02^MDM_T02": true, "ZZZ^Z0A": true, "QBP^ZV1^QBP_Q21": true, "ADT^A01^ACK": true,
		"": false, "Testperson": false, "ADT^Testperson": false, "ADT^A01^Testperson": false, "adt^A01": false, "ADT^A01\rPID": false, "ADT&A01": false,
	} {
		if got := like(messageType, value); (got == value && value != "") != code {
			t.Errorf("%q: %q", value, got)
		}
	}
	for value, code := range map[string]bool{"AA": true, "CR": true, "503": true, "Testperson": false, "999": false, "AAA": false, "1234": false} {
		if got := like(answerCode, value); (got == value) != code {
			t.Errorf("%q: %q", value, got)
		}
	}
}

// TestIDs: they follow from what they are made of, and from the site's key.
func TestIDs(t *testing.T) {
	one, same, other := New(Config{SiteKey: []byte("a"), Share: 1}), New(Config{SiteKey: []byte("a"), Share: 1}), New(Config{SiteKey: []byte("b"), Share: 1})
	m := Message{Offset: 7, Time: time.UnixMilli(1700000000123)}
	restored := Message{Offset: 7, Time: time.UnixMilli(1700000000124)}
	if one.ID(m) != same.ID(m) || one.ID(m) == other.ID(m) || one.ID(m) == one.ID(restored) || one.instance() != same.instance() || one.instance() == other.instance() {
		t.Errorf("%s %s %s %s, %s %s", one.ID(m), same.ID(m), other.ID(m), one.ID(restored), one.instance(), other.instance())
	}
	if m.Trace = parent; one.ID(m) != parent[3:35] || (*Traces)(nil).ID(m) != parent[3:35] || (*Traces)(nil).ID(restored) != "" {
		t.Error("what came with a context has the id of that")
	}
}

// TestChosen: the share is a matter of the id alone, as OpenTelemetry's
// TraceIDRatioBased has it: its lower 63 bits, of the second half.
func TestChosen(t *testing.T) {
	half := New(Config{Share: 0.5})
	for id, want := range map[uint64]bool{0: true, 1<<63 - 1: true, 1 << 63: false, 1<<64 - 1: false} {
		var trace [16]byte
		binary.BigEndian.PutUint64(trace[8:], id)
		if half.chosen(trace) != want || !New(Config{Share: 1}).chosen(trace) || New(Config{}).chosen(trace) {
			t.Errorf("%x", id)
		}
	}
}

// says is a collector that answers each request in its turn.
func says(t *testing.T, answers ...http.HandlerFunc) (url string, spans *atomic.Int64) {
	t.Helper()
	var mu sync.Mutex
	spans = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got collectorpb.ExportTraceServiceRequest
		body, _ := io.ReadAll(r.Body)
		if err := proto.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(answers) > 0 {
			answer := answers[0]
			answers = answers[1:]
			answer(w, r)
			return
		}
		spans.Add(int64(len(got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans())))
	}))
	t.Cleanup(s.Close)
	return s.URL, spans
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// TestCollectorThatComesBack: what it does not take for a while it gets again.
func TestCollectorThatComesBack(t *testing.T) {
	url, spans := says(t, status(http.StatusServiceUnavailable))
	traces := New(Config{URL: url, Share: 1, Pause: time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { traces.Run(ctx); close(ended) }()
	traces.Resent(Message{Offset: 1}, 2, time.Now())
	for spans.Load() < 1 {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	if traces.taken.Load() != 1 || traces.lost.Load() != 0 {
		t.Errorf("%d taken, %d lost", traces.taken.Load(), traces.lost.Load())
	}
}

// TestWhatTheCollectorRefuses: part of it, or all for good, is counted; what comes after
// is told. Nothing, and no secret, follows a redirect.
func TestWhatTheCollectorRefuses(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	partly := func(w http.ResponseWriter, _ *http.Request) {
		body, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 2}})
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	}
	moved := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}
	url, spans := says(t, partly, status(http.StatusBadRequest), moved)
	traces := New(Config{URL: url, Share: 1, Header: http.Header{"Authorization": {"synthetic"}}})
	for _, want := range []struct{ taken, lost int64 }{{1, 2}, {1, 5}, {1, 8}, {4, 8}} {
		for range 3 {
			traces.Resent(Message{Offset: 1}, 2, time.Now())
		}
		if !traces.insist(t.Context(), traces.more(nil)) || traces.taken.Load() != want.taken || traces.lost.Load() != want.lost {
			t.Errorf("%d taken, %d lost, want %+v", traces.taken.Load(), traces.lost.Load(), want)
		}
	}
	if spans.Load() != 3 {
		t.Errorf("%d spans came", spans.Load())
	}
}

// TestNoRoom: what finds no room is counted, and nobody waits.
func TestNoRoom(t *testing.T) {
	traces := New(Config{Share: 1, Room: 2})
	for range 5 {
		traces.Resent(Message{Offset: 1}, 2, time.Now())
	}
	if len(traces.queue) != 2 || traces.lost.Load() != 3 {
		t.Errorf("%d wait, %d are lost", len(traces.queue), traces.lost.Load())
	}
}

// TestNotKept: a message that was not kept is told too, in the trace of its sender if
// there is one.
func TestNotKept(t *testing.T) {
	traces := New(Config{Share: 1})
	for _, context := range []string{"", parent, unasked} {
		traces.Received(&Reception{Message: Message{Trace: context}, Refused: "full"})
	}
	if len(traces.queue) != 2 {
		t.Fatalf("%d spans", len(traces.queue))
	}
	own, theirs := <-traces.queue, <-traces.queue
	if own.trace.String() == theirs.trace.String() || !own.trace.IsValid() || own.parent.IsValid() || own.failed != "full" ||
		theirs.trace.String() != parent[3:35] || theirs.parent.String() != parent[36:52] {
		t.Errorf("%+v\n%+v", own, theirs)
	}
}

// BenchmarkMessage is what telling of a message with one delivery costs, encoding
// included.
func BenchmarkMessage(b *testing.B) {
	for name, share := range map[string]float64{"told": 1, "not told": 0} {
		b.Run(name, func(b *testing.B) {
			traces := New(Config{Share: share})
			m, decided := Message{Offset: 1, Time: time.Now()}, &handover.Decision{State: handover.StateRouted}
			a := handover.Attempt{DeliveryID: handover.DeliveryID{Of: 2, To: "lab"}, Try: 1}
			batch := make([]*span, 0, batchSize)
			b.ReportAllocs()
			for b.Loop() {
				traces.Received(&Reception{Message: m, Source: "pas", Type: []byte("ADT^A01^ADT_A01"), Answer: "AA"})
				traces.Decided(m, Decision{Fact: 2, Source: "pas", Release: "0123456789ab", Decided: decided})
				traces.Onward(m, a)
				traces.Attempted(m, &Attempt{Attempt: a, Outcome: handover.Outcome{Ending: handover.Accepted, Code: "AA"}})
				traces.Delivered(m, Delivery{DeliveryID: a.DeliveryID, Ending: "accepted", Tries: 1})
				if len(traces.queue) == batchSize {
					if _, err := traces.encode(traces.more(batch)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
