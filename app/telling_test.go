package app

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"handover"
	"handover/config"
	"handover/trace"
	"handover/wire/mllp"
)

// collector is an OTLP receiver on loopback.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	requests [][]byte
	headers  http.Header // of the last request
	spans    []*tracepb.Span
	resource map[string]string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{resource: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got collectorpb.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &got) != nil {
			t.Errorf("%s %v is no export: %v", r.URL, r.Header, err)
			http.Error(w, "no export", http.StatusBadRequest)
			return
		}
		c.take(r.Header, body, &got)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) take(header http.Header, body []byte, got *collectorpb.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers, c.requests = header, append(c.requests, body)
	for _, resource := range got.GetResourceSpans() {
		for _, a := range resource.GetResource().GetAttributes() {
			c.resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

// named returns the spans of a name, in the order of their beginnings.
func (c *collector) named(name string) []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*tracepb.Span
	for _, s := range c.spans {
		if s.GetName() == name {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *tracepb.Span) int { return int(a.GetStartTimeUnixNano()) - int(b.GetStartTimeUnixNano()) })
	return out
}

// about returns those of them that have the attribute.
func about(spans []*tracepb.Span, key, value string) []*tracepb.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s *tracepb.Span) bool { return attributesOf(s)[key] != value })
}

func attributesOf(s *tracepb.Span) map[string]string {
	out := map[string]string{}
	for _, a := range s.GetAttributes() {
		out[a.GetKey()] = a.GetValue().GetStringValue()
		if out[a.GetKey()] == "" {
			out[a.GetKey()] = fmt.Sprint(a.GetValue().GetIntValue())
		}
	}
	return out
}

// traced is a site whose traces go to the collector.
func traced(site *config.Site, to string) *config.Site {
	site.Telemetry = &config.Telemetry{Traces: to + "/v1/traces", Share: 1, Headers: []config.Header{{Name: "Authorization", Value: "Bearer synthetic"}}}
	return site
}

// ward adds a destination to which everything goes too.
func ward(t *testing.T, site *config.Site, name, to string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	d := site.Destinations[0]
	d.Name, d.Send = name, u
	site.Destinations = append(site.Destinations, d)
	site.Routes[0].To = append(site.Routes[0].To, config.Target{Destination: name})
}

// checkTree holds every span to what holds for all: its parent is there, of the same
// trace, and begins no later; and no two have one id.
func checkTree(t *testing.T, spans []*tracepb.Span) {
	t.Helper()
	byID := map[string]*tracepb.Span{}
	for _, s := range spans {
		if byID[string(s.GetSpanId())] != nil {
			t.Errorf("two spans have the id of %s %v", s.GetName(), attributesOf(s))
		}
		byID[string(s.GetSpanId())] = s
	}
	parents := map[string]string{"decide": "receive", "deliver": "decide", "attempt": "deliver", "answer": "attempt", "resend": "receive"}
	for _, s := range spans {
		if s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
			t.Errorf("%s ends before it begins", s.GetName())
		}
		want := parents[s.GetName()]
		if want == "" {
			continue
		}
		p := byID[string(s.GetParentSpanId())]
		if p == nil {
			t.Errorf("the parent of %s %v is not there", s.GetName(), attributesOf(s))
			continue
		}
		if p.GetName() != want && !(p.GetName() == "resend" && s.GetName() == "deliver") || !bytes.Equal(p.GetTraceId(), s.GetTraceId()) ||
			p.GetStartTimeUnixNano() > s.GetStartTimeUnixNano() {
			t.Errorf("%s %v has the parent %s %v, %d ns before", s.GetName(), attributesOf(s), p.GetName(), attributesOf(p),
				int64(s.GetStartTimeUnixNano())-int64(p.GetStartTimeUnixNano()))
		}
		if s.GetName() == "attempt" && s.GetEndTimeUnixNano() > p.GetEndTimeUnixNano() {
			t.Errorf("an attempt ends after its delivery: %v", attributesOf(s))
		}
	}
}

