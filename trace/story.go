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
	Decision *handover.Decision `json:"decision,omitempty"`
	Left     []handover.Left    `json:"left,omitempty"`   // what became nothing in the record
	Wrote    []Version          `json:"wrote,omitempty"`  // versions it made
	Older    []handover.Stale   `json:"older,omitempty"`  // said, but newer word stands
	Parked   []handover.Stale   `json:"parked,omitempty"` // said, but contradicts an identity
	Repeats  []handover.Offset  `json:"repeats,omitempty"`
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
	s.Conn, s.Release = received.Conn, received.Release
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
	case handover.Decided:
		return json.Unmarshal(e.Body.Bytes, &s.Decision)
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
