package v2fhir

import (
	"slices"

	"handover"
	"handover/hl7v2"
	"handover/transform/v2fhir/internal/mapfile"
)

// run is the conversion of one message.
type run struct {
	c    *Converter
	m    *hl7v2.Message
	plan *messagePlan
	*scratch
	groups   []string // the groups that are open
	pending  []deferred
	merges   []merge
	problems []handover.Problem
	clock    clock
	loose    bool // something may be there that nothing refers to
}

// known is the resource that an instance of the map means at the moment.
type known struct {
	mapfile.Instance
	res    *resource
	by     string // the segment that made it
	seg    int
	groups []string
}

// sighting is the last segment of a name, and in which groups it stood.
type sighting struct {
	name   string
	seg    hl7v2.Segment
	groups []string
}

// deferred is what waits for a resource that the message brings later.
type deferred struct {
	entry *entry
	seg   hl7v2.Segment
	link  *link
	owner *resource
}

// merge is a merge between resources.
type merge struct {
	kind                   string
	survivor, loser, moved *resource
}

func newRun(c *Converter, m *hl7v2.Message) *run {
	m.IndexFields()
	r := &run{c: c, m: m, scratch: scratches.Get().(*scratch)}
	r.begin()
	code, trigger, structure := m.Type()
	if structure == "" || c.maps.messages[structure] == nil {
		if s := hl7v2.StructureOf(code, trigger, structure); s != "" {
			structure = s
		}
	}
	r.plan = c.maps.message(code, trigger, structure)
	r.clock = newClock(m, c.config.Zone)
	return r
}

// walk goes through the message in order.
func (r *run) walk() {
	tree, problems := r.m.Groups()
	for _, p := range problems {
		r.problems = append(r.problems, handover.Problem{Where: p.Where, Text: p.Text})
	}
	r.group(tree)
	r.finish()
}

func (r *run) group(g *hl7v2.Group) {
	for i := range g.Parts {
		p := &g.Parts[i]
		if p.Group == nil {
			r.segment(p.Segment)
			continue
		}
		r.open(p.Group.Name)
		r.group(p.Group)
		r.groups = r.groups[:len(r.groups)-1]
	}
}

// open begins a group: what an earlier repetition of it knew is forgotten.
func (r *run) open(name string) {
	r.known = slices.DeleteFunc(r.known, func(k known) bool { return slices.Contains(k.groups, name) })
	r.seen = slices.DeleteFunc(r.seen, func(s sighting) bool { return slices.Contains(s.groups, name) })
	r.groups = append(r.groups[:len(r.groups):len(r.groups)], name)
}

func (r *run) segment(s hl7v2.Segment) {
	name := s.Name()
	if slices.Contains(r.groups, "PRIOR_RESULT") {
		return // HL7 has no map for earlier orders and results: they are no new ones
	}
	r.see(name, s)
	entries, strays := r.entriesFor(name)
	for _, e := range entries {
		if !strays || r.mayStray(e, s) {
			r.entry(e, s)
		}
	}
}

func (r *run) see(name string, s hl7v2.Segment) {
	for i := range r.seen {
		if r.seen[i].name == name {
			r.seen[i] = sighting{name, s, r.groups}
			return
		}
	}
	r.seen = append(r.seen, sighting{name, s, r.groups})
}

// nearest returns the last segment of that name in the groups that are open or
// in those that do not repeat around them.
func (r *run) nearest(name string) hl7v2.Segment {
	for i := range r.seen {
		if r.seen[i].name == name {
			return r.seen[i].seg
		}
	}
	return hl7v2.Segment{}
}

// entriesFor returns what the map makes of a segment here: by every place whose
// groups are open; if none is, by the one that fits best, because senders put
// segments where the structure does not have them. strays says that it is so.
func (r *run) entriesFor(name string) (entries []*entry, strays bool) {
	places := r.plan.places[name]
	if len(places) == 1 && r.after(places[0]) >= 0 && !participations[name] {
		return places[0].entries, r.fit(places[0].groups) < fits
	}
	best := r.places[:0]
	score, latest := -1, -1
	for _, p := range places {
		after := r.after(p)
		if after < 0 || participations[name] && r.elsewhere(p) {
			continue
		}
		n := r.fit(p.groups)
		if after > latest {
			best, score, latest = best[:0], -1, after
		}
		switch {
		case after < latest || n < score:
		case n == score && n == fits:
			best = append(best, p)
		case n > score:
			best, score = append(best[:0], p), n
		}
	}
	r.places, r.entries = best, r.entries[:0]
	for _, p := range best {
		r.entries = append(r.entries, p.entries...)
	}
	return r.entries, score < fits
}

// participations are the segments that say who takes part in what they stand
// behind.
var participations = map[string]bool{"PRT": true, "ROL": true}

// elsewhere reports whether a group is open that the place is not in: a role in
// a procedure is none in the visit.
func (r *run) elsewhere(p *place) bool {
	if len(r.groups) == 0 {
		return false
	}
	return len(p.groups) == 0 || p.groups[len(p.groups)-1] != r.groups[len(r.groups)-1]
}

// mayStray reports whether a segment that stands outside its place goes by the
// entry all the same. One that does not say by what its resource is known adds
// to one that is there, and makes none; a note belongs to what it stands behind.
func (r *run) mayStray(e *entry, s hl7v2.Segment) bool {
	if e.plan.identify != nil || !r.plan.made[mapfile.Instance{Type: e.typ, Index: e.index}] {
		return true
	}
	res := r.lookup(mapfile.Instance{Type: e.typ, Index: e.index})
	return res != nil && (s.Name() != "NTE" || res.fedBy(r.before(s)))
}

