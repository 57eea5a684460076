package alert

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	"handover"
)

// Queue is what is known of a destination.
type Queue struct {
	Name      string
	Owner     string
	Waiting   int64
	Oldest    time.Time // of what waits; zero: nothing does
	Overdue   int64     // parked, and past the deadline
	Condition string    // why it waits, if that is known: "paused since ...", "connection refused"
	Late      time.Duration
	Deep      int64
}

// WatchQueues tells of queues that are late or deep, and of what is parked beyond its
// deadline.
func WatchQueues(queues func(context.Context) ([]Queue, error)) Watch {
	return Watch{Kinds: []string{Late, Deep, Overdue}, Look: func(ctx context.Context, now time.Time) (out []handover.Alert, err error) {
		all, err := queues(ctx)
		for _, q := range all {
			add := func(kind, text string, args ...any) {
				if text = fmt.Sprintf(text, args...); q.Condition != "" && kind != Overdue {
					text += "; " + q.Condition
				}
				out = append(out, handover.Alert{Kind: kind, Subject: q.Name, Severity: handover.Warning, Text: text})
			}
			if q.Late > 0 && !q.Oldest.IsZero() && now.Sub(q.Oldest) > q.Late {
				add(Late, "a message has waited for %s since %s", q.Name, q.Oldest.UTC().Format(time.RFC3339))
			}
			if q.Deep > 0 && q.Waiting > q.Deep {
				add(Deep, "%d messages wait for %s", q.Waiting, q.Name)
			}
			if q.Overdue > 0 {
				add(Overdue, "%d messages that are parked for %s are past their deadline; %s answers for them", q.Overdue, q.Name, q.Owner)
			}
		}
		return out, err
	}}
}

// DropFolder is what is known of a source's folder.
type DropFolder struct {
	Source string
	Failed int // files that something was wrong with, and that are still there
	First  time.Time
}

// WatchFolders tells of folders in which files lie that were not taken as they are.
func WatchFolders(folders func() ([]DropFolder, error)) Watch {
	return Watch{Kinds: []string{Failed}, Look: func(context.Context, time.Time) (out []handover.Alert, err error) {
		all, err := folders()
		for _, f := range all {
			if f.Failed > 0 {
				out = append(out, handover.Alert{Kind: Failed, Subject: f.Source, Severity: handover.Warning,
					Text: fmt.Sprintf("failed files from %s: %d, the first at %s; each has a .why beside it", f.Source, f.Failed, f.First.UTC().Format(time.RFC3339))})
			}
		}
		return out, err
	}}
}

// WatchBooks tells of what does not balance: one alert for each part of the books, with
// the offset of the first.
func WatchBooks(findings func(context.Context) ([]Finding, error)) Watch {
	return Watch{Kinds: []string{Books}, Look: func(ctx context.Context, now time.Time) (out []handover.Alert, err error) {
		all, err := findings(ctx)
		first, count := map[string]Finding{}, map[string]int{}
		var parts []string
		for _, f := range all {
			if count[f.Part]++; count[f.Part] == 1 {
				first[f.Part] = f
				parts = append(parts, f.Part)
			}
		}
		for _, part := range parts {
			text := fmt.Sprintf("offset %d: %s", first[part].Offset, first[part].Text)
			if n := count[part]; n > 1 {
				text = fmt.Sprintf("%d places; the first is %s", n, text)
			}
			out = append(out, handover.Alert{Kind: Books, Subject: part, Severity: handover.Critical, Text: text})
		}
		return out, err
	}}
}

// Finding is a place where the books do not balance.
type Finding struct {
	Part   string
	Offset handover.Offset
	Text   string
}

// Certificate is one that Handover shows to others.
type Certificate struct {
	Of   string // the source or destination
	File string // PEM
}

// expiresSoon is how long before its end a certificate is told of.
const expiresSoon = 30 * 24 * time.Hour

// WatchCertificates tells of certificates that end soon, or cannot be read.
func WatchCertificates(all []Certificate) Watch {
	return Watch{Kinds: []string{Expiring}, Look: func(_ context.Context, now time.Time) (out []handover.Alert, err error) {
		for _, c := range all {
			severity := handover.Warning
			var text string
			switch end, err := endOf(c.File); {
			case err != nil:
				text = fmt.Sprintf("the certificate of %s cannot be read: %v", c.Of, err)
			case end.Before(now):
				severity, text = handover.Critical, fmt.Sprintf("the certificate of %s ended at %s", c.Of, end.UTC().Format(time.RFC3339))
			case end.Sub(now) < expiresSoon:
				text = fmt.Sprintf("the certificate of %s ends at %s", c.Of, end.UTC().Format(time.RFC3339))
			default:
				continue
			}
			out = append(out, handover.Alert{Kind: Expiring, Subject: c.Of, Severity: severity, Text: text})
		}
		return out, nil
	}}
}

// endOf returns when the first certificate of a file ends.
func endOf(file string) (time.Time, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return time.Time{}, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return time.Time{}, err
		}
		return c.NotAfter, nil
	}
	return time.Time{}, errors.New("there is none in the file")
}
