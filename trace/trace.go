// Package trace promises the story of every message: what arrived, when, from
// whom, what was decided and why, and which facts followed. It finds messages
// by control id, source, type, patient identifier, time and state.
//
// It is a projection: built from the journal's facts alone, and built again
// from them to the same rows. It holds no message bodies; whoever tells a story
// reads those from the journal.
package trace

import (
	"context"
	"io"
	"time"

	"handover"
	"handover/internal/store"
)

// Config says where the tables are and where facts are read from.
type Config struct {
	store.Place
	Facts  Facts
	Bodies Bodies // for Story
	// ID returns the id under which a collector knows a message, "" where none does;
	// nil: none does.
	ID func(ctx context.Context, received handover.Entry) string
}

// Facts reads one fact, and the body of one that is too long for its entry.
type Facts interface {
	Get(ctx context.Context, offset handover.Offset) (handover.Entry, error)
	Open(ctx context.Context, offset handover.Offset) (io.ReadCloser, error)
}

// Bodies reads what Asserted and Written facts say.
type Bodies interface {
	Assertions(e *handover.Entry) (handover.Assertions, error)
	// Writes is given what the Asserted fact before it says.
	Writes(e *handover.Entry, a *handover.Assertions) (handover.Writes, error)
}

// Trace is the open projection.
type Trace struct {
	db     *store.DB
	facts  Facts
	bodies Bodies
	id     func(ctx context.Context, received handover.Entry) string
}

// Message is one row of a search: what a list of messages shows.
type Message struct {
	Offset   handover.Offset `json:"offset"`
	Source   string          `json:"source"`
	Type     string          `json:"type"` // "ADT^A01"; "" where MSH-9 cannot be read
	Control  string          `json:"control_id"`
	Received time.Time       `json:"received"`
	State    handover.State  `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Answer   string          `json:"answer,omitempty"` // MSA-1
	First    handover.Offset `json:"first,omitempty"`  // of a duplicate: the message it repeats
	Size     int64           `json:"size"`             // bytes
}

// schema: see docs/formats/trace.md. Messages that are merely routed are the
// mass, so the index by state leaves them out.
var schema = []string{`
CREATE TABLE message (
	id       INTEGER PRIMARY KEY,
	source   TEXT NOT NULL,
	type     TEXT NOT NULL,
	control  TEXT NOT NULL,
	received INTEGER NOT NULL,
	state    TEXT NOT NULL,
	reason   TEXT NOT NULL,
	answer   TEXT NOT NULL,
	first    INTEGER NOT NULL,
	size     INTEGER NOT NULL
);
CREATE INDEX message_control ON message (control, source);
CREATE INDEX message_source  ON message (source, id);
CREATE INDEX message_type    ON message (type, id);
CREATE INDEX message_state   ON message (state, id) WHERE state <> 'routed';
CREATE TABLE patient (
	identifier TEXT NOT NULL,
	id         INTEGER NOT NULL,
	PRIMARY KEY (identifier, id)
) WITHOUT ROWID;
CREATE TABLE fact (
	cause    INTEGER NOT NULL,
	id       INTEGER NOT NULL,
	kind     INTEGER NOT NULL,
	time     INTEGER NOT NULL,
	PRIMARY KEY (cause, id)
) WITHOUT ROWID;
`}

// Open opens the projection, making its tables where they do not exist.
func Open(ctx context.Context, c Config) (*Trace, error) {
	db, err := store.Open(ctx, store.Config{Place: c.Place, Name: "trace", Schema: schema, Cache: 4 << 10})
	if err != nil {
		return nil, err
	}
	return &Trace{db: db, facts: c.Facts, bodies: c.Bodies, id: c.ID}, nil
}

// Close closes the tables.
func (t *Trace) Close() error { return t.db.Close() }

// Applied returns the offset up to which the journal has been applied.
func (t *Trace) Applied(ctx context.Context) (handover.Offset, error) {
	n, err := t.db.Applied(ctx)
	return handover.Offset(n), err
}
