package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/config"
	"handover/trace"
	"handover/wire/mllp"
)

// lab is a receiver on loopback that keeps its own book and answers as it is told.
type lab struct {
	address string
	mu      sync.Mutex
	book    []string // MSH-10 in order
	code    func(control string) string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{address: listener.Addr().String()}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go l.serve(c)
		}
	}()
	return l
}

func (l *lab) serve(c net.Conn) {
	defer c.Close()
	var decoder mllp.Decoder
	var message []byte
	buffer := make([]byte, 4096)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		for rest := buffer[:n]; len(rest) > 0; {
			token, used := decoder.Next(rest)
			rest = rest[used:]
			switch token.Kind {
			case mllp.Begin:
				message = nil
			case mllp.Content:
				message = append(message, token.Data...)
			case mllp.End:
				for _, answer := range l.answers(string(message)) {
					_, _ = c.Write(mllp.AppendFrame(nil, answer))
				}
			}
		}
	}
}

// answers are one for each code; "none" takes the message and says nothing.
func (l *lab) answers(message string) (out [][]byte) {
	control := strings.Split(message, "|")[9]
	l.mu.Lock()
	defer l.mu.Unlock()
	codes := "AA"
	if l.code != nil {
		codes = l.code(control)
	}
	if codes == "none" || strings.Contains(codes, "AA") {
		l.book = append(l.book, control)
	}
	for _, code := range strings.Split(codes, " ") {
		if codes != "none" {
			out = append(out, fmt.Appendf(nil, "MSH|^~\\&|LAB|L|HO|H|20260302||ACK|A-%s|P|2.5.1\rMSA|%s|%s\r", control, code, control))
		}
	}
	return out
}

func (l *lab) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.book...)
}

// sending is a site whose one source goes to the lab.
func sending(l *lab) *config.Site {
	return &config.Site{
		HTTP: "127.0.0.1:0", Duplicates: time.Hour, VolumeSize: 1 << 30, Memory: 1 << 20, Release: "test",
		Sources: []config.Source{{Name: "pas", Listen: &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}, Acknowledge: "received"}},
		Destinations: []config.Destination{{
			Name: "lab", Send: &url.URL{Scheme: "mllp", Host: l.address}, Owner: "the tests", Connections: 2,
			Connect: time.Second, Write: time.Second, Answer: time.Second,
			Retry: config.Retry{First: 10 * time.Millisecond, Most: 50 * time.Millisecond},
		}},
		Routes: []config.Route{{Name: "all", From: []string{"pas"}, Key: "PID-3", To: []config.Target{{Record: true}, {Destination: "lab"}}}},
	}
}

