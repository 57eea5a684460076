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
	r      *Record
	ctx    context.Context
	tx     *store.Tx
	made   map[ref]*outcome
	leads  []aliasRow // keys that nothing had until now, neither as an id nor else
	order  []*outcome // as the resources were first touched
	taken  []taken
	seen   map[string]int64 // names that are new
	fresh  []*int64         // row ids given in this batch
	next   int64
	index  *indexing
	shapes int // that the journal has
}

// outcome is what the batch makes of one resource.
type outcome struct {
	had          head   // before the batch
	after        *state // what came of it by now
	pack, place  int64  // where the newest content stands; pack 0: the batch has made none
	held, heldAt int64  // where the state stands
	rows         indexRows
	indexed      bool // rows are of the batch
}

// taken is one message of the batch.
type taken struct {
	*delta
	at       handover.Offset // of the Written fact
	when     time.Time
	asserted handover.Offset
}

// state returns the resource after what came before in the batch, nil if that did
// not touch it. It may be slim.
func (a *applying) state(t ref) *state {
	if is := a.made[t]; is != nil {
		return is.after
	}
	return nil
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
		r: r, ctx: ctx, made: map[ref]*outcome{},
		seen: map[string]int64{}, next: r.nextRow, shapes: r.shapes.applied, index: newIndexing(),
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
		a.take(d, e.Offset, e.Time, p.Offset)
		go d.encoded() // beside the next message
		return nil
	}
	d.encoded() // from then on its states do not change
	a.take(d, e.Offset, e.Time, p.Offset)
	return nil
}

// take notes what a message did. What goes into the tables may still be on its way
// to be made ready; finish waits for it.
func (a *applying) take(d *delta, at handover.Offset, when time.Time, asserted handover.Offset) {
	a.taken = append(a.taken, taken{d, at, when, asserted})
	for i := range d.changes {
		c := &d.changes[i]
		t := a.made[c.after.ref]
		if t == nil {
			t = &outcome{had: c.had}
			a.made[c.after.ref] = t
			a.order = append(a.order, t)
		}
		if *c.after.rid == 0 {
			*c.after.rid = a.next
			a.next++
			a.fresh = append(a.fresh, c.after.rid)
			a.r.known.add(c.after.ID)
		}
		t.after, t.held, t.heldAt = c.after, int64(at), int64(i)
		if !c.renewed() {
			continue
		}
		if t.pack != 0 { // the version before is of this batch
			a.index.versions = append(a.index.versions, []any{*c.after.rid, c.had.version, t.pack, t.place})
		} else if c.had.version > 0 {
			a.index.superseded = append(a.index.superseded, []any{*c.after.rid})
		}
		t.pack, t.place = int64(at), int64(i)
		if len(c.after.content) == 0 {
			t.place = deleted
		}
	}
	for _, row := range d.aliases {
		if a.r.known.unknown(row.key) {
			a.leads = append(a.leads, row)
		}
		a.r.known.add(row.key)
	}
}

// finish gathers what is ready of every message of the batch.
func (a *applying) finish() {
	for _, m := range a.taken {
		ready := m.encoded()
		for i := range m.changes {
			c := &m.changes[i]
			t := a.made[c.after.ref]
			t.after = c.after // slim by now
			switch {
			case !c.renewed():
			case t.indexed:
				t.rows.now = ready.rows[i].now
			default:
				t.rows, t.indexed = ready.rows[i], true
			}
		}
		a.index.failed += ready.failed
		a.index.packs = append(a.index.packs, []any{int64(m.at), m.when.UnixMilli(), int64(m.message), int64(m.asserted), ready.pack})
	}
}

// commit lets others see what the transaction wrote.
func (a *applying) commit() {
	a.r.nextRow, a.r.shapes.applied = a.next, a.shapes
	for _, row := range a.leads {
		a.r.leads.put(row.key, row.to, *a.state(row.to).rid)
	}
	for _, t := range a.order {
		if !t.had.known {
			a.r.leads.drop(t.after.ID)
		}
		if !ofOneMessage[t.after.Type] {
			a.r.states.applied(t.after, t.after.packed)
		}
	}
	for _, m := range a.taken {
		a.r.overlay.drop(m.delta)
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
		if s := a.state(t); s != nil {
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
			if i, ok := h.index[handle]; ok {
				h.means[i] = t
			}
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
			t := h.means[i]
			if t == (ref{}) {
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
