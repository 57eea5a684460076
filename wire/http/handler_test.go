package http

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/wire"
	"handover/wire/wiretest"
)

// started is a handler in a server that runs until the test ends.
type started struct {
	t       *testing.T
	handler *Handler
	server  *http.Server
	client  *http.Client
	address string
	ended   chan error
	once    sync.Once

	mu        sync.Mutex
	fragments []wire.Fragment
}

func start(t *testing.T, c Config) *started {
	t.Helper()
	s := &started{t: t, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	c.Source = wiretest.Source
	c.Fragment = func(_ context.Context, f wire.Fragment) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.fragments = append(s.fragments, f)
	}
	s.handler = New(c)
	s.server = &http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	go func() { s.ended <- s.server.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *started) Stop() (err error) {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = s.server.Shutdown(ctx)
		if e := <-s.ended; !errors.Is(e, http.ErrServerClosed) {
			err = e
		}
		s.client.CloseIdleConnections()
	})
	return err
}

// Send posts the message. A status without an acknowledgement is an error.
func (s *started) Send(ctx context.Context, message []byte) ([]byte, error) {
	status, header, body := s.post(ctx, "application/hl7-v2", bytes.NewReader(message))
	if header.Get("Content-Type") != "application/hl7-v2" {
		return nil, fmt.Errorf("status %d: %s", status, body)
	}
	return body, nil
}

func (s *started) post(ctx context.Context, contentType string, body io.Reader) (int, http.Header, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/hl7", body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	return s.do(r)
}

func (s *started) do(r *http.Request) (int, http.Header, []byte) {
	s.t.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Errorf("posting: %v", err)
		return 0, http.Header{}, nil
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Errorf("reading the response: %v", err)
	}
	return response.StatusCode, response.Header, got
}

func TestContract(t *testing.T) {
	wiretest.Run(t, func(t *testing.T, r wire.Receiver, room wire.Room) wiretest.Listener {
		return start(t, Config{Receiver: r, Room: room})
	})
}

func TestStatus(t *testing.T) {
	ack := func(code string) []byte { return wiretest.Answer(wiretest.Message("S", "x"), code) }
	kind := func(k handover.Kind) error { return &handover.Error{Op: "keeping", Kind: k} }
	for _, c := range []struct {
		name   string
		answer []byte
		err    error
		status int
		retry  bool
		plain  string // of the body, where the answer is not the body
	}{
		{"accepted", ack("AA"), nil, 200, false, ""},
		{"committed", ack("CA"), nil, 200, false, ""},
		{"no MSA", []byte("BHS|^~\\&|\rBTS|0\r"), nil, 200, false, ""},
		{"nothing owed", nil, nil, 204, false, ""},
		{"content refused", ack("AE"), nil, 400, false, ""},
		{"rejected", ack("CR"), nil, 400, false, ""},
		{"one of two refused", append(ack("AA"), ack("AE")...), nil, 400, false, ""},
		{"not kept, and said so", ack("AE"), kind(handover.Unavailable), 503, true, ""},
		{"disk full, and said so", ack("AE"), kind(handover.Full), 507, true, ""},
		{"not kept, no answer", nil, kind(handover.Unavailable), 503, true, "send it again later"},
		{"denied, no answer", nil, kind(handover.Denied), 403, false, "not kept (denied)"},
		{"broken, no answer", nil, errors.New("secret"), 500, false, "not kept (internal)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{Receiver: wire.ReceiverFunc(func(context.Context, wire.Arrival) ([][]byte, error) { return wiretest.Only(c.answer), c.err })})
			status, header, body := s.post(t.Context(), "application/hl7-v2", bytes.NewReader(wiretest.Message("S", "x")))
			if status != c.status || (header.Get("Retry-After") != "") != c.retry {
				t.Errorf("status %d, header %v", status, header)
			}
			if c.plain == "" && !bytes.Equal(body, c.answer) || strings.Contains(string(body), "secret") {
				t.Errorf("body %q", body)
			}
			if !strings.Contains(string(body), c.plain) {
				t.Errorf("body %q, want %q in it", body, c.plain)
			}
		})
	}
}

func TestTypes(t *testing.T) {
	s := start(t, Config{Receiver: &wiretest.Intake{}})
	for _, c := range []struct {
		contentType string
		status      int
		answer      string
	}{
		{"application/hl7-v2", 200, "application/hl7-v2"},
		{"Application/HL7-v2+ER7", 200, "application/hl7-v2+er7"},
		{"x-application/hl7-v2+er7; charset=iso-8859-1", 200, "x-application/hl7-v2+er7; charset=iso-8859-1"},
		{"application/hl7-v2; charset=utf-8", 200, "application/hl7-v2; charset=utf-8"},
		{"application/hl7-v2; charset=UTF-16LE", 415, "text/plain; charset=utf-8"},
		{"application/hl7-v2+xml", 415, "text/plain; charset=utf-8"},
		{"text/plain", 415, "text/plain; charset=utf-8"},
		{"", 415, "text/plain; charset=utf-8"},
		{"application/hl7-v2; charset", 415, "text/plain; charset=utf-8"},
	} {
		status, header, body := s.post(t.Context(), c.contentType, bytes.NewReader(wiretest.Message("T", "x")))
		if status != c.status || header.Get("Content-Type") != c.answer || len(body) == 0 {
			t.Errorf("%q: status %d, %q, %q", c.contentType, status, header.Get("Content-Type"), body)
		}
	}
}

