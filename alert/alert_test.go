package alert_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"handover"
	"handover/alert"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// TestBehind: what came and is not decided for long is told, and what came just now is not.
func TestBehind(t *testing.T) {
	now := time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)
	w := alert.WatchFeeds(func(context.Context, time.Time) ([]alert.Feed, error) {
		return []alert.Feed{
			{Name: "lab", Last: now, Late: time.Minute, Since: now.Add(-61 * time.Second)},
			{Name: "pas", Last: now, Late: time.Minute, Since: now.Add(-59 * time.Second)},
			{Name: "clinic", Last: now, Late: time.Minute},
		}, nil
	})
	found, err := w.Look(t.Context(), now)
	if err != nil || len(found) != 1 || found[0].Kind != alert.Behind || found[0].Subject != "lab" ||
		found[0].Text != "what has come from lab since 2031-03-04T11:58:59Z is not in the record yet" {
		t.Errorf("%v, %+v", err, found)
	}
}

// memory is a journal in memory.
type memory struct {
	mu  sync.Mutex
	all []handover.Entry
}

func (m *memory) Append(_ context.Context, drafts []handover.Draft) (receipts []handover.Receipt, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range drafts {
		e := handover.Entry{Offset: handover.Offset(len(m.all) + 1), Header: d.Header, Body: d.Body}
		e.Time = time.Now().UTC()
		m.all = append(m.all, e)
		receipts = append(receipts, handover.Receipt{Offset: e.Offset, Time: e.Time})
	}
	return receipts, nil
}

func (m *memory) Outlines(_ context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.all[after:min(int(after)+limit, len(m.all))]), nil
}

func (m *memory) Tail() handover.Offset {
	m.mu.Lock()
	defer m.mu.Unlock()
	return handover.Offset(len(m.all))
}

func (m *memory) kinds() (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.all {
		out = append(out, e.Kind.String())
	}
	return out
}

// sight is what a watch sees.
type sight struct {
	mu    sync.Mutex
	wrong []handover.Alert
	err   error
}

func (s *sight) see(err error, wrong ...handover.Alert) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong, s.err = wrong, err
}

func (s *sight) look(context.Context, time.Time) ([]handover.Alert, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrong, s.err
}

// heard is a sink that refuses so many notices first.
type heard struct {
	mu      sync.Mutex
	refuse  int
	notices []alert.Notice
}

func (*heard) Name() string { return "heard" }

func (h *heard) Send(_ context.Context, n alert.Notice) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse > 0 {
		h.refuse--
		return errors.New("not now")
	}
	h.notices = append(h.notices, n)
	return nil
}

func (h *heard) events() (out []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.notices {
		out = append(out, n.Event+" "+n.Kind+" "+n.Subject)
	}
	return out
}