func (c *collector) all() []*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// TestTraces: of a message to two destinations, of which one is down until after a
// restart, all spans are of one trace and hang together; and the story names it.
func TestTraces(t *testing.T) {
	l, c, dir := newLab(t), newCollector(t), t.TempDir()
	down := httptest.NewServer(http.NotFoundHandler())
	address := down.URL
	down.Close()
	site := traced(sending(l), c.URL)
	ward(t, site, "web", address+"/hl7")
	e, stop := running(t, dir, site)
	sendAll(t, e, 0, 3)
	waitFor(t, func() bool {
		return len(about(c.named("deliver"), "handover.destination", "lab")) == 3 && len(c.named("attempt")) > 3
	})
	stop()
	rejecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not for us", http.StatusUnprocessableEntity)
	}))
	defer rejecting.Close()
	site.Destinations[1].Send, _ = url.Parse(rejecting.URL + "/hl7")
	e, stop = running(t, dir, site)
	waitFor(t, func() bool { return len(c.named("deliver")) == 6 })
	for _, received := range c.named("receive") { // whoever asks for the story is told where to look
		offset, _ := strconv.Atoi(attributesOf(received)["handover.message.offset"])
		s, err := e.trace.Story(t.Context(), engineAccess, handover.Offset(offset))
		if err != nil || s.Trace != fmt.Sprintf("%x", received.GetTraceId()) {
			t.Errorf("the story names the trace %q, %v", s.Trace, err)
		}
	}
	stop()

	checkTree(t, c.all())
	received, decided := c.named("receive"), c.named("decide")
	if len(received) != 3 || len(decided) != 3 {
		t.Fatalf("%d messages came, and %d were decided", len(received), len(decided))
	}
	for i, s := range received {
		a := attributesOf(s)
		if a["handover.source"] != "pas" || a["handover.message.type"] != "ADT^A01^ADT_A01" || a["handover.answer"] != "AA" || len(s.GetParentSpanId()) > 0 ||
			s.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_UNSET || bytes.Equal(s.GetTraceId(), received[(i+1)%3].GetTraceId()) {
			t.Errorf("received: %v", s)
		}
	}
	if a := attributesOf(decided[0]); a["handover.state"] != "routed" || a["handover.release"] != "test" || a["handover.deliveries"] != "2" || a["handover.writes"] == "0" {
		t.Errorf("decided: %v", a)
	}
	for _, s := range c.named("deliver") {
		a, failed := attributesOf(s), s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR
		if lab := a["handover.destination"] == "lab"; lab == failed || lab != (a["handover.ending"] == "accepted") || lab == (a["handover.reason"] == "rejected") {
			t.Errorf("delivered: %v", s)
		}
	}
	outcomes := map[string]int{}
	for _, s := range c.named("attempt") {
		a := attributesOf(s)
		outcomes[a["handover.destination"]+" "+a["handover.outcome"]+" "+a["handover.code"]]++
		if accepted := a["handover.outcome"] == "accepted"; accepted == (s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR) {
			t.Errorf("attempted: %v", s)
		}
	}
	if outcomes["lab accepted AA"] != 3 || outcomes["web failed "] == 0 || outcomes["web rejected 422"] != 3 || len(outcomes) != 3 {
		t.Errorf("attempts: %v", outcomes)
	}
	if c.resource["service.name"] != "handover" || c.resource["service.version"] != Version || len(c.resource["service.instance.id"]) != 36 ||
		c.headers.Get("Authorization") != "Bearer synthetic" {
		t.Errorf("resource %v, headers %v", c.resource, c.headers)
	}
}

