package api_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"handover/api"
)

// listening serves the house over TCP and gives the address.
func (h *house) listening(change func(*http.Server)) string {
	h.t.Helper()
	s, err := api.Server(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	change(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	h.t.Cleanup(func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			h.t.Error(err)
		}
	})
	return l.Addr().String()
}

// raw sends bytes as they stand and reads all that comes until the end.
func raw(t *testing.T, address, request string) (status int, header http.Header, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.80q: %v", request, err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%.80q: %v", request, err)
	}
	return r.StatusCode, r.Header, string(b)
}

func TestHostileRequests(t *testing.T) {
	h := aDay(t)
	var log bytes.Buffer
	h.config.Log = slog.New(slog.NewTextHandler(&log, nil))
	address := h.listening(func(*http.Server) {})
	get := func(target string, headers ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + strings.Join(headers, "") + "\r\n"
	}
	for _, c := range []struct {
		name, request string
		want          string // statuses that will do
	}{
		{"up and away", get("/fhir/../api/v1/messages"), "400"},
		{"up and away, escaped", get("/fhir/%2e%2e/%2e%2e/etc/passwd"), "404"},
		{"up and away with backslashes", get(`/fhir/Patient/..%5c..%5cetc`), "404"},
		{"a slash in an id", get("/fhir/Patient/..%2f..%2fetc%2fpasswd"), "404"},
		{"double slash", get("//fhir//Patient"), "400"},
		{"dots", get("/./fhir/./Patient"), "400"},
		{"bad escape in the path", get("/fhir/%zz"), "400"},
		{"bad escape in the query", get("/fhir/Patient?identifier=%zz"), "400"},
		{"cut escape in the query", get("/fhir/Patient?identifier=%"), "400"},
		{"semicolon", get("/fhir/Patient?a;b"), "400"},
		{"NUL", get("/fhir/Patient?identifier=%00"), "200"},
		{"no UTF-8", get("/fhir/Patient?identifier=%ff%fe"), "200"},
		{"no UTF-8 in a name", get("/fhir/Patient?%ff=1"), "400"},
		{"line break in a value", get("/fhir/Patient?identifier=a%0d%0aSet-Cookie:%20x=1"), "200"},
		{"line break in a path", get("/fhir/Patient/a%0d%0aSet-Cookie:%20x=1"), "404"},
		{"line break in an API path", get("/api/v1/traces/a%0d%0aSet-Cookie:%20x=1"), "404"},
		{"SQL", get("/fhir/Patient?identifier=')%3BDROP%20TABLE%20resource--"), "200"},
		{"markup", get("/fhir/Patient?%3Cscript%3Ealert(1)%3C/script%3E=1"), "400"},
		{"long URL", get("/fhir/Patient?identifier=" + strings.Repeat("a", api.MaxURL)), "414"},
		{"longer URL", get("/fhir/Patient?identifier=" + strings.Repeat("a", 100<<10)), "431"},
		{"long header", get("/fhir/Patient", "Prefer: "+strings.Repeat("a", 100<<10)+"\r\n"), "431"},
		{"many parameters", get("/fhir/Patient?" + strings.Repeat("&identifier=1", 3000)), "400"},
		{"deep path", get("/fhir" + strings.Repeat("/a", 5000)), "404"},
		{"bad header", get("/fhir/Patient", "If-None-Match\r\n"), "400"},
		{"odd conditions", get("/fhir/Patient/"+patientID("PAS", "900001"), "If-None-Match: \xff,,\"\r\n", "If-Modified-Since: \xff\r\n"), "200"},
		{"odd Accept", get("/fhir/Patient", "Accept: ;;;,/,*/\r\n"), "406"},
		{"bad host", "GET /fhir/Patient HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", "400"},
		{"absolute URL", get("http://elsewhere.example/fhir/Patient"), "200"},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200"},
		{"CONNECT", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"},
		{"unknown method", "BREW /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "405"},
		{"two lengths", "POST /fhir/Patient/_search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
	} {
		status, header, body := raw(t, address, c.request)
		if !strings.Contains(c.want, fmt.Sprint(status)) {
			t.Errorf("%s: status %d, want %s: %.300s", c.name, status, c.want, body)
		}
		if header.Get("Set-Cookie") != "" || header.Get("Location") != "" {
			t.Errorf("%s: headers %v", c.name, header)
		}
		if status == http.StatusOK && c.name != "asterisk" && header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: may be sniffed: %v", c.name, header)
		}
	}
	if strings.Contains(log.String(), "identifier") || strings.Contains(log.String(), "passwd") {
		t.Errorf("the log has what was asked: %s", &log)
	}
}

// TestSlowBodies: who sends a body byte by byte is cut off by the server's
// time-outs, here made shorter.
func TestSlowBodies(t *testing.T) {
	h := aDay(t)
	address := h.listening(func(s *http.Server) {
		if s.ReadTimeout <= 0 || s.ReadHeaderTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.ErrorLog == nil {
			t.Errorf("a limit is missing: %+v", s)
		}
		s.ReadTimeout, s.ReadHeaderTimeout = 200*time.Millisecond, 200*time.Millisecond
	})
	status, _, _ := raw(t, address, "POST /fhir/Patient/_search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\n\r\nidentif")
	if status != http.StatusRequestTimeout {
		t.Errorf("slow body: status %d", status)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /fhir/Patient HTTP/1.1\r\nHost: localh")
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if b, err := io.ReadAll(conn); err != nil || strings.Contains(string(b), "200 OK") {
		t.Errorf("slow headers: %q, %v", b, err)
	}
}

// TestATimeOutEndsTheWork: the context that the record gets ends with
// Config.Timeout.
func TestATimeOutEndsTheWork(t *testing.T) {
	h := newHouse(t)
	h.config.Timeout, h.config.Wait = 50*time.Millisecond, time.Hour
	h.open()
	for _, target := range []string{"/fhir/Patient", "/api/v1/messages"} {
		if a := h.get(target, "X-Handover-Offset: 10"); a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", target, a.StatusCode, a.body)
		}
	}
}

// TestWhoLeavesIsNotLogged: a client that went away is no fault of ours.
func TestWhoLeavesIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	h := newHouse(t)
	h.config.Log = slog.New(slog.NewTextHandler(&log, nil))
	h.open()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/fhir/Patient", nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.send(r, "X-Handover-Offset: 10"); log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}
