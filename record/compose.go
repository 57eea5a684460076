package record

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"handover"
)

// composition is the composing of one message.
type composition struct {
	*hearing
	aliased map[ref][]handover.Alias
	written map[ref]int // index in out.Writes
	chosen  map[ref][]choice
	moved   []ref        // orders that went to another patient with their visit
	holding []ref        // what refers to, or is known within, what was united
	again   map[ref]bool // all was said before, so that nothing need be chosen
	room    []choice     // for what stands in one version, to be used again
	out     handover.Writes

	known    [][]identity // by index of resource, where Expect found them
	expected *composition // the same message in Expect; nil: there was none
}

// Compose says what the message's assertions make of the record: the body of
// the Written fact that is to be appended together with the Asserted one. It
// depends on nothing but the assertions, the rules, and what was composed or
// applied before, and it sees at once what it composed itself.
//
// The error is of kind Invalid, with the handle as its place, where assertions
// cannot be understood (nothing has happened then), else of reading the tables.
func (r *Record) Compose(ctx context.Context, message handover.Offset, a handover.Assertions) (handover.Writes, error) {
	r.composing.Lock()
	defer r.composing.Unlock()
	w := r.newWork(ctx, len(a.Resources), r.composed, r.led)
	w.foresight = &r.foresight
	expected := r.foresight.take(&a)
	h, err := newHearing(w, message, &a, expected)
	if err != nil {
		return handover.Writes{}, err
	}
	h.decide = true
	c := &composition{
		hearing: h, expected: expected,
		aliased: map[ref][]handover.Alias{}, written: map[ref]int{}, chosen: map[ref][]choice{},
		again: map[ref]bool{},
	}
	for _, step := range []func() error{c.rename, c.identify, c.absorb, c.compose} {
		if err := step(); err != nil {
			return handover.Writes{}, err
		}
	}
	d := c.delta(message)
	r.overlay.add(d)
	r.foresight.made(d)
	go d.encoded() // Apply needs it, and has enough to do
	return c.out, nil
}

// Reset forgets what was composed and is not applied, after an append failed.
// Before the next Compose, Apply must be given all facts that were appended.
func (r *Record) Reset() {
	r.composing.Lock()
	defer r.composing.Unlock()
	r.overlay.clear()
	r.foresight.clear()
	r.form.Shapes.Forget(r.shapes.applied)
	r.shapes.drafted = r.shapes.applied
}

// compose makes new versions of what the message touched, and says of each
// handle what became of it.
func (c *composition) compose() error {
	touched := slices.Clone(c.changed)
	more, err := c.affected()
	if err != nil {
		return err
	}
	for _, t := range slices.Concat(touched, more, c.holding) {
		if err := c.version(t); err != nil {
			return err
		}
	}
	specimens, err := c.referring(c.moved)
	if err != nil {
		return err
	}
	for _, t := range specimens {
		if err := c.version(t); err != nil {
			return err
		}
	}
	for i := range c.a.Resources {
		c.report(i)
	}
	if err := c.flagMerges(); err != nil {
		return err
	}
	for t, aliases := range c.aliased {
		if n, ok := c.written[t]; ok {
			c.out.Writes[n].Aliases = aliases
		}
	}
	return nil
}

// version composes the resource anew and notes a write if that changed it.
func (c *composition) version(t ref) error {
	s, err := c.get(t)
	if err != nil || s == nil {
		return err
	}
	if _, done := c.chosen[t]; done || c.again[t] {
		return nil
	}
	if !c.late[t] && s.again(c.original[t]) {
		c.again[t] = true
		return nil
	}
	if s.into != "" {
		return c.retire(t)
	}
	spoken, err := c.counting(s)
	if err != nil {
		return err
	}
	if len(spoken) == 0 {
		return nil // only contenders spoke of it
	}
	chosen, err := c.choices(s, spoken)
	if err != nil {
		return err
	}
	c.chosen[t] = chosen
	links, err := c.links(s)
	if err != nil {
		return err
	}
	stands := standing(s, links, chosen, c.room)
	c.room = stands
	content, patient, err := c.moves(s, render(s, stands))
	if err != nil {
		return err
	}
	if content, patient, err = c.current(content, patient); err != nil {
		return err
	}
	if s.version > 0 && bytes.Equal(content, s.content) && patient == s.patient {
		return nil
	}
	if t.Type == "ServiceRequest" && s.version > 0 && patient != s.patient {
		c.moved = append(c.moved, t)
	}
	if s, err = c.edit(t); err != nil {
		return err
	}
	s.rewrite(c.united)
	s.content, s.patient = content, patient
	s.version++
	c.written[t] = len(c.out.Writes)
	c.out.Writes = append(c.out.Writes, handover.Write{
		Type: t.Type, ID: t.ID, Version: s.version, Content: content, Patient: patient,
		Sources: elementSources(s, stands),
	})
	return nil
}

// counting returns the claims on the resource of which the voices count.
func (c *composition) counting(s *state) ([]string, error) {
	var out []string
	for _, v := range s.voices {
		if slices.Contains(out, v.claim) {
			continue
		}
		ok, err := c.agrees(s, v.claim)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v.claim)
		}
	}
	return out, nil
}