func TestTurnedAway(t *testing.T) {
	s := start(t, Config{Receiver: &wiretest.Intake{}, Room: wire.Room{MaxMessage: 100}})
	request := func(method, encoding, body string) *http.Request {
		r, err := http.NewRequest(method, "http://"+s.address+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/hl7-v2")
		if encoding != "" {
			r.Header.Set("Content-Encoding", encoding)
		}
		return r
	}
	for _, c := range []struct {
		r      *http.Request
		status int
	}{
		{request("GET", "", ""), 405},
		{request("PUT", "", "MSH|"), 405},
		{request("POST", "gzip", "MSH|"), 415},
		{request("POST", "", ""), 400},
		{request("POST", "", strings.Repeat("x", 1000)), 413},
	} {
		status, header, body := s.do(c.r)
		if status != c.status || header.Get("Content-Type") != "text/plain; charset=utf-8" || len(body) == 0 {
			t.Errorf("%s: status %d, want %d; %q", c.r.Method, status, c.status, body)
		}
		if status == 405 && header.Get("Allow") != "POST" {
			t.Errorf("Allow: %q", header.Get("Allow"))
		}
	}
	if n := s.handler.Counts(); n.Turned != 5 || n.Requests != 5 || n.Messages != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestAllowList(t *testing.T) {
	allow, err := wire.ParseAllowList([]string{"192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{Receiver: &wiretest.Intake{}, Allow: allow})
	if status, _, _ := s.post(t.Context(), "application/hl7-v2", strings.NewReader("MSH|")); status != 403 {
		t.Errorf("status %d", status)
	}
}

// A chunked body says its length only by ending.
func TestChunkedBodyOverTheLimit(t *testing.T) {
	intake := &wiretest.Intake{}
	s := start(t, Config{Receiver: intake, Room: wire.Room{MaxMessage: 1000}})
	for _, size := range []int{1500, 5000} {
		message := wiretest.Message("C", strings.Repeat("x", size))
		status, _, body := s.post(t.Context(), "application/hl7-v2", io.MultiReader(bytes.NewReader(message)))
		if status != 413 || !bytes.Equal(body, wiretest.Answer(message, "AR")) {
			t.Errorf("%d bytes: status %d, %q", size, status, body)
		}
	}
	if n := s.handler.Counts(); n.Refused != 2 || n.Messages != 2 {
		t.Errorf("counts %+v", n)
	}
}

func TestBodyThatDoesNotEnd(t *testing.T) {
	for _, c := range []struct {
		name   string
		leave  bool
		reason wire.Reason
		status int
	}{{"the sender goes", true, wire.Unfinished, 400}, {"the sender waits", false, wire.Stalled, 408}} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, Config{Receiver: &wiretest.Intake{}, Stall: 50 * time.Millisecond})
			conn, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/hl7-v2\r\nContent-Length: 100\r\n\r\nMSH|half")
			if c.leave {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || response.StatusCode != c.status {
				t.Fatalf("response %v, %v", response, err)
			}
			_ = response.Body.Close()
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.fragments) != 1 || s.fragments[0].Reason != c.reason || string(s.fragments[0].Body.Bytes) != "MSH|half" {
				t.Errorf("fragments %v", s.fragments)
			}
		})
	}
}

// TestTrace: a trace context goes with the message to the Receiver as it came; of two
// nobody knows which is meant.
func TestTrace(t *testing.T) {
	var got wire.Trace
	s := start(t, Config{Receiver: wire.ReceiverFunc(func(_ context.Context, a wire.Arrival) ([][]byte, error) {
		got = a.Trace
		return nil, nil
	})})
	for _, c := range []struct {
		parents, states []string
		want            wire.Trace
	}{
		{nil, nil, wire.Trace{}},
		{[]string{"00-a-b-01"}, []string{"x=1", "y=2"}, wire.Trace{Parent: "00-a-b-01", State: "x=1,y=2"}},
		{[]string{"00-a-b-01", "00-c-d-01"}, []string{"x=1"}, wire.Trace{}},
		{nil, []string{"x=1"}, wire.Trace{}},
	} {
		r, err := http.NewRequest(http.MethodPost, "http://"+s.address+"/", bytes.NewReader(wiretest.Message("S", "x")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {"application/hl7-v2"}, "Traceparent": c.parents, "Tracestate": c.states}
		if s.do(r); got != c.want {
			t.Errorf("%v %v came as %+v", c.parents, c.states, got)
		}
	}
}