// running runs an engine until the returned function is called.
func running(t *testing.T, dir string, site *config.Site) (*Engine, func()) {
	t.Helper()
	e, err := Open(t.Context(), Config{Site: site, Dir: dir, Drain: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return e, run(t, e)
}

// run runs an engine until the returned function is called, which closes it.
func run(t *testing.T, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func admission(i int) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|A|B|C|D|20260302||ADT^A01^ADT_A01|M%d|P|2.5.1\rPID|1||9001%02d^^^QSG^MR||Testperson^N\r", i, i%5)
}

func sendAll(t *testing.T, e *Engine, from, n int) {
	t.Helper()
	var messages []string
	for i := from; i < from+n; i++ {
		messages = append(messages, string(admission(i)))
	}
	sendTexts(t, e, messages...)
}

// sendTexts sends messages over one connection.
func sendTexts(t *testing.T, e *Engine, messages ...string) {
	t.Helper()
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, m := range messages {
		answer, err := client.Send(t.Context(), []byte(m))
		if err != nil || !strings.Contains(string(answer), "MSA|AA|") {
			t.Fatalf("%q, %v", answer, err)
		}
	}
}

// offsetOf finds a message by its MSH-10, once the trace has what was decided of it.
func (e *Engine) offsetOf(t *testing.T, control string) (at handover.Offset) {
	t.Helper()
	waitFor(t, func() bool {
		found, err := e.trace.Search(t.Context(), engineAccess, trace.Query{Control: control})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 && found[0].State != handover.StateReceived {
			at = found[0].Offset
		}
		return at != 0
	})
	return at
}

// TestDelivery: what a source sends arrives at the destination, in order, and the
// story of each message tells it; a restart sends nothing twice.
func TestDelivery(t *testing.T) {
	l, dir := newLab(t), t.TempDir()
	l.code = func(control string) string {
		if control == "M7" {
			return "AR"
		}
		return "AA"
	}
	e, stop := running(t, dir, sending(l))
	sendAll(t, e, 0, 100)
	waitFor(t, func() bool { return len(l.taken()) == 99 })
	stop()
	e, stop = running(t, dir, sending(l))
	sendAll(t, e, 100, 10)
	waitFor(t, func() bool { return len(l.taken()) == 109 })
	last := map[string]int{}
	for _, control := range l.taken() {
		n, _ := strconv.Atoi(control[1:])
		patient := fmt.Sprint(n % 5)
		if n < last[patient] {
			t.Errorf("%s came after M%d of the same patient", control, last[patient])
		}
		last[patient] = n
	}
	waitFor(t, func() bool {
		found, err := e.trace.Search(t.Context(), engineAccess, trace.Query{Control: "M7"})
		if err != nil || len(found) != 1 {
			return false
		}
		s, err := e.trace.Story(t.Context(), engineAccess, found[0].Offset)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Sent) != 1 || s.Sent[0].State == "waiting" || s.Sent[0].State == "under-way" {
			return false
		}
		d := s.Sent[0]
		if d.To != "lab" || d.State != "parked" || d.Tries != 1 || d.Last != handover.Rejected || d.Code != "AR" || d.Owner != "the tests" || d.Reason != "rejected" {
			t.Errorf("its story is %+v", d)
		}
		return true
	})
	stop()
}

func waitFor(t *testing.T, so func() bool) {
	t.Helper()
	for range 1000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("not within ten seconds")
}

// TestResendEdited: what a person changed is sent in the place of the message, which stays
// as it came; the trace and the balance tell of it, and it can be read.
func TestResendEdited(t *testing.T) {
	l := newLab(t)
	e, stop := running(t, t.TempDir(), sending(l))
	defer stop()
	sendAll(t, e, 0, 1)
	at := e.offsetOf(t, "M0")
	o := outbox{e.deliveries, e}
	if _, err := o.Resend(t.Context(), engineAccess, at, []string{"lab"}, []byte("no message"), "x"); handover.KindOf(err) != handover.Invalid {
		t.Errorf("what is no message was sent: %v", err)
	}
	changed := strings.Replace(string(admission(0)), "|M0|", "|M0-B|", 1)
	of, err := o.Resend(t.Context(), engineAccess, at, []string{"lab"}, []byte(changed), "another control id")
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.book) == 2 && l.book[1] == "M0-B"
	})
	var again trace.Sending
	waitFor(t, func() bool {
		s, err := e.trace.Story(t.Context(), engineAccess, at)
		if err != nil || len(s.Sent) < 2 {
			return false
		}
		again = s.Sent[1]
		return again.State == "accepted"
	})
	if !again.Resent || again.Edited == 0 || again.Of != of || again.Why != "another control id" {
		t.Errorf("the trace tells %+v", again)
	}
	answer, err := http.Get(fmt.Sprintf("http://%s/api/v1/messages/%d/body?edited=%d", e.HTTP(), at, again.Edited))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); string(body) != changed {
		t.Errorf("what was sent reads %q", body)
	}
	other, err := http.Get(fmt.Sprintf("http://%s/api/v1/messages/%d/body?edited=%d", e.HTTP(), at, of))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Body.Close()
	if other.StatusCode != http.StatusNotFound {
		t.Errorf("another fact is shown: %d", other.StatusCode)
	}
	waitFor(t, func() bool {
		r, err := e.balance.Report(t.Context(), time.Time{})
		return err == nil && r.Balanced && len(r.Destinations) == 1 && r.Destinations[0].Accepted == 2
	})
}