// TestTraceOfWhatPersonsDecide: what is parked, released, cancelled and sent again by
// hand is told from the journal, and hangs together with the rest.
func TestTraceOfWhatPersonsDecide(t *testing.T) {
	l, c := newLab(t), newCollector(t)
	l.code = func(string) string { return "AR" }
	e, stop := running(t, t.TempDir(), traced(sending(l), c.URL))
	sendAll(t, e, 0, 1)
	waitFor(t, func() bool { return len(c.named("deliver")) == 1 })
	made := c.named("deliver")[0]
	decided := attributesOf(made)["handover.message.offset"]
	found, err := e.trace.Search(t.Context(), engineAccess, trace.Query{Control: "M0"})
	if err != nil || len(found) != 1 || found[0].Offset.String() != decided {
		t.Fatal(found, decided, err)
	}
	message := found[0].Offset
	s, err := e.trace.Story(t.Context(), engineAccess, message)
	if err != nil || len(s.Sent) != 1 {
		t.Fatal(s, err)
	}
	id := s.Sent[0].DeliveryID
	if err := e.deliveries.Release(t.Context(), engineAccess, id, "SECRETWORD"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(c.named("deliver")) == 2 }) // rejected again
	if err := e.deliveries.Cancel(t.Context(), engineAccess, id, "SECRETWORD"); err != nil {
		t.Fatal(err)
	}
	if err := e.deliveries.Pause(t.Context(), engineAccess, handover.Pause{Destination: "lab", Why: "SECRETWORD"}); err != nil {
		t.Fatal(err)
	}
	again, err := (outbox{e.deliveries, e}).Resend(t.Context(), engineAccess, message, []string{"lab"}, nil, "SECRETWORD")
	if err != nil {
		t.Fatal(err)
	}
	id.Of = again
	if err := e.deliveries.Park(t.Context(), engineAccess, id, "SECRETWORD"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(c.named("deliver")) == 3 })
	stop()
	checkTree(t, c.all())
	last := about(c.named("deliver"), "handover.reason", "by-hand")
	if len(last) != 1 || len(c.named("resend")) != 1 || len(c.named("attempt")) != 2 {
		t.Errorf("%d resent, %d parked by hand, %d tried", len(c.named("resend")), len(last), len(c.named("attempt")))
	}
	for _, body := range c.requests {
		if bytes.Contains(body, []byte("SECRETWORD")) {
			t.Error("what persons say is told to the collector")
		}
	}
}

// TestTraceOfADuplicate: a message that comes again is told in the trace of the first.
func TestTraceOfADuplicate(t *testing.T) {
	c := newCollector(t)
	e, stop := running(t, t.TempDir(), traced(sending(newLab(t)), c.URL))
	sendAll(t, e, 0, 1)
	sendAll(t, e, 0, 1)
	waitFor(t, func() bool { return len(c.named("receive")) == 2 && len(c.named("deliver")) == 1 })
	stop()
	all := c.named("receive")
	first, again := all[0], all[1]
	if attributesOf(again)["handover.message.first"] == "" {
		first, again = again, first
	}
	if !bytes.Equal(first.GetSpanId(), again.GetParentSpanId()) || !bytes.Equal(first.GetTraceId(), again.GetTraceId()) || len(first.GetParentSpanId()) > 0 {
		t.Errorf("first %v\nagain %v", first, again)
	}
	checkTree(t, c.all())
}

// web is a receiver by HTTP that keeps the headers of what it gets.
type web struct {
	*httptest.Server
	mu   sync.Mutex
	took map[string]http.Header // by MSH-10
	down bool
}

