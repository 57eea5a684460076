package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"handover"
	"handover/internal/store"
)

// schema: see docs/formats/alert.md.
var schema = []string{`
CREATE TABLE alert (
	id           INTEGER PRIMARY KEY,
	kind         TEXT NOT NULL,
	subject      TEXT NOT NULL,
	severity     TEXT NOT NULL,
	text         TEXT NOT NULL,
	opened       INTEGER NOT NULL,
	closed       INTEGER NOT NULL,
	acknowledged INTEGER NOT NULL,
	actor        TEXT NOT NULL,
	why          TEXT NOT NULL
);
CREATE INDEX alert_open ON alert (closed, id);
CREATE TABLE pending (
	sink  TEXT NOT NULL,
	fact  INTEGER NOT NULL,
	id    INTEGER NOT NULL,
	event TEXT NOT NULL,
	PRIMARY KEY (sink, fact)
) WITHOUT ROWID;
`}

// load reads what is open.
func (a *Alerts) load(ctx context.Context) error {
	at, err := a.db.Applied(ctx)
	if err != nil {
		return err
	}
	a.at = handover.Offset(at)
	found, err := a.read(ctx, `closed = 0`)
	for _, e := range found {
		a.open[key{e.Kind, e.Subject}] = &entry{Listed: e}
	}
	a.show()
	return err
}

// read returns the alerts that the condition picks; it stands after WHERE.
func (a *Alerts) read(ctx context.Context, condition string, args ...any) (out []Listed, err error) {
	err = a.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(ctx, `SELECT id, kind, subject, severity, text, opened, closed, acknowledged, actor, why FROM alert WHERE `+condition, args,
			func(scan func(...any) error) error {
				var e Listed
				var id, opened, closed, acknowledged int64
				var severity string
				err := scan(&id, &e.Kind, &e.Subject, &severity, &e.Text, &opened, &closed, &acknowledged, &e.By, &e.Why)
				e.ID, e.Severity = handover.Offset(id), handover.Severity(severity)
				e.Opened, e.Closed, e.Acknowledged = timeOf(opened), timeOf(closed), timeOf(acknowledged)
				out = append(out, e)
				return err
			})
	})
	return out, err
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

const (
	factsAtOnce = 5000
	// tailEvery is how many facts the journal grows by until the table notes it.
	tailEvery = 10_000
	// tellLate is how old a fact may be of which nobody was told yet: after a table was
	// built again nobody hears of last year.
	tellLate = time.Hour
)

// catchUp takes in what facts say of alerts. While the engine runs nobody else adds any:
// then it only notes how far the journal is, so that the next start need not read all of it.
func (a *Alerts) catchUp(ctx context.Context) error {
	if a.current {
		if tail := a.config.Journal.Tail(); tail > a.at+tailEvery {
			return a.takeIn(ctx, nil, tail)
		}
		return nil
	}
	for {
		entries, err := a.config.Journal.Outlines(ctx, a.at, factsAtOnce)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			a.current = true
			return nil
		}
		if err := a.takeIn(ctx, entries, entries[len(entries)-1].Offset); err != nil {
			return err
		}
	}
}

// takeIn takes in facts, the last of those up to an offset that tell of alerts.
func (a *Alerts) takeIn(ctx context.Context, entries []handover.Entry, upTo handover.Offset) error {
	err := a.db.Write(ctx, func(tx *store.Tx) error {
		for i := range entries {
			if err := a.apply(ctx, tx, &entries[i]); err != nil {
				return fmt.Errorf("taking in fact %d: %w", entries[i].Offset, err)
			}
		}
		return tx.SetApplied(ctx, int64(upTo))
	})
	if err != nil {
		return err
	}
	a.at = upTo
	for i := range entries {
		a.remember(&entries[i])
	}
	a.show()
	return nil
}

// apply writes what a fact says.
func (a *Alerts) apply(ctx context.Context, tx *store.Tx, e *handover.Entry) error {
	id := e.Offset
	var event string
	switch e.Kind {
	case handover.AlertOpened:
		var said handover.Alert
		if err := json.Unmarshal(e.Body.Bytes, &said); err != nil {
			return err
		}
		event = opened
		if _, err := tx.Exec(ctx, `INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?, 0, 0, '', '')`, int64(id), said.Kind, said.Subject,
			string(said.Severity), said.Text, e.Time.UnixMilli()); err != nil {
			return err
		}
	case handover.AlertClosed, handover.AlertAcknowledged:
		var said handover.AlertChange
		if err := json.Unmarshal(e.Body.Bytes, &said); err != nil {
			return err
		}
		id = said.Of
		if e.Kind == handover.AlertAcknowledged {
			_, err := tx.Exec(ctx, `UPDATE alert SET acknowledged = ?, actor = ?, why = ? WHERE id = ?`, e.Time.UnixMilli(), e.Actor, said.Why, int64(id))
			return err
		}
		event = closed
		if _, err := tx.Exec(ctx, `UPDATE alert SET closed = ? WHERE id = ?`, e.Time.UnixMilli(), int64(id)); err != nil {
			return err
		}
	default:
		return nil
	}
	if a.config.Now().Sub(e.Time) > tellLate {
		return nil
	}
	for _, s := range a.config.Sinks {
		if _, err := tx.Exec(ctx, `INSERT INTO pending VALUES (?, ?, ?, ?)`, s.Name(), int64(e.Offset), int64(id), event); err != nil {
			return err
		}
	}
	return nil
}

// The events of notices.
const (
	opened = "opened"
	closed = "closed"
)

// remember keeps in memory what is open, logs it, and wakes those who send.
func (a *Alerts) remember(e *handover.Entry) {
	switch e.Kind {
	case handover.AlertOpened:
		n := &entry{Listed: Listed{ID: e.Offset, Opened: e.Time}}
		_ = json.Unmarshal(e.Body.Bytes, &n.Alert) // apply has read it
		a.open[key{n.Kind, n.Subject}] = n
		a.log.Error("alert", "id", e.Offset, "kind", n.Kind, "subject", n.Subject, "severity", n.Severity, "what", n.Text, "runbook", Runbook(n.Kind))
	case handover.AlertClosed, handover.AlertAcknowledged:
		var said handover.AlertChange
		_ = json.Unmarshal(e.Body.Bytes, &said)
		for k, n := range a.open {
			if n.ID != said.Of {
				continue
			}
			if e.Kind == handover.AlertAcknowledged {
				n.Acknowledged, n.By, n.Why = e.Time, e.Actor, said.Why
				return
			}
			delete(a.open, k)
			a.log.Info("alert is over", "id", n.ID, "kind", n.Kind, "subject", n.Subject)
		}
	default:
		return
	}
	select {
	case a.news <- struct{}{}:
	default:
	}
}
