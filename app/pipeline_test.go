package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/alert"
	"handover/config"
	"handover/hl7v2"
	"handover/wire"
)

// stubborn is a record that never understands one message, and fails for a
// passing reason once on another.
type stubborn struct {
	composer
	never, once handover.Offset
}

func (s *stubborn) Compose(ctx context.Context, message handover.Offset, a handover.Assertions) (handover.Writes, error) {
	switch message {
	case s.never:
		return handover.Writes{}, &handover.Error{Op: "composing", Kind: handover.Invalid, Where: "Patient-1"}
	case s.once:
		s.once = 0
		return handover.Writes{}, &handover.Error{Op: "reading", Kind: handover.Unavailable}
	}
	return s.composer.Compose(ctx, message, a)
}

// explosive is a converter that panics at one control id.
type explosive struct {
	converter
	at string
}

func (x explosive) Convert(m *hl7v2.Message) (handover.Assertions, []handover.Problem) {
	if m.ControlID() == x.at {
		panic(errors.New("a fault of our own"))
	}
	return x.converter.Convert(m)
}

// forgetful is a journal that fails to give one message's bytes some times, and
// has lost those of another.
type forgetful struct {
	factLog
	mu    sync.Mutex
	late  handover.Offset
	fails int
	lost  handover.Offset
}

func (f *forgetful) content(ctx context.Context, e handover.Entry) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case e.Offset == f.lost:
		return nil, &handover.Error{Op: "reading a body", Kind: handover.Damaged}
	case e.Offset == f.late && f.fails > 0:
		f.fails--
		return nil, errors.New("the disk does not answer")
	}
	return f.factLog.content(ctx, e)
}

// TestOneBadMessage: what can never be decided waits for a person, with its
// reason, and holds up nobody; what fails in passing is tried again.
func TestOneBadMessage(t *testing.T) {
	site := &config.Site{
		HTTP: "127.0.0.1:0", Duplicates: time.Hour, VolumeSize: 1 << 30, Memory: 1 << 20, Release: "test",
		Routes: []config.Route{{Name: "all", From: []string{"pas"}, To: []config.Target{{Record: true}}}},
	}
	e, err := Open(t.Context(), Config{Site: site, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	source := config.Source{Name: "pas", Acknowledge: "received"}
	in := &intake{numbers: alert.NewNumbers(), now: time.Now, book: &doorBook{}, source: source, release: "test", journal: facts{Journal: e.journal}, records: &e.records, log: slog.New(slog.DiscardHandler)}
	for i := range 7 {
		text := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20260302||ADT^A01^ADT_A01|M%d|P|2.5.1\rPID|1||90010%d^^^QSG^MR||Testperson^N\r", i+1, i)
		answers, err := in.Receive(t.Context(), wire.Arrival{Source: "pas", Body: handover.Body{Bytes: []byte(text)}, Head: []byte(text)})
		if err != nil || len(answers) != 1 || !strings.Contains(string(answers[0]), "MSA|AA|") {
			t.Fatalf("answers %q, %v", answers, err)
		}
	}
	p := e.pipeline()
	p.record = &stubborn{composer: e.record, never: 2, once: 4}
	log := &forgetful{factLog: p.journal, late: 5, fails: 3, lost: 6}
	p.journal = log
	p.converters = map[string]converter{"pas": explosive{converterOf(source), "M3"}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx, 0) }()
	last := handover.Offset(7)
	if v := e.records.wait(ctx, last); v.reason != "" {
		t.Errorf("the last message: %+v", v)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := e.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[handover.Offset]string{1: "routed ", 2: "waiting not-composed", 3: "waiting transform-failed", 4: "routed ",
		5: "routed ", 6: "waiting body-unreadable", 7: "routed "}
	for offset, state := range want {
		m, err := e.trace.Message(t.Context(), engineAccess, offset)
		if got := string(m.State) + " " + m.Reason; err != nil || got != state {
			t.Errorf("message %d is %q (%v), want %q", offset, got, err, state)
		}
	}
	if log.fails != 0 {
		t.Errorf("the message that could not be read at first was not tried %d times more", log.fails)
	}
	story, err := e.trace.Story(t.Context(), engineAccess, log.lost)
	if err != nil || story.Decision == nil || len(story.Decision.Problems) != 1 || story.Decision.Problems[0].Text != "reading a body" {
		t.Errorf("nobody is told why the lost message waits: %+v, %v", story.Decision, err)
	}
}

// TestEndWhileTrying: a message that cannot be read when the engine ends stays
// undecided.
func TestEndWhileTrying(t *testing.T) {
	e, err := Open(t.Context(), Config{Site: &config.Site{HTTP: "127.0.0.1:0", VolumeSize: 1 << 30, Memory: 1 << 20}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	_, err = e.journal.Append(t.Context(), []handover.Draft{{
		Header: handover.Header{Kind: handover.Received, Source: "pas"}, Body: handover.Body{Bytes: []byte("MSH|^~\\&|A\r")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := e.pipeline()
	p.journal = &forgetful{factLog: p.journal, late: 1, fails: 1 << 30}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.run(ctx, 0); err != nil {
		t.Error(err)
	}
	if tail := e.journal.Tail(); tail != 1 {
		t.Errorf("%d facts were made of a message nobody has read", tail-1)
	}
}

// TestKeptBeforeRun: what is in the journal before the engine runs is decided,
// also where the trace has not heard of it.
func TestKeptBeforeRun(t *testing.T) {
	site := &config.Site{HTTP: "127.0.0.1:0", VolumeSize: 1 << 30, Memory: 1 << 20}
	e, err := Open(t.Context(), Config{Site: site, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	receipts, err := e.journal.Append(t.Context(), []handover.Draft{{
		Header: handover.Header{Kind: handover.Received, Source: "pas"}, Body: handover.Body{Bytes: []byte("MSH|^~\\&|A\r")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	heard, done := context.WithTimeout(t.Context(), 30*time.Second)
	defer done()
	if v := e.records.wait(heard, receipts[0].Offset); heard.Err() != nil {
		t.Errorf("it is not decided: %+v", v)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