// running runs alerts until the returned function is called.
func running(t *testing.T, at store.Place, journal *memory, s *sight, sinks ...alert.Sink) (*alert.Alerts, func()) {
	t.Helper()
	a, err := alert.Open(t.Context(), alert.Config{
		Place: at, Site: "Made-up hospital", Journal: journal, Sinks: sinks, Every: 5 * time.Millisecond, Settle: 20 * time.Millisecond,
		Watches: []alert.Watch{{Kinds: []string{alert.Silence, alert.Books}, Look: s.look}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { a.Run(ctx) })
	return a, func() {
		cancel()
		run.Wait()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 2000 {
		if so() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

var (
	silent = handover.Alert{Kind: alert.Silence, Subject: "lab", Severity: handover.Warning, Text: "nothing has come from lab"}
	books  = handover.Alert{Kind: alert.Books, Subject: "record", Severity: handover.Critical, Text: "offset 12: it made 2 versions"}
)

// TestAlerts: one notice when something begins and one when it is over, over restarts,
// whatever comes and goes between, and whether the sink takes it at once or not.
func TestAlerts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		journal, s, h := &memory{}, &sight{}, &heard{}
		s.see(nil, silent, books, silent)
		a, stop := running(t, at, journal, s, h)
		waitFor(t, "both are told of", func() bool { return len(h.events()) == 2 })
		for range 5 { // it comes and goes: the alert stays
			s.see(nil, books)
			time.Sleep(7 * time.Millisecond)
			s.see(nil, silent, books)
			time.Sleep(7 * time.Millisecond)
		}
		by := handover.Access{Actor: handover.Actor{ID: "ann"}}
		open, err := a.List(t.Context(), 0)
		if err != nil || len(open) != 2 || open[0].Alert != silent {
			t.Fatal(open, err)
		}
		if err := a.Acknowledge(t.Context(), by, open[0].ID, "the lab moves"); err != nil {
			t.Fatal(err)
		}
		if err := a.Acknowledge(t.Context(), by, 999, "what"); handover.KindOf(err) != handover.NotFound {
			t.Errorf("acknowledging nothing: %v", err)
		}
		stop()
		a, stop = running(t, at, journal, s, h)
		s.see(errors.New("the table cannot be read")) // who cannot look closes nothing
		time.Sleep(60 * time.Millisecond)
		if open, err = a.List(t.Context(), 0); err != nil || len(open) != 2 || open[0].By != "ann" || open[0].Why != "the lab moves" || open[0].Acknowledged.IsZero() {
			t.Fatalf("after a restart, and with a watch that cannot look: %+v, %v", open, err)
		}
		h.mu.Lock()
		h.refuse = 1
		h.mu.Unlock()
		s.see(nil, books)
		waitFor(t, "it is over", func() bool {
			open, err := a.List(t.Context(), 0)
			return err == nil && len(open) == 1
		})
		stop() // before the sink took it
		a, stop = running(t, at, journal, s, h)
		waitFor(t, "the end is told", func() bool { return len(h.events()) == 3 })
		if got := strings.Join(h.events(), ", "); got != "opened silence lab, opened balance record, closed silence lab" {
			t.Errorf("told %s", got)
		}
		if n := h.notices[2]; n.Runbook != "docs/guide/runbooks/silence.md" || n.Site != "Made-up hospital" || n.Closed.IsZero() || n.Time != n.Closed {
			t.Errorf("the last notice is %+v", n)
		}
		if all, err := a.List(t.Context(), 10); err != nil || len(all) != 2 || all[0].Kind != alert.Silence || all[0].Closed.IsZero() {
			t.Errorf("with closed ones: %+v, %v", all, err)
		}
		stop()
		if got := strings.Join(journal.kinds(), " "); got != "alert-opened alert-opened alert-acknowledged alert-closed" {
			t.Errorf("facts: %s", got)
		}
		// A table that is built again tells nobody of what they know.
		if at.URL == "" {
			fresh := &heard{}
			journal.all[0].Time = journal.all[0].Time.Add(-2 * time.Hour)
			journal.all[1].Time, journal.all[3].Time = journal.all[0].Time, journal.all[0].Time
			a, stop = running(t, store.Place{Dir: t.TempDir()}, journal, s, fresh)
			waitFor(t, "the table is there again", func() bool {
				open, err := a.List(t.Context(), 0)
				return err == nil && len(open) == 1
			})
			time.Sleep(50 * time.Millisecond)
			stop()
			if got := fresh.events(); len(got) > 0 {
				t.Errorf("told again: %v", got)
			}
		}
	})
}

// mailbox is an SMTP server's end.
type mailbox struct {
	mu   sync.Mutex
	to   []string
	mail []string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return m, nil }
func (m *mailbox) Reset()                                      {}
func (m *mailbox) Logout() error                               { return nil }
func (m *mailbox) Mail(string, *smtp.MailOptions) error        { return nil }

func (m *mailbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to = append(m.to, to)
	return nil
}

func (m *mailbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mail = append(m.mail, string(text))
	return err
}

func TestSinks(t *testing.T) {
	box := &mailbox{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(box)
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	var mu sync.Mutex
	var posted []alert.Notice
	refuse := true
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if refuse {
			refuse = false
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		var n alert.Notice
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		posted = append(posted, n)
	}))
	t.Cleanup(hook.Close)
	webhook := alert.Webhook{URL: hook.URL}
	n := alert.Notice{Site: "Made-up hospital", Event: "opened", Runbook: alert.Runbook(alert.Silence), Listed: alert.Listed{ID: 7, Alert: silent, Opened: time.Now().UTC()}}
	if err := webhook.Send(t.Context(), n); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a webhook that refuses: %v", err)
	}
	if err := webhook.Send(t.Context(), n); err != nil || len(posted) != 1 || posted[0].Subject != "lab" || posted[0].ID != 7 {
		t.Errorf("posted %+v, %v", posted, err)
	}
	email := alert.Email{Server: listener.Addr().String(), From: "Handover <handover@example.org>", To: []string{"interfaces@example.org", "Ann <ann@example.org>"}}
	if err := email.Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(box.to, " "); got != "interfaces@example.org ann@example.org" {
		t.Errorf("sent to %s", got)
	}
	for _, want := range []string{"Subject: [Made-up hospital] warning silence: lab\r\n", "nothing has come from lab\r\n", "what to do: docs/guide/runbooks/silence.md"} {
		if !strings.Contains(box.mail[0], want) {
			t.Errorf("no %q in\n%s", want, box.mail[0])
		}
	}
	if err := (alert.Email{Server: "127.0.0.1:1", From: "a@b", To: []string{"c@d"}}).Send(t.Context(), n); err == nil {
		t.Error("mail to nowhere was sent")
	}
}
