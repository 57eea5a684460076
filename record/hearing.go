package record

import (
	"errors"
	"fmt"

	"handover"
)

// hearing is the taking in of one message: which resources its handles mean,
// and what is held of them afterwards. Compose and replay both go through it,
// so that both end in the same states.
type hearing struct {
	*work
	offset   handover.Offset
	a        *handover.Assertions
	sequence [][]int         // indices of resources; each level needs only those before
	index    map[string]int  // handle → index
	means    []ref           // the resource, by index; the zero ref: not known yet
	named    []string        // "Type/id", by index, as far as it was asked for
	parked   map[string]bool // handles whose identity contradicts what is held
	decide   bool            // find out which are parked; a replay knows
	late     map[ref]bool    // of which newer word was held
	stamps   []stamp         // by index
}

// newHearing begins to hear the message; before is how it was heard before, nil
// if it was not.
func newHearing(w *work, offset handover.Offset, a *handover.Assertions, before *composition) (*hearing, error) {
	h := &hearing{
		work: w, offset: offset, a: a,
		means:  make([]ref, len(a.Resources)),
		named:  make([]string, len(a.Resources)),
		parked: map[string]bool{},
		late:   map[ref]bool{},
	}
	if before != nil {
		h.index, h.sequence = before.index, before.sequence
		return h, nil
	}
	h.index = make(map[string]int, len(a.Resources))
	for i := range a.Resources {
		h.index[a.Resources[i].Handle] = i
	}
	return h, h.order()
}

// needs yields the handles that must be known before the resource can be.
func (h *hearing) needs(i int, yield func(handle string)) {
	ra := &h.a.Resources[i]
	if ra.Patient != "" && ra.Patient != ra.Handle {
		yield(ra.Patient)
	}
	for _, id := range ra.Identities {
		if id.Scope != "" {
			yield(id.Scope)
		}
	}
}

// order sorts the resources into levels.
func (h *hearing) order() error {
	var faults []error
	for i := range h.a.Resources {
		h.needs(i, func(handle string) {
			if _, ok := h.index[handle]; !ok {
				faults = append(faults, h.fault(i, "names a handle that is not in the message"))
			}
		})
	}
	if faults != nil {
		return errors.Join(faults...)
	}
	known := make([]bool, len(h.a.Resources))
	for left := len(known); left > 0; {
		var level []int
		for i := range known {
			ready := !known[i]
			h.needs(i, func(handle string) { ready = ready && known[h.index[handle]] })
			if ready {
				level = append(level, i)
			}
		}
		if len(level) == 0 {
			return h.fault(0, "is one of handles whose scopes go round in a circle")
		}
		for _, i := range level {
			known[i] = true
		}
		left -= len(level)
		h.sequence = append(h.sequence, level)
	}
	return nil
}

// meant returns the resource that a handle means; ok is false while that is not
// known, or if the message has no such handle.
func (h *hearing) meant(handle string) (t ref, ok bool) {
	if i, known := h.index[handle]; known {
		t = h.means[i]
	}
	return t, t != ref{}
}

// name returns "Type/id" of what a resource of the message is.
func (h *hearing) name(i int) string {
	if h.named[i] == "" {
		h.named[i] = h.means[i].String()
	}
	return h.named[i]
}

// fault says what is wrong with what was asserted. Handles hold no content.
func (h *hearing) fault(i int, what string) error {
	return &handover.Error{
		Op:    "composing message " + h.offset.String(),
		Kind:  handover.Invalid,
		Where: h.a.Resources[i].Handle,
		Err:   errors.New(what + ": mend the transform"),
	}
}

// claim returns the id of the Patient that the message says the resource
// belongs to.
func (h *hearing) claim(i int) string {
	ra := &h.a.Resources[i]
	if ra.Patient == "" || ra.Type == "Patient" {
		return ""
	}
	patient, _ := h.meant(ra.Patient)
	return patient.ID
}