func newWeb(t *testing.T) *web {
	t.Helper()
	w := &web{took: map[string]http.Header{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.down {
			http.Error(answer, "not now", http.StatusServiceUnavailable)
			return
		}
		w.took[strings.Split(string(body), "|")[9]] = r.Header
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *web) headers(control string) http.Header {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.took[control]
}

func (w *web) setDown(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

const (
	senderTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	senderSpan  = "00f067aa0ba902b7"
)

// post sends a message by HTTP, with the headers of a trace.
func post(t *testing.T, e *Engine, i int, parent, state string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+e.Addr("clinic")+"/hl7", bytes.NewReader(admission(i)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/hl7-v2")
	r.Header.Set("Traceparent", parent)
	r.Header.Set("Tracestate", state)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("status %d", answer.StatusCode)
	}
}

// clinical is a site with a source by HTTP and a destination by HTTP.
func clinical(t *testing.T, w *web) *config.Site {
	t.Helper()
	site := sending(newLab(t))
	site.Sources = append(site.Sources, config.Source{Name: "clinic", Listen: &url.URL{Scheme: "http", Host: "127.0.0.1:0", Path: "/hl7"}, Acknowledge: "received"})
	site.Routes[0].From = append(site.Routes[0].From, "clinic")
	ward(t, site, "web", w.URL+"/hl7")
	return site
}

// TestTraceContext: the trace that a sender gives goes on to the receiver, also where
// the engine was stopped in between; and the sender decides whether it is told.
func TestTraceContext(t *testing.T) {
	w, c, dir := newWeb(t), newCollector(t), t.TempDir()
	w.setDown(true)
	site := traced(clinical(t, w), c.URL)
	site.Telemetry.Share = 0 // which is for traces that begin here
	e, stop := running(t, dir, site)
	post(t, e, 0, "00-"+senderTrace+"-"+senderSpan+"-01", "vendor=1,other=2")
	post(t, e, 1, "00-"+strings.Repeat("a", 32)+"-"+senderSpan+"-00", "")
	post(t, e, 2, "00-"+strings.Repeat("0", 32)+"-"+senderSpan+"-01", "vendor=1") // none
	waitFor(t, func() bool { return len(about(c.named("attempt"), "handover.destination", "web")) > 0 })
	stop()
	w.setDown(false)
	e, stop = running(t, dir, site)
	waitFor(t, func() bool { return w.headers("M0") != nil && w.headers("M1") != nil && w.headers("M2") != nil })
	if s, err := e.trace.Story(t.Context(), engineAccess, 1); err != nil || s.Trace != senderTrace {
		t.Errorf("the story names the trace %q, %v", s.Trace, err)
	}
	stop()
	spans := c.all()
	checkTree(t, spans)
	traces := map[string]int{}
	accepted := ""
	for _, s := range spans {
		traces[fmt.Sprintf("%x", s.GetTraceId())]++
		if s.GetTraceState() != "vendor=1,other=2" {
			t.Errorf("the state of %s is %q", s.GetName(), s.GetTraceState())
		}
		a := attributesOf(s)
		if s.GetName() == "attempt" && a["handover.destination"] == "web" && a["handover.outcome"] == "accepted" {
			accepted = fmt.Sprintf("%x", s.GetSpanId())
		}
	}
	if len(traces) != 1 || traces[senderTrace] == 0 {
		t.Errorf("traces told: %v", slices.Collect(maps.Keys(traces)))
	}
	if r := c.named("receive"); len(r) != 1 || fmt.Sprintf("%x", r[0].GetParentSpanId()) != senderSpan || r[0].GetFlags()&0x300 != 0x300 {
		t.Errorf("received: %v", r)
	}
	if got := w.headers("M0"); got.Get("Traceparent") != "00-"+senderTrace+"-"+accepted+"-01" || got.Get("Tracestate") != "vendor=1,other=2" {
		t.Errorf("sent on with %v, and the try was %s", got, accepted)
	}
	if got := w.headers("M1").Get("Traceparent"); !strings.HasPrefix(got, "00-"+strings.Repeat("a", 32)) || !strings.HasSuffix(got, "-00") {
		t.Errorf("what is not told is sent on with %q", got)
	}
	if got := w.headers("M2"); len(got.Get("Traceparent")) != 55 || strings.Contains(got.Get("Traceparent"), strings.Repeat("0", 32)) || got.Get("Tracestate") != "" {
		t.Errorf("what came with no trace of use is sent on with %v", got)
	}
}

// TestTraceContextWithoutTelemetry: what a message came with goes on as it was, and is
// in its story; what came without has none.
func TestTraceContextWithoutTelemetry(t *testing.T) {
	w, dir := newWeb(t), t.TempDir()
	site := clinical(t, w)
	parent := "00-" + senderTrace + "-" + senderSpan + "-01"
	e, stop := running(t, dir, site)
	post(t, e, 0, parent, "vendor=1")
	sendAll(t, e, 1, 1)
	waitFor(t, func() bool { return w.headers("M0") != nil && w.headers("M1") != nil })
	if got := w.headers("M0"); got.Get("Traceparent") != parent || got.Get("Tracestate") != "vendor=1" {
		t.Errorf("sent on with %v", got)
	}
	if got := w.headers("M1"); got.Get("Traceparent") != "" || got.Get("Tracestate") != "" {
		t.Errorf("what came without is sent with %v", got)
	}
	waitFor(t, func() bool {
		s, err := e.trace.Story(t.Context(), engineAccess, 1)
		if err == nil && s.Trace != senderTrace {
			t.Errorf("the story names the trace %q", s.Trace)
		}
		return err == nil
	})
	stop()
}

// TestNothingOfTheMessageIsTold: marked words stand in every field of messages that are
// taken, refused, rejected and filtered, and in what the receivers say. None is told.
func TestNothingOfTheMessageIsTold(t *testing.T) {
	c, l := newCollector(t), newLab(t)
	l.code = func(string) string { return "MARKER|code" }
	site := traced(sending(l), c.URL)
	said := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "MARKER: Testperson is not known", http.StatusUnprocessableEntity)
	}))
	defer said.Close()
	ward(t, site, "web", said.URL+"/hl7")
	e, stop := running(t, t.TempDir(), site)
	field := func(segment string, n int) string { return segment + strings.Repeat("|MARKER^MARKER&MARKER~MARKER", n) }
	body := strings.Join([]string{field("EVN", 7), field("PID", 39), field("NK1", 39), field("PV1", 52), field("OBR", 50), field("OBX", 25), field("ZZZ", 9)}, "\r") + "\r"
	for _, message := range []string{
		"MSH|^~\\&|MARKER|MARKER|MARKER|MARKER|20260302|MARKER|ADT^A01^ADT_A01|MARKER1|P|2.5.1|MARKER|MARKER\r" + body,
		"MSH|^~\\&|MARKER|MARKER|MARKER|MARKER|MARKER|MARKER|MARKER^MARKER^MARKER|MARKER2|MARKER|2.5.1\r" + body,
		"MSH|^~\\&|MARKER|MARKER|MARKER|MARKER|20260302|MARKER|QBP^Q11^QBP_Q11|MARKER3|P|2.5.1\rQPD|MARKER\r", // refused
		"MSH|^~MARKER\r" + body, // unreadable
	} {
		sendOne(t, e, message)
	}
	waitFor(t, func() bool { return len(c.named("deliver")) >= 4 && len(c.named("receive")) == 4 })
	stop()
	if len(about(c.named("receive"), "handover.message.type", "ADT^A01^ADT_A01")) != 1 || len(about(c.named("receive"), "handover.reason", "query-not-served")) != 1 {
		t.Errorf("received: %v", c.named("receive"))
	}
	for _, body := range c.requests {
		for _, word := range []string{"MARKER", "Testperson"} {
			if bytes.Contains(body, []byte(word)) {
				t.Errorf("%q was told", word)
			}
		}
	}
	checkTree(t, c.all())
}

