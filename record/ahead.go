package record

import (
	"context"
	"slices"
	"sync"

	"handover"
)

// foresight is what Expect found out for the messages that come next: a batch
// may be expected while the one before it is still composed. Whatever is composed
// meanwhile or afterwards is taken out of it; what is applied without being
// composed here empties it.
type foresight struct {
	expecting sync.Mutex // held by Expect, one at a time

	mu    sync.Mutex
	all   []*ahead // the messages to come next first
	since *changed // the Expect that is under way began; nil: none is
}

// changed is what was composed since a moment.
type changed struct {
	states  map[ref]bool
	aliases map[string]bool
	all     bool
}

// ahead is what one Expect found in the tables, and what it found not to be there.
type ahead struct {
	found   map[ref]*state
	leads   map[string]ref
	states  map[ref]bool    // not there
	aliases map[string]bool // not there
	// The messages by where their resources stand.
	messages map[*handover.ResourceAssertion]*composition
}

func (f *foresight) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = nil
	if f.since != nil {
		f.since.all = true
	}
}

// made forgets what is otherwise from now on. It must be in the overlay already:
// an Expect that begins from here on looks there first.
func (f *foresight) made(d *delta) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.all {
		for _, c := range d.changes {
			delete(a.found, c.after.ref)
			delete(a.states, c.after.ref)
		}
		for _, row := range d.aliases {
			delete(a.leads, row.key)
			delete(a.aliases, row.key)
		}
	}
	if f.since == nil {
		return
	}
	for _, c := range d.changes {
		f.since.states[c.after.ref] = true
	}
	for _, row := range d.aliases {
		f.since.aliases[row.key] = true
	}
}

// begin notes from now on what is composed.
func (f *foresight) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since = &changed{states: map[ref]bool{}, aliases: map[string]bool{}}
}

// end takes in what an Expect found, nil if it failed, without what was composed
// since it began. Of the states that it read, those that still stand go to keep.
func (f *foresight) end(a *ahead, read []*state, keep func(*state)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	since := f.since
	f.since = nil
	if a == nil || since.all {
		return
	}
	for t := range since.states {
		delete(a.found, t)
		delete(a.states, t)
	}
	for key := range since.aliases {
		delete(a.leads, key)
		delete(a.aliases, key)
	}
	for _, s := range read {
		if !since.states[s.ref] {
			keep(s)
		}
	}
	if len(a.messages) > 0 { // else nothing would ever take it out again
		f.all = append(f.all, a)
	}
}

// take returns how Expect heard the message, and forgets it; nil if it did not.
// What was found for messages before it is not needed any more.
func (f *foresight) take(m *handover.Assertions) *composition {
	if len(m.Resources) == 0 {
		return nil
	}
	key := &m.Resources[0]
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, a := range f.all {
		c := a.messages[key]
		if c == nil {
			continue
		}
		delete(a.messages, key)
		f.all = f.all[i:]
		if len(c.known) != len(m.Resources) || c.a.Source != m.Source {
			return nil
		}
		return c
	}
	return nil
}

// state returns a state that was found, nil where none was.
func (f *foresight) state(t ref) *state {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.all {
		if s := a.found[t]; s != nil {
			return s
		}
	}
	return nil
}

// lead returns what a key was found to lead to.
func (f *foresight) lead(key string) (to ref, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.all {
		if to, ok = a.leads[key]; ok {
			return to, ok
		}
	}
	return to, false
}

// absent reports whether the resource is known not to be in the tables. It may be
// asked of no foresight at all.
func (f *foresight) absent(t ref) bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.all, func(a *ahead) bool { return a.states[t] })
}

// unseen leaves out the keys of which it is known that nothing has them.
func (f *foresight) unseen(keys []string) []string {
	if f == nil || len(keys) == 0 {
		return keys
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(keys, func(k string) bool {
		return slices.ContainsFunc(f.all, func(a *ahead) bool { return a.aliases[k] })
	})
}

// Expect reads in one go what composing these messages will ask for, so that
// Compose need not ask for one message at a time. It changes no result, and
// may be left out. Messages are expected in the order in which they are composed;
// those before may still be composed meanwhile. They must not be changed until
// they are composed.
func (r *Record) Expect(ctx context.Context, messages []*handover.Assertions) error {
	f := &r.foresight
	f.expecting.Lock()
	defer f.expecting.Unlock()
	if err := r.learn(ctx, readAtOnce*max(1, len(messages))); err != nil {
		return err
	}
	f.begin()
	var read []*state
	a, err := r.lookAhead(ctx, messages, func(s *state) { read = append(read, s) })
	f.end(a, read, r.states.put)
	return err
}

func (r *Record) lookAhead(ctx context.Context, messages []*handover.Assertions, read func(*state)) (*ahead, error) {
	e := &expecting{work: r.newWork(ctx, 32*len(messages), r.composed, r.led), asked: map[string]bool{}}
	e.read = read
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
			return nil, err
		}
		if !more {
			return e.seen(), nil
		}
	}
}

// composed returns the state as it is after all that was composed, if that is
// in memory.
func (r *Record) composed(t ref) *state {
	if s := r.overlay.state(t); s != nil {
		return s
	}
	if s := r.foresight.state(t); s != nil {
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
	return r.foresight.lead(key)
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
				c.means[c.sequence[level][m]] = e.likely(ids)
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
func (e *expecting) seen() *ahead {
	a := &ahead{found: map[ref]*state{}, leads: e.aliases, states: map[ref]bool{}, aliases: map[string]bool{},
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