// TestAnswersGoBack: in enhanced mode the accept acknowledgement says that a message is
// safe, and what the application says later goes back to the first sender, as a message of
// its own by routes; the stories tell of each other and the books balance.
func TestAnswersGoBack(t *testing.T) {
	l, back := newLab(t), newLab(t)
	back.code = func(string) string { return "none" }
	l.code = func(control string) string {
		if control == "E2" {
			return "CA AE"
		}
		return "CA AA"
	}
	site := sending(l)
	site.Destinations[0].Connections, site.Sources[0].Acknowledge = 1, "relayed"
	listen := &url.URL{Scheme: "answers", Host: "lab"}
	site.Sources = append(site.Sources, config.Source{Name: "lab-answers", Listen: listen, Acknowledge: "received"})
	to := site.Destinations[0]
	to.Name, to.Send, to.Silent = "pas-answers", &url.URL{Scheme: "mllp", Host: back.address}, true
	site.Destinations = append(site.Destinations, to)
	site.Routes[0].To = []config.Target{{Destination: "lab"}}
	site.Routes = append(site.Routes, config.Route{Name: "back", From: []string{"lab-answers"}, Key: "PID-3", To: []config.Target{{Destination: "pas-answers"}}})
	dir := t.TempDir()
	e, stop := running(t, dir, site)
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, control := range []string{"E1", "E2"} {
		m := strings.Replace(string(admission(0)), "|M0|P|2.5.1", "|"+control+"|P|2.5.1|||AL|AL", 1)
		if answer, err := client.Send(t.Context(), []byte(m)); err != nil || !strings.Contains(string(answer), "MSA|CA|"+control) {
			t.Fatalf("%q, %v", answer, err)
		}
	}
	waitFor(t, func() bool {
		back.mu.Lock()
		defer back.mu.Unlock()
		return len(back.book) == 2
	})
	first := e.offsetOf(t, "E1")
	var story trace.Story
	waitFor(t, func() bool {
		story, err = e.trace.Story(t.Context(), engineAccess, first)
		return err == nil && len(story.Answers) == 1 && story.Sent[0].State == "accepted"
	})
	answer, err := e.contentOf(t.Context(), story.Answers[0])
	if err != nil || !strings.Contains(string(answer), "MSA|AA|E1") {
		t.Errorf("it was answered %q, %v", answer, err)
	}
	waitFor(t, func() bool {
		s, err := e.trace.Story(t.Context(), engineAccess, story.Answers[0])
		return err == nil && s.AnswerTo == first && len(s.Sent) == 1 && s.Sent[0].To == "pas-answers" && s.Sent[0].State == "accepted"
	})
	second, err := e.trace.Story(t.Context(), engineAccess, e.offsetOf(t, "E2"))
	if err != nil || second.Sent[0].State != "parked" || len(second.Answers) != 1 {
		t.Errorf("what the application did not take is told as %+v, %v", second.Sent, err)
	}
	stop() // which counts for the last time
	e, stop = running(t, dir, site)
	defer func() { stop() }()
	waitFor(t, func() bool {
		r, err := e.balance.Report(t.Context(), time.Time{})
		if err == nil && !r.Balanced {
			t.Fatalf("%+v", r.Findings)
		}
		return err == nil && len(r.Sources) == 2 && r.Sources[0].Name == "lab-answers" && r.Sources[0].Received == 2 && r.Sources[0].Routed == 2
	})
}