// TestShare: half of the traces are told, each wholly; with no share none is.
func TestShare(t *testing.T) {
	for _, share := range []float64{0, 0.5} {
		c := newCollector(t)
		site := traced(sending(newLab(t)), c.URL)
		site.Telemetry.Share = share
		e, stop := running(t, t.TempDir(), site)
		const n = 200
		sendAll(t, e, 0, n)
		waitFor(t, func() bool { return e.books.destinations["lab"].ended[0].Load() == n })
		stop()
		checkTree(t, c.all())
		got := len(c.named("receive"))
		for _, name := range []string{"decide", "deliver", "attempt"} {
			if len(c.named(name)) != got {
				t.Errorf("share %v: %d were received, %d %s", share, got, len(c.named(name)), name)
			}
		}
		// Half, but for chance: six standard deviations.
		if share == 0 && got != 0 || share > 0 && (got < n/2-43 || got > n/2+43) {
			t.Errorf("share %v: %d of %d were told", share, got, n)
		}
	}
}

// TestCollectorThatFails: whatever the collector does, messages go on, the engine stops,
// what was not told is counted, and no goroutine is left.
func TestCollectorThatFails(t *testing.T) {
	hanging := make(chan struct{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hanging:
		case <-r.Context().Done():
		}
	}))
	defer hang.Close()
	defer close(hanging)
	broken := httptest.NewServer(http.NotFoundHandler())
	defer broken.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, to := range map[string]string{"hangs": hang.URL, "refuses": broken.URL, "is gone": gone.URL} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			before := runtime.NumGoroutine()
			e, stop := running(t, t.TempDir(), traced(sending(l), to))
			sendAll(t, e, 0, 50)
			waitFor(t, func() bool { return len(l.taken()) == 50 })
			stop()
			if n := counter(t, e, "handover_telemetry_dropped_total"); n != 200 {
				t.Errorf("%v spans are counted as dropped", n)
			}
			waitFor(t, func() bool { return runtime.NumGoroutine() <= before+2 }) // connections of the lab's end by themselves
		})
	}
}

