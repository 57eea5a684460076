package nats_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"handover"
	"handover/wire/nats"
	"handover/wire/nats/natstest"
)

const subject = "hospital.lab.results"

// labs is a stream that takes what the tests send.
func labs(change func(*jetstream.StreamConfig)) jetstream.StreamConfig {
	c := jetstream.StreamConfig{Name: "LABS", Subjects: []string{"hospital.>"}}
	if change != nil {
		change(&c)
	}
	return c
}

func message(control string) []byte {
	return []byte("MSH|^~\\&|A|B|C|D|20260302||ORU^R01|" + control + "|P|2.5.1\rPID|1||900001\r")
}

func sender(t *testing.T, address string, change func(*nats.Config)) *nats.Sender {
	t.Helper()
	c := nats.Config{Address: address, Subject: subject, Connect: 5 * time.Second, Answer: 5 * time.Second}
	if change != nil {
		change(&c)
	}
	there, err := nats.Read(c)
	if err != nil {
		t.Fatal(err)
	}
	to := there.NewSender()
	t.Cleanup(func() { _ = to.Close() })
	return to
}

// want holds an outcome to an ending and to what its reason says.
func want(t *testing.T, what string, o handover.Outcome, ending handover.Ending, why string) {
	t.Helper()
	if o.Ending != ending || !strings.Contains(o.Reason, why) || why == "" && o.Reason != "" || strings.Contains(o.Reason, "900001") {
		t.Errorf("%s: %s %q %q (%s), want %s %q", what, o.Ending, o.Code, o.Reason, o.Answer, ending, why)
	}
}

// TestSender: what is accepted is in the stream, byte for byte, and the same bytes once.
func TestSender(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	to := sender(t, s.Address, nil)
	latin := append(message("M2"), 0xE9, 0, '\r', '\n')
	want(t, "the first", to.Send(t.Context(), message("M1")), handover.Accepted, "")
	want(t, "other bytes", to.Send(t.Context(), latin), handover.Accepted, "")
	want(t, "the first again", to.Send(t.Context(), message("M1")), handover.Accepted, "had the same bytes already")
	other := sender(t, s.Address, func(c *nats.Config) { c.Subject = "hospital.archive" })
	want(t, "the same on another subject", other.Send(t.Context(), message("M1")), handover.Accepted, "")
	there := natstest.Messages(t, stream)
	if len(there) != 3 || !bytes.Equal(there[0].Data, message("M1")) || !bytes.Equal(there[1].Data, latin) ||
		there[1].Subject != subject || there[2].Subject != "hospital.archive" {
		t.Fatalf("the stream has %d messages: %+v", len(there), there)
	}
	ids := map[string]bool{}
	for _, m := range there {
		id := m.Header.Get("Nats-Msg-Id")
		if ids[id] || len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" || m.Header.Get("Content-Type") != "application/hl7-v2" || len(m.Header) != 2 {
			t.Errorf("headers %v", m.Header)
		}
		ids[id] = true
	}
}

// TestRefused: who does not take a message, and what that means of it.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		server func(*server.Options)
		stream func(*jetstream.StreamConfig)
		ending handover.Ending
		why    string
	}{
		"no stream takes the subject":     {nil, func(c *jetstream.StreamConfig) { c.Subjects = []string{"elsewhere"} }, handover.Failed, "no stream takes"},
		"the stream is full of messages":  {nil, func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 1, jetstream.DiscardNew }, handover.Failed, "full"},
		"the stream is full of bytes":     {nil, func(c *jetstream.StreamConfig) { c.MaxBytes, c.Discard = 500, jetstream.DiscardNew }, handover.Failed, "full"},
		"too large for the stream":        {nil, func(c *jetstream.StreamConfig) { c.MaxMsgSize = 400 }, handover.Rejected, "max_msg_size"},
		"too large for the server":        {func(o *server.Options) { o.MaxPayload = 500 }, nil, handover.Rejected, "max_payload"},
		"too little disk for the account": {func(o *server.Options) { o.JetStreamMaxStore = 100 }, nil, handover.Failed, "did not store it"},
		"no JetStream":                    {func(o *server.Options) { o.JetStream = false }, nil, handover.Failed, "no stream takes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := natstest.New(t, c.server)
			if s.Options.JetStream {
				s.Stream(t, labs(c.stream))
			}
			to := sender(t, s.Address, nil)
			if c.why != "no stream takes" {
				want(t, "a small one", to.Send(t.Context(), message("M1")), handover.Accepted, "")
			}
			large := append(message("M2"), bytes.Repeat([]byte("OBX|1\r"), 60)...)
			for range 2 { // the connection stays of use
				want(t, "a large one", to.Send(t.Context(), large), c.ending, c.why)
			}
		})
	}
}

// TestLimitLowered: a server that takes less than it said when we connected.
func TestLimitLowered(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	to := sender(t, s.Address, nil)
	want(t, "before", to.Send(t.Context(), message("M1")), handover.Accepted, "")
	s.Options.MaxPayload = 300
	s.Reload(t)
	want(t, "after", to.Send(t.Context(), bytes.Repeat(message("M2"), 10)), handover.Rejected, "max_payload")
	if got := natstest.Messages(t, stream); len(got) != 1 {
		t.Errorf("%d are stored", len(got))
	}
}

