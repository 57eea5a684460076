package deliver

import (
	"context"
	"strings"
	"time"

	"handover"
	"handover/internal/store"
)

// schema: see docs/formats/deliver.md.
var schema = []string{`
CREATE TABLE open (
	destination TEXT NOT NULL,
	id          INTEGER NOT NULL,
	message     INTEGER NOT NULL,
	source      TEXT NOT NULL,
	route       TEXT NOT NULL,
	keys        TEXT NOT NULL,
	hold        INTEGER NOT NULL,
	created     INTEGER NOT NULL,
	state       TEXT NOT NULL,
	since       INTEGER NOT NULL,
	reason      TEXT NOT NULL,
	owner       TEXT NOT NULL,
	deadline    INTEGER NOT NULL,
	tries       INTEGER NOT NULL,
	begun       INTEGER NOT NULL,
	PRIMARY KEY (destination, id)
) WITHOUT ROWID;
CREATE TABLE paused (
	destination TEXT PRIMARY KEY,
	since       INTEGER NOT NULL,
	actor       TEXT NOT NULL,
	why         TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX open_parked ON open (state, destination, id) WHERE state <> 'waiting';
CREATE INDEX open_begun  ON open (begun) WHERE begun <> 0;
`}

// The states of what is open. What is parked with the reason unknown may have been
// taken by the receiver.
const (
	stateWaiting = "waiting" // or under way
	stateParked  = "parked"
)

// row is a row of the table.
type row struct {
	handover.DeliveryID
	message handover.Offset
	source  string
	route   string
	keys    []string
	hold    bool
	created time.Time
	condition
	progress
}

// condition is whether it waits, and since when.
type condition struct {
	state    string
	since    time.Time
	reason   string
	owner    string
	deadline time.Time
}

// progress is how often it was tried.
type progress struct {
	tries int
	begun bool // the last try has not ended
}

// change is what is to be written of a delivery.
type change struct {
	fresh     *row // it is not in the table yet
	gone      bool
	condition *condition // nil: as it was
	progress  *progress
}

// table keeps what is open.
type table struct {
	db      *store.DB
	pending map[handover.DeliveryID]*change
	at      handover.Offset // up to where facts are in pending
	saved   handover.Offset // up to where they are written
	doubted bool            // what waits in the table may have been sent since
	halts   halts
}

func (t *table) change(id handover.DeliveryID) *change {
	c := t.pending[id]
	if c == nil {
		c = &change{}
		t.pending[id] = c
	}
	return c
}

func (t *table) create(r row) { t.change(r.DeliveryID).fresh = &r }

func (t *table) close(id handover.DeliveryID) { t.change(id).gone = true }

func (t *table) become(id handover.DeliveryID, to condition) {
	if c := t.change(id); c.fresh != nil {
		c.fresh.condition = to
	} else {
		c.condition = &to
	}
}

func (t *table) proceed(id handover.DeliveryID, to progress) {
	if c := t.change(id); c.fresh != nil {
		c.fresh.progress = to
	} else {
		c.progress = &to
	}
}

// doubt is for the first fact after a restore: what waited when the backup was made
// may have been sent since, so that all of it counts as begun.
func (t *table) doubt(ctx context.Context) error {
	err := t.flush(ctx)
	t.doubted = t.doubted || err == nil
	return err
}

var columns = []string{"destination", "id", "message", "source", "route", "keys", "hold", "created",
	"state", "since", "reason", "owner", "deadline", "tries", "begun"}

// flush writes what is pending. What began and ended since the last time is never
// written.
func (t *table) flush(ctx context.Context) error {
	var fresh, gone, conditions, progresses [][]any
	for id, c := range t.pending {
		switch {
		case c.gone && c.fresh != nil:
		case c.gone:
			gone = append(gone, []any{id.To, int64(id.Of)})
		case c.fresh != nil:
			fresh = append(fresh, c.fresh.values())
		}
		if c.gone || c.fresh != nil {
			continue
		}
		if s := c.condition; s != nil {
			conditions = append(conditions, append(s.values(), id.To, int64(id.Of)))
		}
		if p := c.progress; p != nil {
			progresses = append(progresses, append(p.values(), id.To, int64(id.Of)))
		}
	}
	err := t.db.Write(ctx, func(tx *store.Tx) error {
		if t.doubted {
			if _, err := tx.Exec(ctx, `UPDATE open SET begun = 1 WHERE state = ?`, stateWaiting); err != nil {
				return err
			}
		}
		if err := tx.Insert(ctx, "open", columns, fresh); err != nil {
			return err
		}
		for _, s := range []struct {
			query string
			rows  [][]any
		}{
			{`UPDATE open SET state = ?, since = ?, reason = ?, owner = ?, deadline = ? WHERE destination = ? AND id = ?`, conditions},
			{`UPDATE open SET tries = ?, begun = ? WHERE destination = ? AND id = ?`, progresses},
			{`DELETE FROM open WHERE destination = ? AND id = ?`, gone},
		} {
			if err := tx.ExecEach(ctx, s.query, s.rows); err != nil {
				return err
			}
		}
		if err := t.halts.write(ctx, tx); err != nil {
			return err
		}
		return tx.SetApplied(ctx, int64(t.at))
	})
	if err == nil {
		clear(t.pending)
		t.saved, t.doubted, t.halts.changed = t.at, false, false
	}
	return err
}

func (r *row) values() []any {
	out := []any{r.To, int64(r.Of), int64(r.message), r.source, r.route, strings.Join(r.keys, " "), number(r.hold), r.created.UnixMilli()}
	return append(append(out, r.condition.values()...), r.progress.values()...)
}

func (c *condition) values() []any {
	deadline := int64(0)
	if !c.deadline.IsZero() {
		deadline = c.deadline.UnixMilli()
	}
	return []any{c.state, c.since.UnixMilli(), c.reason, c.owner, deadline}
}

func (p *progress) values() []any { return []any{int64(p.tries), number(p.begun)} }

func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// read returns the rows that the condition picks; it stands after WHERE.
func (t *table) read(ctx context.Context, condition string, args ...any) (out []row, err error) {
	err = t.each(ctx, condition, args, func(r row) error {
		out = append(out, r)
		return nil
	})
	return out, err
}

// each calls fn for the rows that the condition picks, until it returns an error.
func (t *table) each(ctx context.Context, condition string, args []any, fn func(row) error) error {
	return t.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT destination, id, message, source, route, keys, hold, created,
			state, since, reason, owner, deadline, tries, begun FROM open WHERE `+condition, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := scan(rows.Scan)
			if err == nil {
				err = fn(r)
			}
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func scan(into func(...any) error) (r row, err error) {
	var of, message, hold, created, since, deadline, tries, begun int64
	var keys string
	err = into(&r.To, &of, &message, &r.source, &r.route, &keys, &hold, &created,
		&r.state, &since, &r.reason, &r.owner, &deadline, &tries, &begun)
	r.Of, r.message, r.hold, r.keys = handover.Offset(of), handover.Offset(message), hold != 0, strings.Fields(keys)
	r.created, r.since, r.tries, r.begun = time.UnixMilli(created).UTC(), time.UnixMilli(since).UTC(), int(tries), begun != 0
	if deadline != 0 {
		r.deadline = time.UnixMilli(deadline).UTC()
	}
	return r, err
}