// choices picks the word that counts for each element. A reference to another
// patient's resource does not count.
func (c *composition) choices(s *state, counts []string) ([]choice, error) {
	var failed error
	chosen := c.ruling.choose(s, func(claim string) bool { return slices.Contains(counts, claim) }, func(it *item) bool {
		for _, n := range it.rest().needs {
			other, err := c.get(n)
			if err != nil {
				failed = err
				return false
			}
			if other == nil {
				return false
			}
			ok, err := c.agrees(other, it.stamp.claim)
			if err != nil {
				failed = err
			}
			if !ok {
				return false
			}
		}
		return true
	})
	return chosen, failed
}

// moves lets the resource follow moves, its own and those of the visit or
// account that it refers to: the patient it was moved from becomes the one it
// was moved to.
func (c *composition) moves(s *state, content []byte) ([]byte, string, error) {
	patient := s.owner
	if s.Type == "Patient" {
		return content, s.ID, nil
	}
	apply := func(m *move) {
		if m == nil {
			return
		}
		for _, from := range m.members {
			if from == m.to {
				continue
			}
			content = bytes.ReplaceAll(content, []byte(`"reference":"Patient/`+from+`"`), []byte(`"reference":"Patient/`+m.to+`"`))
			if patient == from {
				patient = m.to
			}
		}
	}
	for _, o := range ordersOf(s.Type, content) { // before it: the visit is theirs
		if err := c.version(o); err != nil {
			return nil, "", err
		}
	}
	around, err := c.around(s.ref, content)
	if err != nil {
		return nil, "", err
	}
	for _, t := range around {
		if o := c.states[t]; o != nil {
			apply(c.ruling.move(o))
		}
	}
	apply(c.ruling.move(s))
	return content, patient, nil
}

// report says what became of one handle.
func (c *composition) report(i int) {
	ra := &c.a.Resources[i]
	t := c.means[i]
	said := handover.Stale{Type: t.Type, ID: t.ID, Handle: ra.Handle}
	if _, ok := c.written[t]; !ok {
		said.Aliases = c.aliased[t]
		delete(c.aliased, t)
	}
	if c.parked[ra.Handle] {
		said.Reason = "the identifier belongs to another patient"
		c.out.Parked = append(c.out.Parked, said)
		return
	}
	if c.again[t] {
		c.out.Same = append(c.out.Same, said)
		return
	}
	lost := c.lost(i, t)
	if said.Reason = lost.older(t.Type); said.Reason != "" {
		c.out.Older = append(c.out.Older, said)
	}
	if n, ok := c.written[t]; ok {
		c.out.Writes[n].Handles = append(c.out.Writes[n].Handles, ra.Handle)
		return
	}
	if said.Reason != "" {
		return
	}
	if lost.owned != nil {
		said.Reason = "another source owns: " + strings.Join(lost.owned, ", ")
	}
	c.out.Same = append(c.out.Same, said)
}

// lostWord names the elements that a message said and that do not stand.
type lostWord struct {
	newer []string // newer word stands
	held  []string // older word of a higher status stands
	owned []string // another source owns them
}

// older gives the reason why what was said does not stand, though its source
// counts; "" if there is no such thing.
func (l *lostWord) older(resourceType string) string {
	var reasons []string
	held := "a status falls by corrections only: "
	if qualifies[resourceType] != "" {
		held = "said under a lower status, which falls by corrections only: "
	}
	if l.newer != nil {
		reasons = append(reasons, "newer word stands: "+strings.Join(l.newer, ", "))
	}
	if l.held != nil {
		reasons = append(reasons, held+strings.Join(l.held, ", "))
	}
	return strings.Join(reasons, "; ")
}

// lost finds what of this message's word on the resource does not stand. Parts
// are not named: they may hold the numbers of what is referred to.
func (c *composition) lost(i int, t ref) (lost lostWord) {
	ra := &c.a.Resources[i]
	note := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for j := range ra.Elements {
		name, part := ra.Elements[j].Name, ra.Elements[j].Part
		n, found := slices.BinarySearchFunc(c.chosen[t], part, func(c choice, part string) int { return c.compare(name, part) })
		if !found {
			if lists := listsAmong(c.states[t].parts(name), nil); delisted(lists, part, &c.stamps[i], func(string) bool { return true }) {
				note(&lost.newer, name)
			} else if c.unmet(t, name, part) {
				c.flag(t, ra.Handle, name+" refers to what belongs to another patient, and was left out")
			} else {
				note(&lost.owned, name)
			}
			continue
		}
		switch stands := &c.chosen[t][n]; {
		case stands.item.stamp.offset == c.offset:
		case !slices.Contains(stands.among, c.a.Source):
			note(&lost.owned, name)
		case c.stamps[i].compare(stands.item.stamp) > 0 && c.unmet(t, name, part):
			c.flag(t, ra.Handle, name+" refers to what belongs to another patient, and older word stands")
		case c.stamps[i].compare(stands.item.stamp) > 0:
			note(&lost.held, name)
		default:
			note(&lost.newer, name)
		}
	}
	return lost
}

// unmet reports whether this message's word on the element is left out because
// of what it refers to.
func (c *composition) unmet(t ref, name, part string) bool {
	for _, e := range c.states[t].parts(name) {
		if e.part == part {
			return slices.ContainsFunc(e.items, func(it item) bool {
				return it.stamp.offset == c.offset && len(it.rest().needs) > 0
			})
		}
	}
	return false
}

func (c *composition) flag(t ref, handle, reason string) {
	c.out.Flagged = append(c.out.Flagged, handover.Stale{Type: t.Type, ID: t.ID, Handle: handle, Reason: reason})
}
