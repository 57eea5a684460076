package record

import "slices"

// encoded is what one message did as it goes into the tables, as far as it depends
// on nothing else.
type encoded struct {
	states [][]byte // by index of the change
	pack   []byte   // the body
	rows   []indexRows
	failed int64 // versions whose content the index could not read
}

// indexRows are the index rows of a resource before and after.
type indexRows struct{ old, now []entry }

// entry is one row of an index table, without its resource.
type entry struct {
	kind      ParamKind
	param     string // "Observation.code"; "": what it moves with: a visit, an account, a specimen's order
	code      string
	system    string
	low, high int64 // date; low is the target's hash for a reference
}

// encode makes ready what a message did.
func (r *Record) encode(d *delta) *encoded {
	n := len(d.changes)
	e := &encoded{states: make([][]byte, n), rows: make([]indexRows, n)}
	contents, ends := make([][]byte, n), make([]int, n)
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	w := writer{b: (*room)[:0]}
	for i := range d.changes {
		c := &d.changes[i]
		w.encode(c.after)
		ends[i] = len(w.b)
		if !c.renewed() {
			continue
		}
		contents[i] = c.after.content
		if c.before != nil {
			e.rows[i].old, _ = r.entries(c.before) // counted when it was new
		}
		var err error
		if e.rows[i].now, err = r.entries(c.after); err != nil {
			e.failed++
		}
	}
	states, start := keepRoom(room, w.b), 0
	for i, end := range ends {
		e.states[i], start = states[start:end:end], end
	}
	e.pack = (&pack{contents: contents, states: e.states}).encode()
	r.overlay.settle(d, e.states)
	return e
}

// entries returns the index rows of a state's content, each once. The error says
// that the index cannot read it, or not all of it.
func (r *Record) entries(s *state) ([]entry, error) {
	if s.content == nil {
		return nil, nil
	}
	values, err := r.index.Values(s.Type, s.content)
	out := make([]entry, 0, len(values)+1)
	add := func(e entry) {
		if !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	for _, v := range values {
		e := entry{kind: v.Kind, param: s.Type + "." + v.Param}
		switch v.Kind {
		case TokenParam:
			e.code, e.system = tokenKey(v.Code), plain(v.System)
		case DateParam:
			e.low, e.high = v.Low, v.High
		case ReferenceParam:
			e.low = targetHash(v.Target)
		}
		add(e)
	}
	for _, t := range append(within(s.content), ordersOf(s.Type, s.content)...) {
		add(entry{kind: ReferenceParam, low: targetHash(t.String())})
	}
	return out, err
}
