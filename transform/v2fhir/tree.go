package v2fhir

import "handover/hl7v2"

// resource is a resource that is being built.
type resource struct {
	typ     string
	kind    *resourceKind
	serial  int // in order of making
	root    node
	main    bool // made by a message map, not by a reference
	correct bool
	renamed bool
	fed     *feed // the segments that went into it
	lastFed *feed
	ids     span // of scratch.ids
	nulls   []nulled
	patient *resource
	parent  *resource // for what is known only within another
	same    *resource // an equal one that was made before
	handle  string
	gone    bool  // nothing in it; references to it are dropped
	reached bool  // something that stands refers to it
	refers  *node // the elements that refer to other resources, in a chain
}

// feed is a segment that went into a resource, and by which map.
type feed struct {
	seg  hl7v2.Segment
	plan *segmentPlan
	next *feed
}

func (res *resource) feed(f *feed, s hl7v2.Segment, p *segmentPlan) {
	f.seg, f.plan = s, p
	if res.fed == nil {
		res.fed = f
	} else {
		res.lastFed.next = f
	}
	res.lastFed = f
}

func (res *resource) fedBy(s hl7v2.Segment) bool {
	for f := res.fed; f != nil; f = f.next {
		if f.seg == s {
			return true
		}
	}
	return false
}

// nulled is a field by which the sender said that there is nothing.
type nulled struct {
	element string
	slots   slotted
	at      position
	rule    string
}

// position is a place in the message; the zero position is none.
type position struct {
	seg                   int32 // index of the segment, from 1
	field, rep, comp, sub int16
}

func posOf(s hl7v2.Segment, field, rep int) position {
	return position{seg: int32(s.Index() + 1), field: int16(field), rep: int16(rep)}
}

// repetition returns the position of the repetition that it is in.
func (p position) repetition() position { return position{seg: p.seg, field: p.field, rep: p.rep} }

// address returns the same position as its address says it: the first repetition
// is not named.
func (p position) address() position {
	if p.field == 0 {
		return position{seg: p.seg}
	}
	if p.rep == 1 {
		p.rep = 0
	}
	return p
}

// node is an element. Elements of a list are children of the same name.
type node struct {
	*step
	key         uint64
	first, last *node
	next        *node  // the parent's next child
	text        []byte // JSON, for a primitive
	refs        *[8]*resource
	others      *node // the next in the resource that refers to others
	rule        string
	line        string // of the table that gave the text, "" if none
	from        position
	link        bool // a reference that a message map makes
	real        bool // it came from a field, not from a constant
}

// child finds or makes the element.
func (r *run) child(n *node, s *step, key uint64) *node {
	for k := n.first; k != nil; k = k.next {
		if k.id == s.id && k.key == key {
			return k
		}
	}
	k := r.nodes.next()
	k.step, k.key = s, key
	if n.last == nil {
		n.first = k
	} else {
		n.last.next = k
	}
	n.last = k
	return k
}

// get returns the first element of that name, nil if there is none.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for k := n.first; k != nil; k = k.next {
		if k.name == name {
			return k
		}
	}
	return nil
}

// part returns the first element whose name has that number, nil if there is none.
func (n *node) part(id int32) *node {
	for k := n.first; k != nil; k = k.next {
		if k.id == id {
			return k
		}
	}
	return nil
}

// spot is a place in a tree that is made only when something is written there.
// It stands on another spot, or on a resource.
type spot struct {
	base     *spot
	res      *resource
	steps    []step
	scope    uint32
	seg      int // index of the segment, for keys
	rep      int // the repetition, from 1, for keys
	instance int // which instance of the base's last step: [2].given
	rule     string
	pos      position // what is written here
	made     *node
}

// node makes the place. nil: there is no room for another instance.
func (r *run) node(p *spot) *node {
	if p.made != nil {
		return p.made
	}
	var n *node
	if p.base == nil {
		n = &p.res.root
	} else {
		p.base.rule, p.base.pos = p.rule, p.pos
		if n = r.node(p.base); n == nil {
			return nil
		}
		p.res = p.base.res
	}
	for i := range p.steps {
		if n = r.step(p, n, &p.steps[i], i+1 == len(p.steps)); n == nil {
			return nil
		}
	}
	p.made = n
	return n
}

// step goes one step down, and into the resource that a reference means.
func (r *run) step(p *spot, n *node, s *step, last bool) *node {
	if last && p.instance > 1 && !s.list && s.resource == "" {
		return nil
	}
	n = r.child(n, s, p.key(s, last))
	if s.resource == "" {
		return n
	}
	number := s.number
	if last && p.instance > 0 {
		number = p.instance
	}
	if !last && number == 0 && n.refs != nil {
		if to := n.target(); to != nil && to.typ == s.resource { // the one that another field made
			p.res = to
			return &to.root
		}
	}
	return r.refer(p, n, s.resource, number&7)
}

// key tells the instances of a repeating element apart: by the map in its
// place, the segment, the number in the map's path and, where each repetition
// of a field makes another instance, the repetition.
func (p *spot) key(s *step, last bool) uint64 {
	if !s.list {
		return 0
	}
	key := uint64(p.scope)<<36 | uint64(p.seg&0xfff)<<24 | uint64(uint8(max(s.index, 1)))<<16
	if s.attach {
		key |= uint64((p.rep - 1) & 0xfff)
	}
	if last {
		key |= uint64(p.instance&15) << 12
	}
	return key
}

// refer returns the root of the resource that a reference means, and makes it. A
// practitioner and a role in one place are the role and who has it.
func (r *run) refer(p *spot, n *node, typ string, number int) *node {
	var res *resource
	if n.refs != nil {
		res = n.refs[number]
	}
	if res != nil && res.typ == "PractitionerRole" && typ == "Practitioner" {
		p.res = res
		return r.refer(p, r.child(&res.root, practitionerStep, 0), typ, 0)
	}
	if old := res; old == nil || old.typ != typ {
		res = r.newResource(typ)
		if typ == "RelatedPerson" { // a name is unique within the patient, at best
			res.parent = r.parentOf(typ)
		}
		r.point(n, p.res, number, res)
		switch {
		case old == nil:
		case old.typ == "Practitioner" && typ == "PractitionerRole":
			who := r.child(&res.root, practitionerStep, 0)
			r.point(who, res, 0, old)
			who.rule, who.from = n.rule, n.from
		default:
			r.replaced(n)
		}
		if n.rule == "" {
			n.rule, n.from = p.rule, p.pos
		}
	}
	p.res = res
	return &res.root
}

// point lets an element of owner refer to a resource, as one of up to eight that
// it may mean.
func (r *run) point(n *node, owner *resource, number int, to *resource) {
	if n.refs == nil {
		n.refs = r.refs.next()
		n.others, owner.refers = owner.refers, n
	}
	n.refs[number] = to
}

func (r *run) newResource(typ string) *resource {
	res := r.made.next()
	res.typ, res.kind, res.serial = typ, r.c.maps.resources[typ], len(r.resources)
	r.resources = append(r.resources, res)
	return res
}