// TestNoTelemetry: without the block nothing is made.
func TestNoTelemetry(t *testing.T) {
	e, stop := running(t, t.TempDir(), sending(newLab(t)))
	sendAll(t, e, 0, 1)
	stop()
	if e.traces != nil || e.afterwards != nil {
		t.Error("there is something to tell traces")
	}
}

// TestKilled: kill -9 while one receiver does not answer and another is down. The next
// start tells of the try that was cut off, and all that follows is of the same trace.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("HANDOVER_TEST_KILLED"); dir != "" {
		untilKilled(t, dir)
		return
	}
	l, w, c, dir := newLab(t), newWeb(t), newCollector(t), t.TempDir()
	l.mu.Lock() // it hears, and says nothing
	w.setDown(true)
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "HANDOVER_TEST_KILLED="+dir, "HANDOVER_TEST_PEERS="+strings.Join([]string{l.address, w.URL, c.URL}, " "))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: strings.TrimSpace(address)})
	if err == nil {
		_, err = client.Send(t.Context(), admission(0))
	}
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		return len(about(c.named("attempt"), "handover.outcome", "failed")) > 0 && len(c.named("decide")) == 1
	})
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	_ = client.Close()
	l.mu.Unlock()
	w.setDown(false)

	_, stop := running(t, dir, killed(t, l.address, w.URL, c.URL))
	waitFor(t, func() bool { return len(c.named("deliver")) == 2 })
	stop()
	checkTree(t, c.all())
	cut, parked := about(about(c.named("attempt"), "handover.destination", "lab"), "handover.outcome", "unknown"), about(c.named("deliver"), "handover.reason", "unknown")
	if len(c.named("receive")) != 1 || len(cut) != 1 || len(parked) != 1 || !bytes.Equal(cut[0].GetParentSpanId(), parked[0].GetSpanId()) ||
		len(about(c.named("deliver"), "handover.ending", "accepted")) != 1 {
		t.Errorf("cut off: %v\nparked: %v\nof %d spans", cut, parked, len(c.all()))
	}
}

// killed is a site of one source, and of one receiver of each kind.
func killed(t *testing.T, address, web, collector string) *config.Site {
	t.Helper()
	site := traced(sending(&lab{address: address}), collector)
	site.Destinations[0].Answer = time.Hour
	ward(t, site, "web", web+"/hl7")
	site.Destinations[1].Resend = true // a try of its own may be cut off too
	return site
}

// untilKilled runs an engine, and says where it listens.
func untilKilled(t *testing.T, dir string) {
	peers := strings.Fields(os.Getenv("HANDOVER_TEST_PEERS"))
	e, _ := running(t, dir, killed(t, peers[0], peers[1], peers[2]))
	fmt.Println(e.Addr("pas"))
	select {}
}

// sendOne sends any bytes as a message, and waits for what is said of them.
func sendOne(t *testing.T, e *Engine, message string) {
	t.Helper()
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Send(t.Context(), []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// counter returns what /metrics shows of the traces.
func counter(t *testing.T, e *Engine, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	for _, c := range e.traces.Collectors() {
		registry.MustRegister(c)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
