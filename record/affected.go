package record

import (
	"cmp"
	"slices"

	"handover"
	"handover/internal/store"
)

// affected returns what a merge or move of this message changes beyond what the
// message asserts: what patients contend for who may now be one, and what
// refers to a visit or account that was moved.
func (c *composition) affected() ([]ref, error) {
	if len(c.a.Merges) == 0 {
		return nil, nil
	}
	var patients []string
	var moved []ref
	for _, m := range c.a.Merges {
		for _, handle := range []string{m.Survivor, m.Loser} {
			if t := c.targets[handle]; t.Type == "Patient" {
				same, err := c.cluster(t.ID)
				if err != nil {
					return nil, err
				}
				patients = append(patients, same...)
			}
		}
		if t, ok := c.targets[m.Moved]; ok && m.Kind == "move" {
			moved = append(moved, t)
		}
	}
	out, err := c.contended(patients)
	if err != nil {
		return nil, err
	}
	inside, err := c.inside(moved)
	if err != nil {
		return nil, err
	}
	out = append(out, inside...)
	slices.SortFunc(out, func(a, b ref) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
	out = slices.Compact(out)
	return out, c.load(out)
}

// contended returns the resources that any of the patients contends for.
func (c *composition) contended(patients []string) ([]ref, error) {
	if len(patients) == 0 {
		return nil, nil
	}
	slices.Sort(patients)
	patients = slices.Compact(patients)
	args := make([]any, len(patients))
	for i, p := range patients {
		args[i] = p
	}
	out, err := c.query(`SELECT r.type, r.id FROM contest c JOIN resource r ON r.rid = c.rid WHERE c.patient IN (%s)`, args)
	c.r.overlay.each(func(s *state) {
		for _, p := range patients {
			if contains(s.rivals, p) {
				out = append(out, s.ref)
				return
			}
		}
	})
	return out, err
}

// inside returns the resources whose current version refers to one of these.
func (c *composition) inside(moved []ref) ([]ref, error) {
	if len(moved) == 0 {
		return nil, nil
	}
	args := make([]any, len(moved))
	for i, t := range moved {
		args[i] = targetHash(t.String())
	}
	out, err := c.query(`SELECT r.type, r.id FROM reference x JOIN resource r ON r.rid = x.rid
		WHERE x.param = 0 AND x.target IN (%s)`, args)
	c.r.overlay.each(func(s *state) {
		for _, t := range within(s.content) {
			if slices.Contains(moved, t) {
				out = append(out, s.ref)
				return
			}
		}
	})
	return out, err
}

func (c *composition) query(query string, args []any) ([]ref, error) {
	var out []ref
	err := c.r.db.Read(c.ctx, func(tx *store.Tx) error {
		return eachRow(c.ctx, tx, query, args, func(scan func(...any) error) error {
			var typ int64
			var id string
			err := scan(&typ, &id)
			out = append(out, ref{c.r.names.name(typ), id})
			return err
		})
	})
	if err != nil {
		return nil, &handover.Error{Op: "looking up what a merge touches", Kind: handover.Unavailable, Err: err}
	}
	return out, nil
}

// flagMerges reports statements that could not be followed.
func (c *composition) flagMerges() {
	for _, m := range c.a.Merges {
		survivor, loser := c.targets[m.Survivor], c.targets[m.Loser]
		moved, ok := c.targets[m.Moved]
		switch {
		case survivor == loser:
			c.flag(survivor, m.Survivor, "a "+m.Kind+" of a resource with itself does nothing")
		case survivor.Type != loser.Type:
			c.flag(survivor, m.Survivor, "a "+m.Kind+" of resources of two types does nothing")
		case m.Kind == "move" && (!ok || !movable(moved.Type)):
			c.flag(survivor, m.Survivor, "a move of nothing that can be moved does nothing")
		}
	}
}
