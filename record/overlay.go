package record

import (
	"sync"

	"handover"
)

// change is a state before and after a message; before is nil for what was not
// known. Once encoded, after is slim, and of before only had is left.
type change struct {
	before, after *state
	had           head
}

// head is what goes on to count of a state that another has replaced.
type head struct {
	known   bool // there was one
	version int64
	rivals  []string
}

func newChange(before, after *state) change {
	c := change{before: before, after: after}
	if before != nil {
		c.had = head{true, before.version, before.rivals}
	}
	return c
}

// aliasRow leads from the id that an identity would have given to the resource
// that it means.
type aliasRow struct {
	key string
	to  ref
}

// delta is what one message did.
type delta struct {
	message handover.Offset
	changes []change
	aliases []aliasRow
	encoded func() *encoded // made once, by whoever comes first
}

// renewed reports whether the change made a new version.
func (c *change) renewed() bool { return c.had.version != c.after.version }

// overlay is what was composed and is not applied yet.
type overlay struct {
	mu      sync.Mutex
	states  map[ref]*state
	aliases map[string]ref
	deltas  map[handover.Offset]*delta
}

func (o *overlay) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states = map[ref]*state{}
	o.aliases = map[string]ref{}
	o.deltas = map[handover.Offset]*delta{}
}

func (o *overlay) add(d *delta) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range d.changes {
		o.states[c.after.ref] = c.after
	}
	for _, a := range d.aliases {
		o.aliases[a.key] = a.to
	}
	o.deltas[d.message] = d
}

// settle keeps what was encoded of a message's states instead of the states.
func (o *overlay) settle(d *delta, encoded [][]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range d.changes {
		c := &d.changes[i]
		slim := c.after.slim(encoded[i])
		if o.states[c.after.ref] == c.after {
			o.states[c.after.ref] = slim
		}
		c.before, c.after = nil, slim
	}
}

func (o *overlay) state(r ref) *state {
	o.mu.Lock()
	s := o.states[r]
	o.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.whole()
}

func (o *overlay) alias(key string) (ref, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	to, ok := o.aliases[key]
	return to, ok
}

func (o *overlay) delta(message handover.Offset) *delta {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.deltas[message]
}

// each calls fn for every state, in no order. It may be slim.
func (o *overlay) each(fn func(*state)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.states {
		fn(s)
	}
}

// drop forgets a message that was applied. States that a later message changed
// again stay.
func (o *overlay) drop(d *delta) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.deltas[d.message] != d {
		return
	}
	delete(o.deltas, d.message)
	for _, c := range d.changes {
		if o.states[c.after.ref] == c.after {
			delete(o.states, c.after.ref)
		}
	}
	for _, a := range d.aliases {
		delete(o.aliases, a.key)
	}
}