// TestPauseOfASource: while it is paused nothing listens there, also after a restart; once
// it is resumed what it sends arrives.
func TestPauseOfASource(t *testing.T) {
	l, dir := newLab(t), t.TempDir()
	site := sending(l)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site.Sources[0].Listen.Host = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	e, stop := running(t, dir, site)
	sendAll(t, e, 0, 3)
	client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	pas := handover.Pause{Source: "pas", Why: "a test load"}
	if err := (outbox{e.deliveries, e}).Pause(t.Context(), engineAccess, pas); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Send(t.Context(), admission(3)); err == nil {
		t.Error("a message was taken on a connection of before")
	}
	closed := func() {
		t.Helper()
		if c, err := net.Dial("tcp", site.Sources[0].Listen.Host); err == nil {
			_ = c.Close()
			t.Error("something listens there")
		}
	}
	closed()
	stop()
	e, stop = running(t, dir, site)
	defer func() { stop() }()
	closed()
	if h, paused := e.deliveries.Paused(pas); !paused || h.Why != pas.Why {
		t.Errorf("after a restart it is %v, %+v", paused, h)
	}
	if err := (outbox{e.deliveries, e}).Resume(t.Context(), engineAccess, pas); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return e.Addr("pas") != "" })
	sendAll(t, e, 3, 2)
	waitFor(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.book) == 5
	})
}

// TestAcknowledgeDelivered: the sender hears AA once the destination has accepted,
// and AE, saying why, as long as it has not.
func TestAcknowledgeDelivered(t *testing.T) {
	l, dir := newLab(t), t.TempDir()
	down := false
	l.code = func(control string) string {
		switch {
		case control == "M7":
			return "AR"
		case down:
			return "" // an answer that is none
		}
		return "AA"
	}
	site := sending(l)
	site.Sources[0].Acknowledge, site.Sources[0].Patience = "delivered", 300*time.Millisecond
	e, stop := running(t, dir, site)
	hear := func(i int) string {
		client, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr("pas")})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		answer, err := client.Send(t.Context(), admission(i))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	for i := range 20 {
		want := "MSA|AA|"
		if i == 7 {
			want = "MSA|AE|"
		}
		answer := hear(i)
		if !strings.Contains(answer, want) || i == 7 && !strings.Contains(answer, "lab: rejected") {
			t.Errorf("message %d: %q", i, answer)
		}
		if got := len(l.taken()); got != i+1 && i < 7 {
			t.Errorf("AA was said of message %d when %d were delivered", i, got)
		}
	}
	if again := hear(3); !strings.Contains(again, "MSA|AA|") {
		t.Errorf("a message that comes again hears %q", again)
	}
	l.mu.Lock()
	down = true
	l.mu.Unlock()
	if answer := hear(30); !strings.Contains(answer, "MSA|AE|") || !strings.Contains(answer, "delivered") {
		t.Errorf("while the lab says nothing of use: %q", answer)
	}
	stop()
	e, stop = running(t, dir, site)
	if again := hear(4); !strings.Contains(again, "MSA|AA|") {
		t.Errorf("after a restart, a message that comes again hears %q", again)
	}
	if again := hear(7); !strings.Contains(again, "lab: rejected") {
		t.Errorf("after a restart, what was rejected hears %q", again)
	}
	if got := len(l.taken()); got != 19 {
		t.Errorf("%d were delivered", got)
	}
	stop()
}

// TestStopOfAStuckDestination: a receiver that never answers does not keep the engine
// from ending, and what it may have is unknown from then on.
func TestStopOfAStuckDestination(t *testing.T) {
	l, dir := newLab(t), t.TempDir()
	site := sending(l)
	site.Destinations[0].Answer = time.Hour
	l.mu.Lock() // it hears, and says nothing
	e, stop := running(t, dir, site)
	sendAll(t, e, 0, 3)
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	l.mu.Unlock()
	e, stop = running(t, dir, site)
	defer stop()
	waitFor(t, func() bool {
		found, err := e.deliveries.Statuses(t.Context())
		return err == nil && len(found) == 1 && found[0].Parked > 0 && found[0].Waiting == 0
	})
}
