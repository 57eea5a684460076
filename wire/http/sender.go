package http

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"handover"
	"handover/hl7v2"
	"handover/wire"
)

// SenderConfig says where messages go.
type SenderConfig struct {
	URL string
	// Authorization is sent as the header of that name; "": none is.
	Authorization string
	TLS           *tls.Config   // nil: Go's defaults
	Connect       time.Duration // how long connecting may take, TLS included; 0: ten seconds
	Answer        time.Duration // how long the answer may take; 0: a minute
}

// Sender posts messages to one receiver, over a connection that it keeps.
//
// The answer's acknowledgement is its word, if MSA-2 is the message's MSH-10; else its
// status is: 2xx is Accepted where no acknowledgement came with it, 4xx Rejected, but 408,
// 425 and 429, which ask for another try, and 503, are Failed. Redirects are not followed,
// and Rejected. Everything else is Unknown once anything of the request may have been sent,
// and Failed before.
type Sender struct {
	config SenderConfig
	client *http.Client
	cancel context.CancelFunc
	ended  context.Context //nolint:containedctx // it ends when the Sender does, not with a call
}

// NewSender makes a Sender. It connects when the first message is sent.
func NewSender(c SenderConfig) *Sender {
	c.Connect, c.Answer = cmp.Or(c.Connect, 10*time.Second), cmp.Or(c.Answer, time.Minute)
	s := &Sender{config: c, client: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: c.Connect}).DialContext,
			TLSClientConfig:     c.TLS.Clone(), // the transport writes into it
			TLSHandshakeTimeout: c.Connect, ResponseHeaderTimeout: c.Answer, MaxIdleConnsPerHost: 1, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.ended, s.cancel = context.WithCancel(context.Background())
	return s
}

// Close ends the Sender. A message that waits for its answer ends as Unknown.
func (s *Sender) Close() error {
	s.cancel()
	s.client.CloseIdleConnections()
	return nil
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 1 << 20

// Send posts a message and says what became of it.
func (s *Sender) Send(ctx context.Context, message []byte) handover.Outcome {
	m, _ := hl7v2.Parse(message)
	if m == nil {
		return handover.Outcome{Ending: handover.Rejected, Reason: "it is no message"}
	}
	a, o := s.post(ctx, wire.MediaType, "", message)
	if a == nil {
		return o
	}
	if o, told := acknowledged(m, a.media, a.body); told {
		return o
	}
	return a.byStatus()
}

// answer is what a receiver said.
type answer struct {
	status int
	media  string // its Content-Type, without parameters
	body   []byte
	broken bool // it broke off
}

// post posts a body and returns the answer. Without one the Outcome says what became of
// it.
func (s *Sender) post(ctx context.Context, media, accept string, body []byte) (*answer, handover.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Connect+s.config.Answer)
	defer cancel()
	defer context.AfterFunc(s.ended, cancel)()
	var sent atomic.Bool // something may have left
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.URL, bytes.NewReader(body))
	if err != nil {
		return nil, handover.Outcome{Ending: handover.Failed, Reason: err.Error()}
	}
	request.Header.Set("Content-Type", media)
	t := wire.TraceOf(ctx)
	for name, value := range map[string]string{
		"Accept": accept, "Authorization": s.config.Authorization, "Traceparent": t.Parent, "Tracestate": t.State,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := s.client.Do(request)
	if err != nil {
		o := handover.Outcome{Ending: handover.Failed, Reason: s.reason(err)}
		if sent.Load() {
			o.Ending = handover.Unknown
		}
		return nil, o
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode}
	a.media, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	a.broken = err != nil
	return a, handover.Outcome{}
}

// reason says in our words why there is no answer, without the URL's query.
func (s *Sender) reason(err error) string {
	var timeout net.Error
	switch {
	case s.ended.Err() != nil:
		return "the sender was closed"
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no answer came within %v", s.config.Answer)
	}
	text := err.Error()
	if _, after, found := strings.Cut(text, `": `); found { // Post "URL": why
		text = after
	}
	return text
}

// acknowledged reads an acknowledgement of the message; told is false if the body is
// none.
func acknowledged(m *hl7v2.Message, media string, body []byte) (o handover.Outcome, told bool) {
	if media == "text/html" {
		return o, false
	}
	answer, _ := hl7v2.Parse(body)
	if answer == nil || answer.Get("MSA-1").IsAbsent() {
		return o, false
	}
	if about := answer.Get("MSA-2").Text(); about != m.ControlID() {
		return handover.Outcome{Ending: handover.Unknown, Reason: "the acknowledgement is about another message", Answer: body}, true
	}
	o, final := wire.Outcome(answer.Get("MSA-1").Text(), body, hl7v2.Expected(m))
	if !final { // and no more comes by this way
		o.Reason = "it was accepted there; what the application says of it did not come"
	}
	return o, true
}

// byStatus is what a status says where there is no acknowledgement.
func (a *answer) byStatus() handover.Outcome {
	status := a.status
	o := handover.Outcome{Ending: handover.Unknown, Code: fmt.Sprint(status)}
	if len(a.body) > 0 {
		o.Answer = a.body
	}
	switch {
	case status/100 == 2 && a.broken:
		o.Reason = "the answer broke off"
	case status/100 == 2:
		o.Ending = handover.Accepted
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		o.Ending = handover.Failed
	case status/100 == 3:
		o.Ending, o.Reason = handover.Rejected, "the receiver wants it sent elsewhere; redirects are not followed"
	case status/100 == 4:
		o.Ending = handover.Rejected
	}
	return o
}
