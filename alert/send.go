package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/mail"
	"net/smtp"
	"strings"
	"time"

	"handover/internal/store"
)

// The pauses after a sink did not take a notice.
const (
	firstPause = 5 * time.Second
	mostPause  = 5 * time.Minute
	sendWithin = 30 * time.Second
)

// deliver takes notices to a sink, oldest first, until ctx ends. What it does not take
// is tried again.
func (a *Alerts) deliver(ctx context.Context, s Sink) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		more, err := a.next(ctx, s)
		news := a.news
		switch {
		case err == nil && more:
			pause = 0
			continue
		case err == nil:
			pause = 0
		case ctx.Err() == nil:
			pause, news = min(max(2*pause, firstPause), mostPause), nil
			a.log.Error("a notice was not taken and is sent again", "sink", s.Name(), "in", pause, "error", err)
		}
		select {
		case <-time.After(cmp.Or(pause, a.config.Every)): // also for the sinks that missed the news
		case <-news:
		case <-ctx.Done():
		}
	}
}

// next sends the oldest notice of a sink, and reports whether there was one.
func (a *Alerts) next(ctx context.Context, s Sink) (bool, error) {
	var fact, id int64
	var event string
	found := false
	err := a.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Get(ctx, []any{&fact, &id, &event}, `SELECT fact, id, event FROM pending WHERE sink = ? ORDER BY fact LIMIT 1`, s.Name())
		return err
	})
	if err != nil || !found {
		return false, err
	}
	alerts, err := a.read(ctx, `id = ?`, id)
	if err != nil {
		return false, err
	}
	if len(alerts) > 0 {
		n := Notice{Site: a.config.Site, Event: event, Time: alerts[0].Opened, Runbook: Runbook(alerts[0].Kind), Listed: alerts[0]}
		if event == closed {
			n.Time = alerts[0].Closed
		}
		within, cancel := context.WithTimeout(ctx, sendWithin)
		defer cancel()
		if err := s.Send(within, n); err != nil {
			return false, err
		}
	}
	return true, a.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM pending WHERE sink = ? AND fact = ?`, s.Name(), fact)
		return err
	})
}

// Webhook posts notices as JSON.
type Webhook struct {
	URL    string
	Client *http.Client // nil: http.DefaultClient
}

// Name is the sink's.
func (Webhook) Name() string { return "webhook" }

// Send posts one notice; every status but 2xx is an error.
func (w Webhook) Send(ctx context.Context, n Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := cmp.Or(w.Client, http.DefaultClient).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answered %s", answer.Status)
	}
	return nil
}

// Email sends notices as plain text. Where the server offers STARTTLS it is used, and a
// password is sent over nothing else (but to this machine itself).
type Email struct {
	Server   string // host:port
	From     string
	To       []string
	User     string // "": the server asks for none
	Password string
}

// Name is the sink's.
func (Email) Name() string { return "email" }

// Send sends one notice to everybody.
func (e Email) Send(ctx context.Context, n Notice) error {
	host, _, err := net.SplitHostPort(e.Server)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.Server)
	if err != nil {
		return err
	}
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until)
	}
	client, err := smtp.NewClient(conn, host)
	if err != nil {
		_ = conn.Close()
		return err
	}
	defer client.Close()
	if err := e.introduce(client, host); err != nil {
		return err
	}
	if err := client.Mail(address(e.From)); err != nil {
		return err
	}
	for _, to := range e.To {
		if err := client.Rcpt(address(to)); err != nil {
			return fmt.Errorf("%s: %w", to, err)
		}
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(e.message(n)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// introduce begins TLS where there is any, and signs in where it is asked for.
func (e Email) introduce(client *smtp.Client, host string) error {
	if ok, _ := client.Extension("STARTTLS"); ok {
		if err := client.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	}
	if e.User == "" {
		return nil
	}
	return client.Auth(smtp.PlainAuth("", e.User, e.Password, host))
}

// address is the bare address of one that may have a name: "Interfaces <a@b>".
func address(s string) string {
	if a, err := mail.ParseAddress(s); err == nil {
		return a.Address
	}
	return s
}

func (e Email) message(n Notice) []byte {
	var b bytes.Buffer
	subject := fmt.Sprintf("[%s] %s %s: %s", cmp.Or(n.Site, "Handover"), n.Severity, n.Kind, n.Subject)
	if n.Event == closed {
		subject = fmt.Sprintf("[%s] over: %s: %s", cmp.Or(n.Site, "Handover"), n.Kind, n.Subject)
	}
	for _, h := range [][2]string{
		{"From", e.From}, {"To", strings.Join(e.To, ", ")}, {"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", n.Time.Format(time.RFC1123Z)}, {"Message-ID", fmt.Sprintf("<alert-%d-%s@handover>", n.ID, n.Event)},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "8bit"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], strings.NewReplacer("\r", " ", "\n", " ").Replace(h[1]))
	}
	fmt.Fprintf(&b, "\r\n%s\r\n\r\n%s at %s\r\nalert %d, open since %s\r\nwhat to do: %s\r\n", strings.ReplaceAll(n.Text, "\n", "\r\n"), n.Event,
		n.Time.Format(time.RFC3339), n.ID, n.Opened.Format(time.RFC3339), n.Runbook)
	return b.Bytes()
}
