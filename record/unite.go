package record

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"handover"
)

// A change of a number (A46 to A51) says that two numbers are of one resource.
// Where each was heard before, there are two, which are united: what was held
// of the one is held of the other, as though it had been one from the beginning
// (docs/decisions/0031). What is known within them is united too, where both
// have it.

// union is a resource that is one with another from now on.
type union struct{ from, into ref }

// final returns the resource that one is now, after all that it was united with.
func (w *work) final(t ref) (ref, error) {
	for {
		s, err := w.get(t)
		if err != nil || s == nil || s.into == "" {
			return t, err
		}
		t.ID = s.into
	}
}

// unite gives to a resource all that is held of another one.
func (w *work) unite(u union) error {
	x, err := w.edit(u.into)
	if err != nil {
		return err
	}
	y, err := w.edit(u.from)
	if err != nil {
		return err
	}
	for _, l := range y.links {
		if l.other == u.into.ID {
			continue
		}
		o, err := w.edit(ref{u.from.Type, l.other})
		if err != nil {
			return err
		}
		o.readdress(u.from.ID, u.into.ID)
	}
	x.absorb(y)
	y.into = u.into.ID
	y.voices, y.elements, y.links, y.moves, y.names, y.former = nil, nil, nil, nil, nil, nil
	w.united = append(w.united, u)
	return nil
}

// absorb takes in what is held of another resource, which is the same.
func (s *state) absorb(o *state) {
	s.owner, s.origin = cmp.Or(s.owner, o.owner), cmp.Or(s.origin, o.origin)
	for _, v := range o.voices {
		s.hears(v)
	}
	for _, e := range o.elements {
		for _, it := range e.items {
			s.hold(e.name, e.part, it, nil)
		}
	}
	for _, l := range o.links {
		s.relate(l)
	}
	s.links = slices.DeleteFunc(s.links, func(l link) bool { return l.other == o.ID || l.other == s.ID })
	for _, m := range o.moves {
		s.follow(m)
	}
	s.contend(o.rivals...)
	s.named(o.names...)
	s.former = append(append(s.former, o.ID), o.former...)
}

// readdress lets statements on one resource be about another.
func (s *state) readdress(from, into string) {
	old := s.links
	s.links = nil
	for _, l := range old {
		if l.other == from {
			l.other = into
		}
		s.relate(l)
	}
}

// named notes by what it is known within others; numbers that are unique by
// themselves need no note.
func (s *state) named(names ...handover.Alias) {
	for _, n := range names {
		if strings.Contains(n.Authority, " of ") && !slices.Contains(s.names, n) {
			s.names = append(s.names, n)
		}
	}
}

// rewrite lets what is held refer to the resources that others are now.
func (s *state) rewrite(united []union) {
	for _, u := range united {
		old, now := reference(u.from), reference(u.into)
		for i := range s.elements {
			e := &s.elements[i]
			if !slices.ContainsFunc(e.items, func(it item) bool { return bytes.Contains(it.value, old) || slices.Contains(it.rest().needs, u.from) }) {
				continue
			}
			e.items = slices.Clone(e.items)
			for j := range e.items {
				it := &e.items[j]
				it.value = bytes.ReplaceAll(it.value, old, now)
				if more := it.rest(); slices.Contains(more.needs, u.from) {
					with := *more
					with.needs = slices.Clone(more.needs)
					for k, n := range with.needs {
						if n == u.from {
							with.needs[k] = u.into
						}
					}
					it.more = &with
				}
			}
		}
	}
}

// reference is how content refers to a resource.
func reference(t ref) []byte { return []byte(string(referencePrefix) + t.String() + `"`) }

// keyOf returns the resource as it would be called by an identifier's id.
func (w *work) keyOf(resourceType string, a handover.Alias) ref {
	return ref{resourceType, handover.ResourceID(w.r.siteKey, resourceType, a.Authority, a.Value)}
}

// rename unites what the message says has one number instead of another.
func (c *composition) rename() error {
	for i := range c.a.Resources {
		ra := &c.a.Resources[i]
		if !ra.Renamed || !c.ruling.mayRename(ra.Type, c.a.Source) {
			continue
		}
		known := slices.DeleteFunc(slices.Clone(c.identities(i)), func(id identity) bool { return strings.Contains(id.alias.Authority, " of ") })
		keys := make([]ref, len(known))
		for n := range known {
			keys[n] = known[n].key
		}
		if err := c.find(keys); err != nil {
			return err
		}
		hits, err := c.hits(known)
		if err != nil {
			return err
		}
		for n := 0; n+1 < len(hits); n++ { // the last is the old number's
			if err := c.uniteWithin(union{hits[n], hits[len(hits)-1]}); err != nil {
				return err
			}
		}
	}
	for _, u := range c.united {
		c.states[u.into].rewrite(c.united)
	}
	return nil
}

