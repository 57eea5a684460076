package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"handover"
	"handover/alert"
	"handover/config"
	"handover/deliver"
	"handover/internal/store"
	"handover/wire/file"
)

// openAlerts opens the alerts and what they watch.
func (e *Engine) openAlerts(ctx context.Context) (err error) {
	s := e.config.Site
	c := alert.Config{
		Place: store.Place{URL: e.config.Database, Dir: e.config.Dir, VFS: e.config.VFS},
		Site:  s.Name, Release: s.Release, Journal: e.live(), Every: e.config.Watch, Now: e.config.Now, Log: e.log,
		Watches: []alert.Watch{
			alert.WatchBooks(e.findings), alert.WatchQueues(e.queuesNow), alert.WatchFeeds(e.feeds), alert.WatchCertificates(e.certificates()),
			alert.WatchFolders(e.dropFolders), alert.WatchNumbers(e.numbers, func() []alert.Listed { return e.alerts.Now() }),
		},
	}
	if s.Alerts.Webhook != "" {
		c.Sinks = append(c.Sinks, alert.Webhook{URL: s.Alerts.Webhook})
	}
	if m := s.Alerts.Email; m != nil {
		c.Sinks = append(c.Sinks, alert.Email{Server: m.Server, From: m.From, To: m.To, User: m.User, Password: m.Password})
	}
	e.alerts, err = alert.Open(ctx, c)
	return err
}

// dropFolders is what is known of the folders of sources.
func (e *Engine) dropFolders() (out []alert.DropFolder, err error) {
	for _, s := range e.config.Site.Sources {
		if s.Listen.Scheme != "file" {
			continue
		}
		n, first, failed := file.Failed(s.Listen.Path)
		out, err = append(out, alert.DropFolder{Source: s.Name, Failed: n, First: first}), errors.Join(err, failed)
	}
	return out, err
}

// feeds is what is known of every source that is configured.
func (e *Engine) feeds(ctx context.Context, since time.Time) (out []alert.Feed, err error) {
	came, err := e.balance.Arrivals(ctx, since)
	for _, s := range e.config.Site.Sources {
		a := came[s.Name]
		f := alert.Feed{Name: s.Name, After: s.Silence, Last: a.Last, Hours: a.Hours, Late: s.Late}
		if h, paused := e.deliveries.Paused(handover.Pause{Source: s.Name}); paused {
			f.Condition = "it is " + pausedSince(h)
		}
		if a.Undecided != 0 {
			first, failed := e.live().near(ctx, a.Undecided)
			f.Since, err = first.Time, errors.Join(err, failed)
		}
		out = append(out, f)
	}
	return out, err
}

// queuesNow is what is known of every destination to which anything is sent.
func (e *Engine) queuesNow(ctx context.Context) (out []alert.Queue, err error) {
	all, err := e.deliveries.Statuses(ctx)
	for _, s := range all {
		q := alert.Queue{Name: s.Name, Owner: s.Owner, Waiting: s.Waiting, Oldest: s.Oldest, Overdue: s.Overdue}
		if d := e.config.Site.Destination(s.Name); d != nil {
			q.Late, q.Deep = d.Late, int64(d.Deep)
		}
		switch route, h := e.pausedRoute(s.Name); {
		case s.Paused != nil:
			q.Condition = pausedSince(*s.Paused)
		case route != "":
			q.Condition = "route " + route + " is " + pausedSince(h)
		case s.Failures > 0:
			q.Condition = fmt.Sprintf("%d tries in a row have failed since %s: %s", s.Failures, s.Failing.UTC().Format(time.RFC3339), s.Last)
		}
		out = append(out, q)
	}
	return out, err
}

// pausedRoute returns a route to a destination that is paused; "": none is.
func (e *Engine) pausedRoute(destination string) (name string, h deliver.Halt) {
	for _, r := range e.config.Site.Routes {
		h, paused := e.deliveries.Paused(handover.Pause{Route: r.Name})
		if paused && slices.ContainsFunc(r.To, func(t config.Target) bool { return t.Destination == destination }) {
			return r.Name, h
		}
	}
	return "", h
}

func pausedSince(h deliver.Halt) string {
	return fmt.Sprintf("paused since %s by %s: %s", h.Since.Format(time.RFC3339), h.By, h.Why)
}

// findings are the places where the books do not balance.
func (e *Engine) findings(context.Context) (out []alert.Finding, err error) {
	for _, f := range e.balance.Findings() {
		out = append(out, alert.Finding{Part: f.Part, Offset: f.Offset, Text: f.Text})
	}
	return out, nil
}

// certificates are those that Handover shows to others.
func (e *Engine) certificates() (out []alert.Certificate) {
	for _, s := range e.config.Site.Sources {
		if s.TLS != nil {
			out = append(out, alert.Certificate{Of: "source " + s.Name, File: s.TLS.Certificate})
		}
	}
	for _, d := range e.config.Site.Destinations {
		if d.TLS != nil && d.TLS.Certificate != "" {
			out = append(out, alert.Certificate{Of: "destination " + d.Name, File: d.TLS.Certificate})
		}
	}
	return out
}
