package record

import (
	"context"
	"sync"

	"handover"
	"handover/internal/store"
)

// work is the set of states that one message reads and changes. What lies below
// is what came before the message: for Compose all that was composed, for a
// replay all that was applied.
type work struct {
	ctx       context.Context
	r         *Record
	ruling    *ruling
	peek      func(ref) *state
	peekAlias func(key string) (ref, bool)
	foresight *foresight   // knows what is not in the tables; may be nil
	read      func(*state) // is told of what was read from the tables

	states   map[ref]*state // as they are now; nil: there is none
	original map[ref]*state // of those that were changed
	changed  []ref          // in the order in which they were first changed
	aliases  map[string]ref // found or made
	made     []aliasRow
	united   []union // by this message
}

// newWork begins work on about so many resources.
func (r *Record) newWork(ctx context.Context, size int, peek func(ref) *state, alias func(string) (ref, bool)) *work {
	return &work{
		ctx: ctx, r: r, ruling: r.rules.Load(), peek: peek, peekAlias: alias, read: r.states.put,
		states: make(map[ref]*state, size), aliases: map[string]ref{},
	}
}

// lookIn is for readers: it changes nothing, and what it reads may be old by the
// time it is read, so that it is not kept.
func (r *Record) lookIn(ctx context.Context) *work {
	w := r.newWork(ctx, 1, r.states.get, nil)
	w.read = func(*state) {}
	return w
}

// load brings states into the work, reading all that are missing at once.
func (w *work) load(want []ref) error {
	var missing []ref
	for _, t := range want {
		if _, ok := w.states[t]; ok {
			continue
		}
		s := w.peek(t)
		w.states[t] = s
		if s == nil && !w.r.known.unknown(t.ID) && !w.foresight.absent(t) {
			missing = append(missing, t)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := w.r.loadStates(w.ctx, missing)
	if err != nil {
		return &handover.Error{Op: "reading what is held", Kind: handover.Unavailable, Err: err}
	}
	for t, s := range found {
		w.states[t] = s
		w.read(s)
	}
	return nil
}

// get returns the state, nil if nothing is held of it.
func (w *work) get(t ref) (*state, error) {
	if s, ok := w.states[t]; ok {
		return s, nil
	}
	if err := w.load([]ref{t}); err != nil {
		return nil, err
	}
	return w.states[t], nil
}

// edit returns a copy of the state that may be changed, a new one if nothing is
// held of the resource.
func (w *work) edit(t ref) (*state, error) {
	if _, ok := w.original[t]; ok {
		return w.states[t], nil
	}
	s, err := w.get(t)
	if err != nil {
		return nil, err
	}
	if w.original == nil { // many works only look
		w.original, w.changed = make(map[ref]*state, len(w.states)), make([]ref, 0, len(w.states))
	}
	w.original[t] = s
	w.changed = append(w.changed, t)
	if s == nil {
		s = &state{ref: t, rid: new(int64)}
	} else {
		s = s.clone()
	}
	w.states[t] = s
	return s, nil
}

// find looks up identities: keys are resources as they would be called by the
// id that the identity gives. Afterwards lead answers for each of them.
func (w *work) find(keys []ref) error {
	own := make([]ref, 0, len(keys)) // those that may be ids
	for _, k := range keys {
		if to, ok := w.r.leads.get(k.ID); ok && w.states[k] == nil && w.peek(k) == nil {
			w.aliases[k.ID] = to
		} else {
			own = append(own, k)
		}
	}
	if err := w.load(own); err != nil {
		return err
	}
	var missing []string
	for _, k := range keys {
		if w.states[k] != nil {
			continue
		}
		if _, ok := w.aliases[k.ID]; ok {
			continue
		}
		if to, ok := w.peekAlias(k.ID); ok {
			w.aliases[k.ID] = to
			continue
		}
		if !w.r.known.unknown(k.ID) {
			missing = append(missing, k.ID)
		}
	}
	if missing = w.foresight.unseen(missing); len(missing) == 0 {
		return nil
	}
	err := w.r.db.Read(w.ctx, func(tx *store.Tx) error {
		found, err := w.r.findAliases(w.ctx, tx, missing)
		for k, to := range found {
			w.aliases[k] = to
		}
		return err
	})
	if err != nil {
		return &handover.Error{Op: "looking up identifiers", Kind: handover.Unavailable, Err: err}
	}
	return nil
}

// lead returns the resource that an identity's key leads to.
func (w *work) lead(key ref) (ref, bool) {
	if w.states[key] != nil {
		return key, true
	}
	to, ok := w.aliases[key.ID]
	return to, ok
}

// alias makes a key lead to the resource.
func (w *work) alias(key, to ref) {
	w.aliases[key.ID] = to
	w.made = append(w.made, aliasRow{key.ID, to})
}

// delta is what the work came to.
func (w *work) delta(message handover.Offset) *delta {
	d := &delta{message: message, aliases: w.made}
	for _, t := range w.changed {
		d.changes = append(d.changes, newChange(w.original[t], w.states[t]))
	}
	r := w.r // the work itself may go
	d.encoded = sync.OnceValue(func() *encoded { return r.encode(d) })
	return d
}

// agrees reports whether a claim of that patient is a claim of the one whom the
// resource belongs to: the same, one it was moved from or to, or one held to be
// the same person.
func (w *work) agrees(s *state, claim string) (bool, error) {
	if claim == "" || s.owner == "" || claim == s.owner {
		return true, nil
	}
	mine, err := w.owners(s)
	if err != nil || contains(mine, claim) {
		return err == nil, err
	}
	same, err := w.cluster(claim)
	if err != nil {
		return false, err
	}
	for _, p := range same {
		if contains(mine, p) {
			return true, nil
		}
	}
	return false, nil
}

// owners returns the patients that the resource belongs to or belonged to: its
// first, and those of its own move and of the visit or account it refers to.
func (w *work) owners(s *state) ([]string, error) {
	mine := []string{s.owner}
	if m := w.ruling.move(s); m != nil {
		mine = append(mine, m.members...)
	}
	around, err := w.around(s.ref, s.content)
	if err != nil {
		return nil, err
	}
	for _, t := range around {
		if o := w.states[t]; o != nil {
			if m := w.ruling.move(o); m != nil && contains(m.members, s.owner) {
				mine = append(mine, m.members...)
			}
		}
	}
	return mine, nil
}

// around returns the visits and accounts that the content refers to, itself or
// by its order, with their states loaded.
func (w *work) around(t ref, content []byte) ([]ref, error) {
	out := within(content)
	by := ordersOf(t.Type, content)
	if err := w.load(by); err != nil {
		return nil, err
	}
	for _, o := range by {
		if s := w.states[o]; s != nil {
			out = append(out, within(s.content)...)
		}
	}
	if err := w.load(out); err != nil {
		return nil, err
	}
	for i := range out {
		now, err := w.final(out[i])
		if err != nil {
			return nil, err
		}
		out[i] = now
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
