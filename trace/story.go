package trace

import (
	"context"
	"encoding/json"
	"time"

	"handover"
	"handover/internal/store"
)

// Story is everything that is known of one message.
type Story struct {
	Message  Message            `json:"message"`
	Conn     string             `json:"connection,omitempty"`
	Release  string             `json:"release,omitempty"`
	Trace    string             `json:"trace,omitempty"` // its id at a collector of OpenTelemetry traces
	Decision *handover.Decision `json:"decision,omitempty"`
	Left     []handover.Left    `json:"left,omitempty"`   // what became nothing in the record
	Wrote    []Version          `json:"wrote,omitempty"`  // versions it made
	Older    []handover.Stale   `json:"older,omitempty"`  // said, but newer word stands
	Parked   []handover.Stale   `json:"parked,omitempty"` // said, but contradicts an identity
	Sent     []Sending          `json:"sent,omitempty"`
	Repeats  []handover.Offset  `json:"repeats,omitempty"`
	AnswerTo handover.Offset    `json:"answerTo,omitempty"` // the message that it answers, if it came as an answer
	Answers  []handover.Offset  `json:"answers,omitempty"`  // what receivers answered, if that are messages of a source
	Facts    []Fact             `json:"facts"`
}

// telling is a story on the way.
type telling struct {
	*Story
	bodies   Bodies
	asserted handover.Assertions // what a Written fact follows from
}

// Version is one version of one resource.
type Version struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// Sending is one delivery of the message, and what became of it so far.
type Sending struct {
	handover.DeliveryID
	Route    string          `json:"route,omitempty"`
	Resent   bool            `json:"resent,omitempty"` // by a person, after it had been decided
	Edited   handover.Offset `json:"edited,omitempty"` // the Edited fact that is sent; 0: the message as it came
	State    string          `json:"state"`            // waiting, under-way, accepted, parked or cancelled
	Tries    int             `json:"tries,omitempty"`
	Last     handover.Ending `json:"last,omitempty"` // how the last try ended
	Code     string          `json:"code,omitempty"` // the receiver's
	Reason   string          `json:"reason,omitempty"`
	Late     bool            `json:"late,omitempty"` // the answer came after the try had ended
	Owner    string          `json:"owner,omitempty"`
	Deadline time.Time       `json:"deadline,omitzero"`
	By       string          `json:"by,omitempty"`  // the person who decided last
	Why      string          `json:"why,omitempty"` // in that person's words
}

// Fact is one entry of the journal that follows from the message.
type Fact struct {
	Offset handover.Offset `json:"offset"`
	Kind   string          `json:"kind"`
	Time   time.Time       `json:"time"`
}

// Story tells the whole story of the message at the offset.
func (t *Trace) Story(ctx context.Context, access handover.Access, offset handover.Offset) (Story, error) {
	m, err := t.Message(ctx, access, offset)
	if err != nil {
		return Story{}, err
	}
	s := Story{Message: m}
	received, err := t.facts.Get(ctx, offset)
	if err != nil {
		return Story{}, err
	}
	s.Conn, s.Release, s.AnswerTo = received.Conn, received.Release, received.Cause
	if t.id != nil {
		s.Trace = t.id(ctx, received)
	}
	s.tell(received)
	following, err := t.following(ctx, offset)
	if err != nil {
		return Story{}, err
	}
	telling := telling{Story: &s, bodies: t.bodies}
	for _, o := range following {
		e, err := t.facts.Get(ctx, o)
		if err != nil {
			return Story{}, err
		}
		if err := telling.follow(e); err != nil {
			return Story{}, err
		}
	}
	return s, nil
}

func (s *Story) tell(e handover.Entry) {
	s.Facts = append(s.Facts, Fact{e.Offset, e.Kind.String(), e.Time})
}

// follow adds what one later fact says.
func (s *telling) follow(e handover.Entry) error {
	s.tell(e)
	switch e.Kind {
	case handover.Repeated:
		s.Repeats = append(s.Repeats, e.Offset)
	case handover.Received:
		s.Answers = append(s.Answers, e.Offset)
	case handover.Decided:
		if err := json.Unmarshal(e.Body.Bytes, &s.Decision); err != nil {
			return err
		}
		for _, d := range s.Decision.Deliveries {
			s.Sent = append(s.Sent, Sending{DeliveryID: handover.DeliveryID{Of: e.Offset, To: d.To}, Route: d.Route, State: "waiting"})
		}
	case handover.Attempted, handover.Ended, handover.Parked, handover.Released, handover.Cancelled, handover.Resent:
		return s.sent(e)
	case handover.Asserted:
		if e.Gone {
			return nil
		}
		var err error
		s.asserted, err = s.bodies.Assertions(&e)
		s.Left = append(s.Left, s.asserted.Left...)
		return err
	case handover.Written:
		return s.wrote(e)
	}
	return nil
}

func (s *telling) wrote(e handover.Entry) error {
	if e.Gone {
		return nil
	}
	w, err := s.bodies.Writes(&e, &s.asserted)
	if err != nil {
		return err
	}
	for _, one := range w.Writes {
		s.Wrote = append(s.Wrote, Version{one.Type, one.ID, one.Version})
	}
	s.Older, s.Parked = append(s.Older, w.Older...), append(s.Parked, w.Parked...)
	return nil
}

func (t *Trace) following(ctx context.Context, cause handover.Offset) ([]handover.Offset, error) {
	var out []handover.Offset
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM fact WHERE cause = ? ORDER BY id`, int64(cause))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var o int64
			if err := rows.Scan(&o); err != nil {
				return err
			}
			out = append(out, handover.Offset(o))
		}
		return rows.Err()
	})
	return out, err
}
