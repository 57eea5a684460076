package record

import (
	"context"
	"fmt"
	"time"

	"handover"
	"handover/internal/store"
)

// assertedFact is an Asserted fact whose Written fact has not come yet.
type assertedFact struct {
	message handover.Offset
	handover.Entry
}

// applying is one batch of facts on its way into the tables.
type applying struct {
	r       *Record
	ctx     context.Context
	tx      *store.Tx
	states  map[ref]*state // after what came before in the batch
	aliases map[string]ref
	first   map[ref]*state // before the batch; nil: there was none
	order   []ref          // of first
	deltas  []*delta
	seen    map[string]int64 // names that are new
	fresh   []*int64         // row ids given in this batch
	next    int64
	index   *indexing
	last    map[ref]lastPlace
	indexed map[ref]indexRows
	shapes  int // that the journal has
}

// lastPlace is where the newest content and state of a resource stand.
type lastPlace struct {
	pack, place, held, heldAt int64
	encoded                   []byte // the state
}

// Apply takes facts into the tables, in journal order: one transaction, with
// the offset up to which it has applied. What is applied already is passed
// over, so that the same entries may be given again. Asserted and Written facts
// of a message are appended together and count together: an Asserted fact that
// is the last entry waits for the next call, and Applied stays before it.
//
// What was composed here is taken from memory; anything else is worked out from
// the facts alone, with the same result.
func (r *Record) Apply(ctx context.Context, entries []handover.Entry) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	if r.needsReplay(entries) {
		r.composing.Lock()
		defer r.composing.Unlock()
		r.foresight.clear()
	}
	a := &applying{
		r: r, ctx: ctx, states: map[ref]*state{}, aliases: map[string]ref{}, first: map[ref]*state{},
		seen: map[string]int64{}, next: r.nextRow, shapes: r.shapes.applied, index: newIndexing(), last: map[ref]lastPlace{}, indexed: map[ref]indexRows{},
	}
	before := r.pending
	applied := r.applied.at()
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		a.tx = tx
		for i := range entries {
			if err := a.entry(&entries[i], &applied); err != nil {
				return fmt.Errorf("fact %d: %w", entries[i].Offset, err)
			}
		}
		if err := a.write(); err != nil {
			return err
		}
		r.names.add(a.seen) // before the commit: whoever sees the rows knows the names
		return tx.SetApplied(ctx, int64(applied))
	})
	if err != nil {
		r.pending = before
		r.names.remove(a.seen)
		for _, rid := range a.fresh {
			*rid = 0
		}
		return &handover.Error{Op: "applying facts to the record", Kind: kindOf(err), Err: err}
	}
	a.commit()
	r.applied.set(applied)
	return nil
}

func kindOf(err error) handover.Kind {
	if store.Full(err) {
		return handover.Full
	}
	if k := handover.KindOf(err); k != handover.Internal {
		return k
	}
	return handover.Unavailable
}

// needsReplay reports whether any entry was not composed here.
func (r *Record) needsReplay(entries []handover.Entry) bool {
	applied := r.applied.at()
	for i := range entries {
		e := &entries[i]
		if e.Kind == handover.Written && e.Offset > applied && r.overlay.delta(r.messageOf(e)) == nil {
			return true
		}
	}
	return false
}

// messageOf returns the message that a Written fact follows from, given that
// its cause is either the message or the Asserted fact.
func (r *Record) messageOf(e *handover.Entry) handover.Offset {
	if r.pending != nil && e.Cause == r.pending.Offset {
		return r.pending.message
	}
	return e.Cause
}

func (a *applying) entry(e *handover.Entry, applied *handover.Offset) error {
	r := a.r
	if e.Offset <= *applied {
		return nil
	}
	if r.pending != nil && r.pending.Offset == e.Offset {
		return nil
	}
	switch e.Kind {
	case handover.Enclosed:
		a.index.enclosed = append(a.index.enclosed, []any{e.Key, int64(e.Offset)})
	case handover.Shaped:
		if err := a.shaped(e); err != nil {
			return err
		}
	case handover.Asserted:
		// Applied stays before this fact until its Written fact is here.
		r.pending = &assertedFact{e.Cause, *e}
		*applied = e.Offset - 1
		return nil
	case handover.Written:
		if err := a.written(e); err != nil {
			return err
		}
		r.pending = nil
	}
	if r.pending == nil {
		*applied = e.Offset
	}
	return nil
}

// written takes in one message's Written fact.
func (a *applying) written(e *handover.Entry) error {
	p := a.r.pending
	message := a.r.messageOf(e)
	if p == nil || p.message != message && p.Offset != e.Cause {
		return &handover.Error{Kind: handover.Invalid, Where: "offset " + e.Offset.String(),
			Err: fmt.Errorf("a written fact without its asserted one; entries must be given in order and without gaps")}
	}
	d := a.r.overlay.delta(message)
	if d == nil {
		if e.Gone || p.Gone {
			return &handover.Error{Kind: handover.Gone, Where: "offset " + e.Offset.String(),
				Err: fmt.Errorf("the body of a fact that the record is made of was removed")}
		}
		var err error
		if d, err = a.replay(message, &p.Entry, e); err != nil {
			return err
		}
	}
	return a.take(d, e.Offset, e.Time, p.Offset)
}