// before returns the segment before s that has another name.
func (r *run) before(s hl7v2.Segment) hl7v2.Segment {
	for i := s.Index() - 1; i >= 0; i-- {
		if b := r.m.Segment(i); b.Name() != s.Name() {
			return b
		}
	}
	return hl7v2.Segment{}
}

// fits is the score of a place all of whose groups are open.
const fits = 1000

// fit says how well a place's groups agree with those that are open.
func (r *run) fit(groups []string) int {
	n := 0
	for _, g := range groups {
		if slices.Contains(r.groups, g) {
			n++
		}
	}
	if n == len(groups) {
		return fits
	}
	return 100*n - len(groups) + n + 50
}

// after returns how far on the place begins: 0 everywhere, -1 not yet.
func (r *run) after(p *place) int {
	if p.after == "" {
		return 0
	}
	s := r.nearest(p.after)
	if !s.Valid() || s.Occurrence() < p.nth {
		return -1
	}
	return s.Index() + 1
}

// entry makes of the segment what the map says.
func (r *run) entry(e *entry, s hl7v2.Segment) {
	r.take(s)
	ctx := r.stand(s)
	if e.when != nil && !e.when(ctx) {
		return
	}
	if e.plan.source != ctx.name {
		if s = r.nearest(e.plan.source); !s.Valid() {
			return
		}
		ctx.seg, ctx.name = s, e.plan.source
		r.take(s)
	}
	res := r.target(e, s)
	if res == nil {
		r.pending = append(r.pending, deferred{entry: e, seg: s})
		return
	}
	r.apply(e, ctx, res)
}

// stand returns the context of a segment. There is one at a time.
func (r *run) stand(s hl7v2.Segment) *context {
	r.at = context{run: r, seg: s, name: s.Name()}
	return &r.at
}

// apply runs the segment map and makes the entry's references and merges.
func (r *run) apply(e *entry, ctx *context, res *resource) {
	res.feed(r.feeds.next(), ctx.seg, e.plan)
	if e.correct != nil && e.correct(ctx) {
		res.correct = true
	}
	if e.renamed != nil && e.renamed(ctx) {
		res.renamed = true
	}
	r.rules(e.plan, ctx, res)
	for i := range e.links {
		r.link(e, &e.links[i], ctx.seg)
	}
	for _, m := range e.merges {
		r.merges = append(r.merges, merge{m.Kind, r.lookup(m.Survivor), r.lookup(m.Loser), r.lookup(m.Moved)})
	}
}

// target finds the resource of an entry, or makes it: a segment that repeats
// makes another one, other segments add to it. nil: it must be there and is not.
func (r *run) target(e *entry, s hl7v2.Segment) *resource {
	name := s.Name()
	for i := range r.known {
		k := &r.known[i]
		if k.Type != e.typ || k.Index != e.index {
			continue
		}
		if e.optional || k.by != name || k.seg == s.Index() {
			return k.res
		}
		r.known = slices.Delete(r.known, i, i+1)
		break
	}
	if e.optional {
		return nil
	}
	res := r.newResource(e.typ)
	res.main = true
	res.parent = r.parentOf(e.typ)
	r.known = append(r.known, known{mapfile.Instance{Type: e.typ, Index: e.index}, res, name, s.Index(), r.groups})
	return res
}

func (r *run) lookup(i mapfile.Instance) *resource {
	for _, k := range r.known {
		if k.Instance == i {
			return k.res
		}
	}
	return nil
}

// parentOf returns the resource within which others of that type are known.
func (r *run) parentOf(typ string) *resource {
	for _, parent := range r.c.maps.resources[typ].parents {
		for i := len(r.known) - 1; i >= 0; i-- {
			if k := r.known[i]; k.Type == parent && k.Index < 9 {
				return k.res
			}
		}
	}
	return nil
}

// finish does what waited for the end of the message.
func (r *run) finish() {
	r.groups = nil
	for _, d := range r.pending {
		if d.entry != nil && d.link == nil {
			r.take(d.seg)
			if res := r.target(d.entry, d.seg); res != nil {
				r.apply(d.entry, r.stand(d.seg), res)
			}
		}
	}
	for _, d := range r.pending {
		if d.link != nil {
			r.join(d.entry, d.link, d.seg, d.owner, r.lookup(d.link.to))
		}
	}
}

// link makes a reference, now or when the message brings what it means.
func (r *run) link(e *entry, l *link, s hl7v2.Segment) {
	owner, to := r.lookup(l.owner), r.lookup(l.to)
	if owner == nil {
		r.loose = true
		return
	}
	if to == nil {
		r.pending = append(r.pending, deferred{entry: e, link: l, owner: owner, seg: s})
		return
	}
	r.join(e, l, s, owner, to)
}

// join writes the reference. A repeating element refers to each resource once.
func (r *run) join(e *entry, l *link, s hl7v2.Segment, owner, to *resource) {
	if to == nil || len(l.steps) == 0 {
		return
	}
	n := &owner.root
	for i := range l.steps {
		step := &l.steps[i]
		key := uint64(0)
		switch {
		case step.list && i+1 == len(l.steps):
			key = 1<<63 | uint64(to.serial)
		case step.list:
			key = uint64(e.plan.scope)<<36 | uint64(s.Index()&0xfff)<<24 | uint64(max(step.index, 1))<<16
		}
		n = r.child(n, step, key)
	}
	if n.refs != nil && n.refs[0] != nil && n.refs[0] != to {
		r.replaced(n)
	}
	r.point(n, owner, 0, to)
	n.rule, n.real, n.link = l.id, true, true
	n.from = posOf(s, 0, 0)
}

// replaced notes that an element will refer to something else.
func (r *run) replaced(n *node) {
	r.leave(n.from, "replaced: another field says the same element")
	r.loose = true
}
