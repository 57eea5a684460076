package record

import (
	"context"
	"slices"

	"handover"
)

// ahead is what Expect found in the tables, and what it found not to be there.
// Whatever is composed afterwards is taken out of it; what is applied without
// being composed here empties it.
type ahead struct {
	found   map[ref]*state
	leads   map[string]ref
	states  map[ref]bool    // not there
	aliases map[string]bool // not there
	// The messages by where their resources stand.
	messages map[*handover.ResourceAssertion]*composition
}

func (a *ahead) clear() { *a = ahead{} }

// made forgets what is otherwise from now on.
func (a *ahead) made(d *delta) {
	for _, c := range d.changes {
		delete(a.found, c.after.ref)
		delete(a.states, c.after.ref)
	}
	for _, row := range d.aliases {
		delete(a.leads, row.key)
		delete(a.aliases, row.key)
	}
}

// unseen leaves out the keys of which it is known that nothing has them.
func (a *ahead) unseen(keys []string) []string {
	return slices.DeleteFunc(keys, func(k string) bool { return a.aliases[k] })
}

// take returns how Expect heard the message, and forgets it; nil if it did not.
func (a *ahead) take(m *handover.Assertions) *composition {
	if len(m.Resources) == 0 {
		return nil
	}
	c := a.messages[&m.Resources[0]]
	delete(a.messages, &m.Resources[0])
	if c == nil || len(c.known) != len(m.Resources) || c.a.Source != m.Source {
		return nil
	}
	return c
}

// Expect reads in one go what composing these messages will ask for, so that
// Compose need not ask for one message at a time. It changes no result, and
// may be left out. The messages must not be changed until they are composed.
func (r *Record) Expect(ctx context.Context, messages []*handover.Assertions) error {
	r.composing.Lock()
	defer r.composing.Unlock()
	r.ahead.clear()
	if err := r.learn(ctx, readAtOnce*max(1, len(messages))); err != nil {
		return err
	}
	e := &expecting{work: r.newWork(ctx, 32*len(messages), r.composed, r.led), asked: map[string]bool{}}
	for _, a := range messages {
		h, err := newHearing(e.work, 0, a, nil)
		if err != nil {
			continue // Compose says so
		}
		e.all = append(e.all, &composition{hearing: h, known: make([][]identity, len(a.Resources))})
	}
	for level := 0; ; level++ {
		more, err := e.level(level)
		if err != nil {
			return err
		}
		if !more {
			r.ahead = e.seen()
			return nil
		}
	}
}

// composed returns the state as it is after all that was composed, if that is
// in memory.
func (r *Record) composed(t ref) *state {
	if s := r.overlay.state(t); s != nil {
		return s
	}
	if s := r.ahead.found[t]; s != nil {
		return s
	}
	return r.states.get(t)
}

// led returns the resource that a key leads to after all that was composed, if
// that is in memory.
func (r *Record) led(key string) (ref, bool) {
	if to, ok := r.overlay.alias(key); ok {
		return to, true
	}
	to, ok := r.ahead.leads[key]
	return to, ok
}

// expecting follows the identities of many messages at once.
type expecting struct {
	*work
	all   []*composition
	asked map[string]bool // keys looked up
}

// level looks up the resources that are identified by those of lower levels.
func (e *expecting) level(level int) (more bool, err error) {
	known := make([][][]identity, len(e.all))
	var keys []ref
	for n, c := range e.all {
		if level >= len(c.sequence) {
			continue
		}
		more = true
		for _, i := range c.sequence[level] {
			ids := c.identities(i)
			known[n] = append(known[n], ids)
			c.known[i] = ids
			for _, id := range ids {
				if !e.asked[id.key.ID] {
					e.asked[id.key.ID] = true
					keys = append(keys, id.key)
				}
			}
		}
	}
	if err := e.find(keys); err != nil {
		return false, err
	}
	for n, c := range e.all {
		for m, ids := range known[n] {
			if len(ids) > 0 {
				c.targets[c.a.Resources[c.sequence[level][m]].Handle] = e.likely(ids)
			}
		}
	}
	return more, nil
}

// likely returns the resource that the identities mean, as far as is known
// before the messages are composed.
func (e *expecting) likely(known []identity) ref {
	for _, id := range known {
		if to, ok := e.lead(id.key); ok {
			return to
		}
	}
	return known[0].key
}

// seen returns what was looked up.
func (e *expecting) seen() ahead {
	a := ahead{found: map[ref]*state{}, leads: e.aliases, states: map[ref]bool{}, aliases: map[string]bool{},
		messages: make(map[*handover.ResourceAssertion]*composition, len(e.all))}
	for _, c := range e.all {
		if len(c.a.Resources) > 0 {
			a.messages[&c.a.Resources[0]] = c
		}
	}
	for t, s := range e.states {
		if s != nil {
			a.found[t] = s
			continue
		}
		if e.r.known.unknown(t.ID) {
			continue
		}
		a.states[t] = true
		if _, ok := e.aliases[t.ID]; !ok && e.asked[t.ID] {
			a.aliases[t.ID] = true
		}
	}
	return a
}