// TestCalledOff: a caller who does not wait any more when it begins sends nothing.
func TestCalledOff(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	to := sender(t, s.Address, nil)
	ctx, cancel := context.WithCancel(t.Context())
	want(t, "before", to.Send(ctx, message("M1")), handover.Accepted, "")
	cancel()
	want(t, "after", to.Send(ctx, message("M2")), handover.Failed, "canceled")
	if got := natstest.Messages(t, stream); len(got) != 1 {
		t.Errorf("%d are stored", len(got))
	}
}

// TestServerAway: what could not be sent has failed and never leaves later; what comes
// once the server is back arrives.
func TestServerAway(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	to := sender(t, s.Address, nil)
	want(t, "before", to.Send(t.Context(), message("M1")), handover.Accepted, "")
	s.Stop()
	to.Age()
	for range 3 {
		want(t, "away", to.Send(t.Context(), message("M2")), handover.Failed, "refused")
	}
	s.Start(t)
	want(t, "back", to.Send(t.Context(), message("M3")), handover.Accepted, "")
	got := natstest.Messages(t, stream)
	if len(got) != 2 || !bytes.Equal(got[1].Data, message("M3")) {
		t.Errorf("%d are stored", len(got))
	}
}

// TestNoAnswer: what was sent, and of which no stream said anything, is unknown. No
// goroutine stays of it.
func TestNoAnswer(t *testing.T) {
	type arrived struct {
		server *natstest.Server
		to     *nats.Sender
		cancel func() // of the caller
		msg    *client.Msg
	}
	reply := func(text string) func(arrived) { return func(a arrived) { _ = a.msg.Respond([]byte(text)) } }
	for name, c := range map[string]struct {
		then   func(arrived)
		answer time.Duration
		why    string
	}{
		"nobody answers":              {func(arrived) {}, 300 * time.Millisecond, "within 300ms"},
		"the server ends":             {func(a arrived) { a.server.Stop() }, time.Minute, "connection ended"},
		"the sender is closed":        {func(a arrived) { _ = a.to.Close() }, time.Minute, "was closed"},
		"the caller waits no longer":  {func(a arrived) { a.cancel() }, time.Minute, "canceled"},
		"something else answers":      {reply("thank you"), time.Minute, "no stream"},
		"something answers with JSON": {reply(`{"stream":1}`), time.Minute, "no stream"},
		"something answers emptily":   {reply("{}"), time.Minute, "no stream"},
		"it is stored nowhere":        {reply(`{"stream":"LABS"}`), time.Minute, "no stream"},
	} {
		t.Run(name, func(t *testing.T) {
			s := natstest.New(t, nil)
			listener := s.Connect(t)
			heard, err := listener.SubscribeSync(subject)
			if err != nil || listener.Flush() != nil {
				t.Fatal(err)
			}
			to := sender(t, s.Address, func(c2 *nats.Config) { c2.Answer = c.answer })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan handover.Outcome, 1)
			go func() { ended <- to.Send(ctx, message("M1")) }()
			msg, err := heard.NextMsg(30 * time.Second)
			if err != nil {
				t.Fatal(err)
			}
			c.then(arrived{s, to, cancel, msg})
			want(t, name, <-ended, handover.Unknown, c.why)
			_ = to.Close()
			listener.Close()
			noGoroutines(t)
		})
	}
}

// TestSecondAnswer: an answer to one message says nothing of the next.
func TestSecondAnswer(t *testing.T) {
	s := natstest.New(t, nil)
	listener := s.Connect(t)
	_, err := listener.Subscribe(subject, func(m *client.Msg) {
		if bytes.Equal(m.Data, message("M1")) {
			_ = m.Respond([]byte(`{"stream":"LABS","seq":1}`))
			_ = m.Respond([]byte(`{"stream":"LABS","seq":2}`))
		}
	})
	if err != nil || listener.Flush() != nil {
		t.Fatal(err)
	}
	to := sender(t, s.Address, func(c *nats.Config) { c.Answer = 300 * time.Millisecond })
	want(t, "the first", to.Send(t.Context(), message("M1")), handover.Accepted, "")
	want(t, "the next", to.Send(t.Context(), message("M2")), handover.Unknown, "within 300ms")
}

// TestClosed: a Sender that was closed sends nothing.
func TestClosed(t *testing.T) {
	s := natstest.New(t, nil)
	stream := s.Stream(t, labs(nil))
	for _, used := range []bool{false, true} {
		to := sender(t, s.Address, nil)
		if used {
			want(t, "before", to.Send(t.Context(), message("M1")), handover.Accepted, "")
		}
		for range 2 {
			if err := to.Close(); err != nil {
				t.Error(err)
			}
		}
		want(t, "after", to.Send(t.Context(), message("M2")), handover.Failed, "was closed")
	}
	if got := natstest.Messages(t, stream); len(got) != 1 {
		t.Errorf("%d are stored", len(got))
	}
}

// noGoroutines fails the test if a client of NATS still runs a while after all were closed.
func noGoroutines(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for wait := time.Millisecond; wait < 5*time.Second; wait *= 2 {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(text, "nats-io/nats%2ego.") && !strings.Contains(text, "handover/wire/nats.") {
			return
		}
		time.Sleep(wait)
	}
	t.Errorf("a goroutine is left:\n%s", stacks[:runtime.Stack(stacks, true)])
}