// absorb takes in the whole message.
func (h *hearing) absorb() error {
	base := newStamp(h.a, h.offset)
	h.stamps = make([]stamp, len(h.a.Resources))
	if err := h.relations(&base); err != nil {
		return err
	}
	for _, level := range h.sequence {
		for _, i := range level {
			st := &h.stamps[i]
			*st = base
			st.claim = h.claim(i)
			st.correction = h.a.Resources[i].Correction
			if err := h.own(i); err != nil {
				return err
			}
		}
	}
	for _, level := range h.sequence {
		for _, i := range level {
			if err := h.hold(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// relations takes in merges and moves, before all else: they say whose the rest
// is.
func (h *hearing) relations(st *stamp) error {
	for _, m := range h.a.Merges {
		survivor, ok1 := h.meant(m.Survivor)
		loser, ok2 := h.meant(m.Loser)
		if !ok1 || !ok2 {
			return &handover.Error{Op: "composing message " + h.offset.String(), Kind: handover.Invalid,
				Err: fmt.Errorf("a %s names a handle that is not in the message: mend the transform", m.Kind)}
		}
		if survivor == loser || survivor.Type != loser.Type {
			continue // Compose flags it
		}
		if m.Kind == "move" {
			if err := h.moveTo(m.Moved, survivor, loser, st); err != nil {
				return err
			}
			continue
		}
		kind, ok := mergeKinds[m.Kind]
		if !ok {
			return &handover.Error{Op: "composing message " + h.offset.String(), Kind: handover.Invalid,
				Err: errors.New("a merge is of a kind that the record does not know: mend the transform")}
		}
		if err := h.join(kind, survivor, loser, st); err != nil {
			return err
		}
	}
	return nil
}

var mergeKinds = map[string]linkKind{"merge": linkMerge, "link": linkAlso, "unlink": linkNone}

func (h *hearing) join(kind linkKind, survivor, loser ref, st *stamp) error {
	s, err := h.edit(survivor)
	if err != nil {
		return err
	}
	l, err := h.edit(loser)
	if err != nil {
		return err
	}
	s.relate(link{other: loser.ID, kind: kind, stamp: st})
	l.relate(link{other: survivor.ID, kind: kind, loser: kind == linkMerge, stamp: st})
	return nil
}

func (h *hearing) moveTo(handle string, to, from ref, st *stamp) error {
	target, ok := h.meant(handle)
	if !ok || !movable(target.Type) || to.Type != "Patient" {
		return nil // Compose flags it
	}
	s, err := h.edit(target)
	if err != nil {
		return err
	}
	s.moved(from.ID, to.ID, st)
	return nil
}

// own finds out whose the resource is, and whether the message contradicts it.
func (h *hearing) own(i int) error {
	ra := &h.a.Resources[i]
	s, err := h.edit(h.means[i])
	if err != nil {
		return err
	}
	claim := h.stamps[i].claim
	if s.owner == "" {
		s.owner = claim
		for _, id := range ra.Identities {
			if id.Scope != "" && h.parked[id.Scope] {
				scope, _ := h.meant(id.Scope)
				s.owner = h.states[scope].owner
			}
		}
	}
	if h.decide {
		ok, err := h.agrees(s, claim)
		if err != nil {
			return err
		}
		if !ok {
			h.parked[ra.Handle] = true
		}
	}
	if claim != "" && claim != s.owner { // also where they agree: they may be parted again
		s.contend(s.owner, claim)
	}
	return nil
}

// hold keeps the elements.
func (h *hearing) hold(i int) error {
	ra := &h.a.Resources[i]
	s, st := h.states[h.means[i]], &h.stamps[i]
	s.speak(st)
	if s.elements == nil {
		s.elements = make([]element, 0, len(ra.Elements))
	}
	room := make([]item, len(ra.Elements))
	shared := assertionRank(ra)
	for j := range ra.Elements {
		e := &ra.Elements[j]
		it := item{stamp: st, rank: shared, removed: e.Removed, listed: e.Listed}
		if e.Property != e.Name {
			it.add().property = e.Property
		}
		if !e.Removed {
			var err error
			if it.value, err = h.value(i, e.Value, &it); err != nil {
				return err
			}
			if len(e.Extra) > 0 {
				extra, err := h.value(i, e.Extra, &it)
				if err != nil {
					return err
				}
				it.add().extra = extra
			}
		}
		if _, guarded := ranks[ra.Type][e.Name]; guarded && shared == 0 {
			it.rank = statusRank(ra.Type, e.Name, it.value)
		}
		for _, n := range it.rest().needs {
			s.contend(st.claim, h.states[n].owner)
		}
		if !s.hold(e.Name, e.Part, it, room[j:j:j+1]) {
			h.late[s.ref] = true
		}
	}
	return nil
}

// value makes handles into references, and notes those to resources that another
// patient was first said to have.
func (h *hearing) value(i int, v []byte, it *item) ([]byte, error) {
	v, unknown := handover.ResolveHandles(canonical(v), func(handle []byte) (string, bool) {
		n, ok := h.index[string(handle)]
		if !ok || h.means[n] == (ref{}) {
			return "", false
		}
		t := h.means[n]
		if owner := h.states[t].owner; it.stamp.claim != "" && owner != "" && owner != it.stamp.claim {
			more := it.add()
			more.needs = append(more.needs, t)
		}
		return h.name(n), true
	})
	if unknown != "" {
		return nil, h.fault(i, "refers to a handle that is not in the message")
	}
	return v, nil
}
