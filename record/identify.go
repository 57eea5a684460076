package record

import (
	"cmp"
	"slices"

	"handover"
)

// identify finds for each handle the resource it means: the one that a known
// identifier leads to, or else a new one. Identifiers that were not known lead
// to it from now on.
func (c *composition) identify() error {
	for _, level := range c.sequence {
		keys := make([]ref, 0, 2*len(level))
		known := make([][]identity, len(level))
		for n, i := range level {
			known[n] = c.identities(i)
			if len(known[n]) == 0 {
				return c.fault(i, "has no identity")
			}
			for _, id := range known[n] {
				keys = append(keys, id.key)
			}
		}
		if err := c.find(keys); err != nil {
			return err
		}
		for n, i := range level {
			if err := c.mean(i, known[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// identity is one identifier made ready for looking up.
type identity struct {
	alias handover.Alias // as the fact names it
	key   ref            // the resource as it would be called by this identifier's id
}

// identities returns the resource's identifiers, most trusted first.
func (c *composition) identities(i int) []identity {
	if known := c.foreseen(i); known != nil {
		return known
	}
	ra := &c.a.Resources[i]
	stated := ra.Identities
	if len(stated) > 1 {
		stated = slices.Clone(stated)
		slices.SortStableFunc(stated, func(a, b handover.Identity) int {
			return cmp.Compare(c.ruling.trust(c.a.Source, a.Authority), c.ruling.trust(c.a.Source, b.Authority))
		})
	}
	out := make([]identity, 0, len(stated))
	for _, id := range stated {
		if id.Value == "" {
			continue
		}
		alias := handover.Alias{Authority: c.qualify(id, ra), Value: id.Value}
		derived := handover.ResourceID(c.r.siteKey, ra.Type, alias.Authority, alias.Value)
		out = append(out, identity{alias, ref{ra.Type, derived}})
	}
	return out
}

// foreseen returns the identities as Expect found them, nil unless all that they
// depend on is as it was then.
func (c *composition) foreseen(i int) []identity {
	e := c.expected
	if e == nil || e.ruling != c.ruling {
		return nil
	}
	same := true
	c.needs(i, func(handle string) {
		n := c.index[handle]
		same = same && c.means[n] == e.means[n]
	})
	if !same {
		return nil
	}
	return e.known[i]
}

// qualify returns the authority with all that makes the value unique.
func (c *composition) qualify(id handover.Identity, ra *handover.ResourceAssertion) string {
	return id.Qualified(c.a.Source, c.target(id.Scope), c.target(ra.Patient))
}

// target returns "Type/id" of what a handle means; "" for none.
func (c *composition) target(handle string) string {
	if handle == "" {
		return ""
	}
	i := c.index[handle]       // order has seen that there is one
	if c.means[i] == (ref{}) { // a Patient's own handle, while its ids are asked for
		return c.means[i].String()
	}
	return c.name(i)
}

// mean gives the handle its resource.
func (c *composition) mean(i int, known []identity) error {
	ra := &c.a.Resources[i]
	hits, err := c.hits(known)
	if err != nil {
		return err
	}
	target := known[0].key
	if len(hits) > 0 {
		target = hits[0]
	}
	if len(hits) > 1 {
		c.flag(target, ra.Handle, "its identifiers lead to several resources: the one of the most trusted authority was taken")
	}
	c.means[i] = target
	s, err := c.edit(target)
	if err != nil {
		return err
	}
	before := len(c.aliased[target])
	for _, id := range known {
		_, led := c.lead(id.key)
		switch {
		case id.key == target && len(hits) == 0:
			c.aliased[target] = append(c.aliased[target], id.alias) // the id itself leads there
		case !led:
			c.alias(id.key, target)
			c.aliased[target] = append(c.aliased[target], id.alias)
		}
	}
	s.named(c.aliased[target][before:]...)
	return nil
}

// hits returns the resources that the identities lead to, each once.
func (c *composition) hits(known []identity) (out []ref, err error) {
	for _, id := range known {
		to, ok := c.lead(id.key)
		if !ok {
			continue
		}
		if to, err = c.final(to); err != nil {
			return nil, err
		}
		if !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out, nil
}
