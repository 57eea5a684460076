package record

import (
	"cmp"
	"slices"

	"handover"
	"handover/internal/store"
)

// affected returns what a merge or move of this message changes beyond what the
// message asserts: what patients contend for who may now be one, and what
// refers to a visit or account that was moved. A source that speaks for the
// first time of what was merged or moved before may own it, so that other
// statements count.
func (c *composition) affected() ([]ref, error) {
	a := touched{composition: c}
	for _, u := range c.united {
		if err := a.related(u.into); err != nil {
			return nil, err
		}
	}
	for _, m := range c.a.Merges {
		for _, handle := range []string{m.Survivor, m.Loser} {
			t, _ := c.meant(handle)
			if err := a.related(t); err != nil {
				return nil, err
			}
		}
		if t, ok := c.meant(m.Moved); ok && m.Kind == "move" {
			a.moved = append(a.moved, t)
		}
	}
	for _, t := range c.changed {
		before, s := c.original[t], c.states[t]
		if before == nil || len(before.voices) == len(s.voices) {
			continue
		}
		if len(s.moves) > 0 {
			a.moved = append(a.moved, t)
		}
		for _, l := range s.links {
			a.others = append(a.others, ref{t.Type, l.other})
		}
		if len(s.links) > 0 {
			if err := a.related(t); err != nil {
				return nil, err
			}
		}
	}
	return a.all()
}

// touched gathers what merges and moves may change.
type touched struct {
	*composition
	patients []string
	moved    []ref
	others   []ref
}

// related adds a Patient, and those named together with it.
func (a *touched) related(t ref) error {
	if t.Type != "Patient" {
		return nil
	}
	same, err := a.composition.related(t.ID)
	a.patients = append(a.patients, same...)
	return err
}

func (a *touched) all() ([]ref, error) {
	if a.patients == nil && a.moved == nil && a.others == nil {
		return nil, nil
	}
	contended, err := a.contended(a.patients)
	if err != nil {
		return nil, err
	}
	inside, err := a.inside(a.moved)
	if err != nil {
		return nil, err
	}
	out := slices.Concat(a.others, contended, inside)
	slices.SortFunc(out, func(a, b ref) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
	out = slices.Compact(out)
	return out, a.load(out)
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

// inside returns the resources whose current version refers to one of these,
// and the specimens of orders among them.
func (c *composition) inside(moved []ref) ([]ref, error) {
	out, err := c.referring(moved)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(slices.Clone(out), func(t ref) bool { return t.Type != "ServiceRequest" })
	specimens, err := c.referring(asked)
	return append(out, specimens...), err
}

// referring returns the resources whose current version refers to one of these
// visits, accounts or orders of specimens.
func (c *composition) referring(moved []ref) ([]ref, error) {
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
		for _, t := range append(within(s.content), ordersOf(s.Type, s.content)...) {
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

// flagMerges reports statements that could not be followed, and those of a
// source whose word does not count.
func (c *composition) flagMerges() error {
	for _, m := range c.a.Merges {
		survivor, _ := c.meant(m.Survivor)
		loser, _ := c.meant(m.Loser)
		moved, ok := c.meant(m.Moved)
		switch {
		case survivor == loser:
			c.flag(survivor, m.Survivor, "a "+m.Kind+" of a resource with itself does nothing")
		case survivor.Type != loser.Type:
			c.flag(survivor, m.Survivor, "a "+m.Kind+" of resources of two types does nothing")
		case m.Kind == "move" && (!ok || !movable(moved.Type)):
			c.flag(survivor, m.Survivor, "a move of nothing that can be moved does nothing")
		case m.Kind == "move":
			if !contains(c.ruling.onMoves(c.states[moved]), c.a.Source) {
				c.flag(moved, m.Moved, "the move does nothing: an owner knows it, and this source does not own it")
			}
		default:
			class, err := c.onLink(c.states[survivor], loser.ID)
			if err != nil {
				return err
			}
			if !contains(class, c.a.Source) {
				c.flag(survivor, m.Survivor, "the "+m.Kind+" does nothing: an owner knows one of the two, and this source does not own them")
			}
		}
	}
	return nil
}