// mayRename reports whether the source's word on numbers counts: an owner's,
// where the type has one. Whether an owner has spoken yet is not asked, for what
// was united cannot be parted.
func (r *ruling) mayRename(resourceType, source string) bool {
	owners := r.ownersOf(resourceType, "identifier")
	return len(owners) == 0 || slices.Contains(owners, source)
}

// uniteWithin unites two resources, and what both have within them.
func (c *composition) uniteWithin(first union) error {
	holding, err := c.holders(first.from)
	if err != nil {
		return err
	}
	c.holding = append(c.holding, holding...)
	for queue := []union{first}; len(queue) > 0; queue = queue[1:] {
		u := queue[0]
		if u.from, err = c.final(u.from); err != nil {
			return err
		}
		if u.into, err = c.final(u.into); err != nil {
			return err
		}
		if u.from == u.into {
			continue
		}
		if err := c.unite(u); err != nil {
			return err
		}
		c.out.United = append(c.out.United, handover.United{Type: u.from.Type, ID: u.from.ID, Into: u.into.ID})
		for _, t := range holding {
			more, err := c.requalify(t, u)
			if err != nil {
				return err
			}
			queue = append(queue, more...)
		}
	}
	return nil
}

// requalify lets a resource that is known within another be known within what
// that is now. What is known there by the same is one with it.
func (c *composition) requalify(t ref, u union) (same []union, err error) {
	s, err := c.get(t)
	if err != nil || s == nil || s.into != "" {
		return nil, err
	}
	old, now := " of "+u.from.String(), " of "+u.into.String()
	var fresh []handover.Alias
	for _, n := range s.names {
		if !strings.Contains(n.Authority, old) {
			continue
		}
		n.Authority = strings.ReplaceAll(n.Authority, old, now)
		key := c.keyOf(t.Type, n)
		if err := c.find([]ref{key}); err != nil {
			return nil, err
		}
		to, led := c.lead(key)
		switch {
		case !led:
			c.alias(key, t)
			fresh = append(fresh, n)
		case to != t:
			same = append(same, union{t, to})
		}
	}
	if fresh == nil {
		return same, nil
	}
	if s, err = c.edit(t); err != nil {
		return nil, err
	}
	s.named(fresh...)
	c.out.United = append(c.out.United, handover.United{Type: t.Type, ID: t.ID, Aliases: fresh})
	return same, nil
}

// holders returns what refers to a patient as whose it is, or to a visit or an
// account, sorted.
func (c *composition) holders(t ref) ([]ref, error) {
	out, err := c.referring([]ref{t})
	if err != nil {
		return nil, err
	}
	if t.Type == "Patient" {
		var params []any
		for _, name := range c.r.names.ending(".subject", ".patient") {
			params = append(params, name)
		}
		found, err := c.query(`SELECT r.type, r.id FROM reference x JOIN resource r ON r.rid = x.rid
			WHERE x.param IN (%s) AND x.target = `+strconv.FormatInt(targetHash(t.String()), 10), params)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		c.r.overlay.each(func(s *state) {
			if bytes.Contains(s.content, reference(t)) {
				out = append(out, s.ref)
			}
		})
	}
	slices.SortFunc(out, func(a, b ref) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID)) })
	out = slices.Compact(out)
	return out, c.load(out)
}

// retire writes the last version of what was united with another resource: it
// has no content any more.
func (c *composition) retire(t ref) error {
	if len(c.states[t].content) == 0 {
		return nil
	}
	s, err := c.edit(t)
	if err != nil {
		return err
	}
	s.content = nil
	s.version++
	c.written[t] = len(c.out.Writes)
	c.out.Writes = append(c.out.Writes, handover.Write{Type: t.Type, ID: t.ID, Version: s.version, Patient: s.patient})
	return nil
}

// current lets the content refer to what patients, visits and accounts are now,
// and to what this message united.
func (c *composition) current(content []byte, patient string) ([]byte, string, error) {
	for _, u := range c.united {
		content = bytes.ReplaceAll(content, reference(u.from), reference(u.into))
	}
	var failed error
	old := content
	references(old, renamable, func(t ref) {
		now, err := c.final(t)
		if err != nil {
			failed = err
		} else if now != t {
			content = bytes.ReplaceAll(content, reference(t), reference(now))
		}
	})
	if patient == "" || failed != nil {
		return content, "", failed
	}
	now, err := c.final(ref{"Patient", patient})
	return content, now.ID, err
}

// reunite does what the fact says was united.
func (h *hearing) reunite(list []handover.United) error {
	for _, v := range list {
		t := ref{v.Type, v.ID}
		if v.Into != "" {
			if err := h.unite(union{t, ref{v.Type, v.Into}}); err != nil {
				return err
			}
			continue
		}
		s, err := h.edit(t)
		if err != nil {
			return err
		}
		s.named(v.Aliases...)
		for _, a := range v.Aliases {
			h.alias(h.keyOf(t.Type, a), t)
		}
	}
	for _, u := range h.united {
		h.states[u.into].rewrite(h.united)
	}
	return nil
}
