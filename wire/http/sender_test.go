package http_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/wire"
	wirehttp "handover/wire/http"
)

// acknowledgement answers a message's MSH-10.
func acknowledgement(code, control string) string {
	return "MSH|^~\\&|LAB|L|HO|H|20260302||ACK|X|P|2.5.1\rMSA|" + code + "|" + control + "\r"
}

func TestSender(t *testing.T) {
	const both = "|P|2.5.1|||AL|AL"
	for name, c := range map[string]struct {
		status int
		media  string
		body   string
		msh    string // from MSH-11 on
		want   handover.Ending
		code   string
	}{
		"AA":                        {200, "application/hl7-v2", acknowledgement("AA", "M1"), "", handover.Accepted, "AA"},
		"AA in plain text":          {200, "text/plain", acknowledgement("AA", "M1"), "", handover.Accepted, "AA"},
		"AE with 200":               {200, "application/hl7-v2", acknowledgement("AE", "M1"), "", handover.Rejected, "AE"},
		"AR with 400":               {400, "application/hl7-v2", acknowledgement("AR", "M1"), "", handover.Rejected, "AR"},
		"AA for another message":    {200, "application/hl7-v2", acknowledgement("AA", "M2"), "", handover.Unknown, ""},
		"CA where no more is asked": {200, "application/hl7-v2", acknowledgement("CA", "M1"), "|P|2.5.1|||AL|NE", handover.Accepted, "CA"},
		"CA where more is asked":    {200, "application/hl7-v2", acknowledgement("CA", "M1"), both, handover.Unknown, "CA"},
		"no acknowledgement":        {204, "", "", "", handover.Accepted, "204"},
		"a page that says OK":       {200, "text/html", "<p>OK</p>", "", handover.Accepted, "200"},
		"refused":                   {422, "text/plain", "no", "", handover.Rejected, "422"},
		"too much":                  {429, "", "", "", handover.Failed, "429"},
		"unavailable":               {503, "", "", "", handover.Failed, "503"},
		"a gateway that gave up":    {504, "", "", "", handover.Unknown, "504"},
		"a fault, after who knows":  {500, "", "", "", handover.Unknown, "500"},
		"moved":                     {302, "", "", "", handover.Rejected, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			var took, media string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				took, media = string(body), r.Header.Get("Content-Type")
				w.Header().Set("Content-Type", c.media)
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			message := "MSH|^~\\&|A|B|C|D|20260302||ADT^A01|M1" + c.msh
			if c.msh == "" {
				message += "|P|2.5.1"
			}
			message += "\rPID|1||900001\r"
			s := wirehttp.NewSender(wirehttp.SenderConfig{URL: server.URL + "/hl7?key=secret"})
			defer s.Close()
			o := s.Send(t.Context(), []byte(message))
			if o.Ending != c.want || o.Code != c.code || strings.Contains(o.Reason, "secret") {
				t.Errorf("%+v, want %s %s", o, c.want, c.code)
			}
			if took != message || media != "application/hl7-v2" {
				t.Errorf("it came as %s %q", media, took)
			}
		})
	}
}

// TestSenderWithoutAnswer: what was not sent has failed, what may have been is unknown.
func TestSenderWithoutAnswer(t *testing.T) {
	message := []byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|M1|P|2.5.1\r")
	send := func(url string) handover.Outcome {
		s := wirehttp.NewSender(wirehttp.SenderConfig{URL: url, Connect: time.Second, Answer: 100 * time.Millisecond})
		defer s.Close()
		return s.Send(t.Context(), message)
	}
	if o := send("http://127.0.0.1:1/?key=secret"); o.Ending != handover.Failed || strings.Contains(o.Reason, "secret") {
		t.Errorf("nobody listens: %+v", o)
	}
	if o := send("https://" + strings.TrimPrefix(plainServer(t, func(net.Conn) {}), "http://")); o.Ending != handover.Failed {
		t.Errorf("no TLS there: %+v", o)
	}
	if o := send(plainServer(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) })); o.Ending != handover.Unknown {
		t.Errorf("the connection ends without an answer: %+v", o)
	}
	if o := send(plainServer(t, func(c net.Conn) { time.Sleep(time.Second) })); o.Ending != handover.Unknown || !strings.Contains(o.Reason, "100ms") {
		t.Errorf("no answer in time: %+v", o)
	}
	if o := send(plainServer(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	})); o.Ending != handover.Unknown {
		t.Errorf("the answer breaks off: %+v", o)
	}
	s := wirehttp.NewSender(wirehttp.SenderConfig{URL: plainServer(t, func(c net.Conn) { time.Sleep(5 * time.Second) })})
	time.AfterFunc(50*time.Millisecond, func() { _ = s.Close() })
	if o := s.Send(context.Background(), message); o.Ending != handover.Unknown {
		t.Errorf("closed meanwhile: %+v", o)
	}
}

// plainServer takes one connection at a time and ends it after do.
func plainServer(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestSenderSendsTheTraceOn: in the headers, where there is one.
func TestSenderSendsTheTraceOn(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer server.Close()
	s := wirehttp.NewSender(wirehttp.SenderConfig{URL: server.URL})
	defer s.Close()
	for _, trace := range []wire.Trace{{}, {Parent: "00-a-b-01"}, {Parent: "00-a-b-01", State: "x=1"}} {
		o := s.Send(wire.WithTrace(t.Context(), trace), []byte("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|M1|P|2.5.1\r"))
		if o.Ending != handover.Accepted || got.Get("Traceparent") != trace.Parent || got.Get("Tracestate") != trace.State {
			t.Errorf("%+v: %+v, %v", trace, o, got)
		}
	}
}
