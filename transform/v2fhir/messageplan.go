package v2fhir

import (
	"strings"

	"handover/transform/v2fhir/internal/mapfile"
)

// messagePlan is a compiled message map.
type messagePlan struct {
	name   string
	places map[string][]*place       // by segment name
	made   map[mapfile.Instance]bool // by a segment that says by what it is known
}

// place is where a segment may stand, and what is made of it there.
type place struct {
	groups  []string
	after   string // a segment that must stand before; "" none
	nth     int    // its occurrence, 0: any
	entries []*entry
}

// entry is a compiled entry of a message map.
type entry struct {
	id       string
	typ      string
	index    int
	optional bool
	plan     *segmentPlan
	when     condition
	correct  condition
	renamed  condition
	links    []link
	merges   []mapfile.Merge
}

// link is a compiled reference between two resources.
type link struct {
	owner, to mapfile.Instance
	steps     []step
	id        string
}

func (c *compiler) message(m *mapfile.Map) {
	p := &messagePlan{name: m.Name, places: map[string][]*place{}, made: map[mapfile.Instance]bool{}}
	for _, e := range c.entries(m, 0) {
		c.entry(p, m, e)
	}
	for _, key := range m.Serves {
		if old := c.messages[key]; old != nil {
			c.fail(m.ID(), "%s is served by %s too", key, old.name)
		}
		c.messages[key] = p
	}
	if m.Name == "ANY" {
		c.messages["ANY"] = p
	}
}

// entries returns the map's entries behind those of the map it is like.
func (c *compiler) entries(m *mapfile.Map, depth int) []mapfile.Entry {
	if m.Like == "" {
		return m.Parts
	}
	like := c.source["message/"+m.Like]
	if like == nil || depth > 4 {
		c.fail(m.ID(), "there is no map %s to be like", m.Like)
		return m.Parts
	}
	return append(append([]mapfile.Entry{}, c.entries(like, depth+1)...), m.Parts...)
}

func (c *compiler) entry(p *messagePlan, m *mapfile.Map, src mapfile.Entry) {
	e := &entry{id: m.ID() + ":" + src.ID, typ: src.Type, index: src.Index, optional: src.Optional, merges: src.Merges}
	if e.plan = c.segment(src.By); e.plan == nil {
		return
	}
	if e.plan.target != src.Type {
		c.fail(e.id, "%s makes a %s, not a %s", src.By, e.plan.target, src.Type)
	}
	if e.plan.identify != nil {
		p.made[mapfile.Instance{Type: e.typ, Index: e.index}] = true
	}
	c.entryCondition(e.id, src.When, src.Segment, &e.when)
	c.entryCondition(e.id, src.Correct, src.Segment, &e.correct)
	c.entryCondition(e.id, src.Renamed, src.Segment, &e.renamed)
	for _, l := range src.Refs {
		e.links = append(e.links, c.link(e.id, l))
	}
	for _, at := range p.places[src.Segment] {
		if strings.Join(at.groups, ".") == strings.Join(src.Groups, ".") && at.name() == src.After {
			at.entries = append(at.entries, e)
			return
		}
	}
	at := &place{groups: src.Groups, entries: []*entry{e}}
	after, nth, _ := strings.Cut(src.After, "#")
	at.after = after
	if nth != "" {
		at.nth = int(nth[0] - '0')
	}
	p.places[src.Segment] = append(p.places[src.Segment], at)
}

func (c *compiler) entryCondition(id, text, segment string, to *condition) {
	switch text {
	case "":
	case "true":
		*to = func(*context) bool { return true }
	default:
		compiled, err := c.compiled(text, segment)
		if err != nil {
			c.fail(id, "condition: %v", err)
			return
		}
		*to = compiled.when
	}
}

// name writes after and nth as the map has it.
func (p *place) name() string {
	if p.nth > 0 {
		return p.after + "#" + string(rune('0'+p.nth))
	}
	return p.after
}

func (c *compiler) link(id string, src mapfile.Link) link {
	l := link{
		id:    id,
		owner: mapfile.Instance{Type: src.OwnerType, Index: src.OwnerIndex},
		to:    mapfile.Instance{Type: src.ToType, Index: src.ToIndex},
	}
	typ := c.defs.Type(src.OwnerType)
	if typ == nil {
		c.fail(id, "R4 has no type %s", src.OwnerType)
		return l
	}
	r := &rule{}
	c.steps(r, &mapfile.Rule{To: src.Path}, id, typ)
	l.steps = r.steps
	return l
}