// take notes what a message did.
func (a *applying) take(d *delta, at handover.Offset, when time.Time, asserted handover.Offset) error {
	a.deltas = append(a.deltas, d)
	ready := d.encoded()
	for i := range d.changes {
		c := &d.changes[i]
		t := c.after.ref
		if _, ok := a.first[t]; !ok {
			a.first[t] = c.before
			a.order = append(a.order, t)
		}
		if *c.after.rid == 0 {
			*c.after.rid = a.next
			a.next++
			a.fresh = append(a.fresh, c.after.rid)
			a.r.known.add(t.ID)
		}
		a.states[t] = c.after
		place := a.last[t]
		place.held, place.heldAt, place.encoded = int64(at), int64(i), ready.states[i]
		if c.renewed() {
			switch {
			case place.pack != 0: // of this batch
				a.index.versions = append(a.index.versions, []any{*c.after.rid, c.before.version, place.pack, place.place})
			case c.before != nil && c.before.version > 0:
				a.index.superseded = append(a.index.superseded, []any{*c.after.rid})
			}
			place.pack, place.place = int64(at), int64(i)
			if len(c.after.content) == 0 {
				place.place = deleted
			}
			rows := ready.rows[i]
			if before, ok := a.indexed[t]; ok {
				rows.old = before.old
			}
			a.indexed[t] = rows
		}
		a.last[t] = place
	}
	for _, row := range d.aliases {
		a.aliases[row.key] = row.to
		a.r.known.add(row.key)
	}
	a.index.failed += ready.failed
	a.index.packs = append(a.index.packs, []any{int64(at), when.UnixMilli(), int64(d.message), int64(asserted), ready.pack})
	return nil
}

// commit lets others see what the transaction wrote.
func (a *applying) commit() {
	a.r.nextRow, a.r.shapes.applied = a.next, a.shapes
	for t, s := range a.states {
		if !ofOneMessage[t.Type] {
			a.r.states.applied(s, a.last[t].encoded)
		}
	}
	for _, d := range a.deltas {
		a.r.overlay.drop(d)
	}
	a.r.unindexed.Add(a.index.failed)
}

// ofOneMessage are the types that tell of one message: no other speaks of them
// again, so that to keep them at hand would only drive out others.
var ofOneMessage = map[string]bool{"MessageHeader": true, "Provenance": true}

// name returns the number of a name, giving it one if it has none.
func (a *applying) name(name string) int64 {
	if name == "" {
		return 0
	}
	if id := a.r.names.id(name); id != 0 {
		return id
	}
	if id := a.seen[name]; id != 0 {
		return id
	}
	id := a.r.names.count() + int64(len(a.seen)) + 1
	a.seen[name] = id
	a.index.names = append(a.index.names, []any{id, name})
	return id
}

// replay works out what a message did from its two facts. No rule is asked: the
// Written fact says which resource each handle meant, what was parked and what
// each version is.
func (a *applying) replay(message handover.Offset, asserted, written *handover.Entry) (*delta, error) {
	as, err := a.r.form.Assertions(asserted)
	if err != nil {
		return nil, err
	}
	wr, err := a.r.form.Writes(written, &as)
	if err != nil {
		return nil, err
	}
	w := a.r.newWork(a.ctx, len(as.Resources), func(t ref) *state {
		if s := a.states[t]; s != nil {
			return s.whole()
		}
		return a.r.states.get(t)
	}, func(string) (ref, bool) { return ref{}, false })
	h, err := newHearing(w, message, &as, nil)
	if err != nil {
		return nil, err
	}
	if err := h.recall(&wr); err != nil {
		return nil, err
	}
	if err := h.absorb(); err != nil {
		return nil, err
	}
	for i := range wr.Writes {
		v := &wr.Writes[i]
		s, err := h.edit(ref{v.Type, v.ID})
		if err != nil {
			return nil, err
		}
		s.rewrite(h.united)
		s.version, s.patient, s.content = v.Version, v.Patient, canonical(v.Content)
	}
	return h.delta(message), nil
}

// recall takes from the Written fact which resources were meant, and which
// identifiers led to them from then on.
func (h *hearing) recall(wr *handover.Writes) error {
	if err := h.reunite(wr.United); err != nil {
		return err
	}
	named := map[ref][]handover.Alias{}
	means := func(t ref, handles []string, aliases []handover.Alias) {
		for _, handle := range handles {
			h.targets[handle] = t
		}
		for _, al := range aliases {
			if key := h.keyOf(t.Type, al); key != t {
				h.alias(key, t)
			}
		}
		named[t] = append(named[t], aliases...)
	}
	for _, v := range wr.Writes {
		means(ref{v.Type, v.ID}, v.Handles, v.Aliases)
	}
	for _, list := range [][]handover.Stale{wr.Same, wr.Older, wr.Parked} {
		for _, s := range list {
			means(ref{s.Type, s.ID}, []string{s.Handle}, s.Aliases)
		}
	}
	for _, s := range wr.Parked {
		h.parked[s.Handle] = true
	}
	if err := h.editAll(); err != nil {
		return err
	}
	for t, aliases := range named {
		if s := h.states[t]; s != nil {
			s.named(aliases...)
		}
	}
	return nil
}

// editAll opens the resources in the order in which Compose met them, so that
// new ones get the same rows.
func (h *hearing) editAll() error {
	all := make([]ref, 0, len(h.a.Resources))
	for _, level := range h.sequence {
		for _, i := range level {
			t, ok := h.targets[h.a.Resources[i].Handle]
			if !ok {
				return h.fault(i, "is not in the written fact")
			}
			all = append(all, t)
		}
	}
	if err := h.load(all); err != nil {
		return err
	}
	for _, t := range all {
		if _, err := h.edit(t); err != nil {
			return err
		}
	}
	return nil
}
