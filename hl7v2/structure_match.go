package hl7v2

import (
	"strconv"
	"strings"
)

// Group is an instance of a segment group in a message; the root has the name
// of the structure, and "" where that is not known.
type Group struct {
	Name  string
	Parts []Part
}

// Part is a segment or a group: exactly one of the two is set.
type Part struct {
	Segment Segment
	Group   *Group
}

// Groups returns the message as its structure groups it, and what does not fit
// the structure. Every segment of the message is in the tree exactly once.
//
// It reads the message once, never goes back, and takes real traffic as it is:
//   - A required segment may be missing; it is reported.
//   - A segment that stands too late goes to the open group it belongs to, so
//     there, and only there, parts are not in the message's order; reported.
//   - A segment that the structure has no place for stays where it stands, in
//     the innermost open group; reported, unless its name begins with Z.
//   - Notes, participations, roles and access restrictions (NTE, PRT, ROL, ARV)
//     belong to what they follow and never open a place further on.
//
// A message without a known structure is one flat group.
func (m *Message) Groups() (*Group, []Problem) {
	name := StructureOf(m.Type())
	root := &Group{Name: name}
	w := matcher{m: m}
	if name == "" {
		for i := range m.Len() {
			root.Parts = append(root.Parts, Part{Segment: m.Segment(i)})
		}
		w.add(Problem{Where: "MSH-9", Byte: m.First("MSH").Field(9).Byte(), Code: "201",
			Text: "no structure is known for this message type; its segments stay in one flat group"})
		return root, w.problems
	}
	w.structure = LookupStructure(name)
	w.chain = []opened{{element: w.structure.root, group: root, at: -1}}
	w.innermost = root
	for i := range m.Len() {
		w.segment(m.Segment(i))
	}
	w.close(0)
	return root, w.problems
}

// matcher places segments one after the other.
type matcher struct {
	report
	m         *Message
	structure *Structure
	chain     []opened // open groups, from the root
	side      []opened // groups that a late segment opened, below chain[:base]
	base      int
	innermost *Group // where the last segment was placed
}

// opened is a group that still takes segments.
type opened struct {
	element *element
	group   *Group
	at      int    // the part reached; -1 at the start
	seen    uint64 // the parts that are there
	first   int    // byte offset of its first segment
}

func (w *matcher) segment(s Segment) {
	name := s.Name()
	if strings.HasPrefix(name, "Z") {
		w.keep(s)
		return
	}
	if w.side != nil {
		side := w.side
		if w.forward(&side, w.base, s, name, false) {
			w.side = side
			return
		}
		w.side = nil
	}
	switch {
	case w.forward(&w.chain, 0, s, name, false):
	case attached(name):
		w.unexpected(s, name)
	case w.forward(&w.chain, 0, s, name, true):
	case w.repeat(s, name):
	case w.onlyPlace(s, name):
	case w.late(s, name):
	default:
		w.unexpected(s, name)
	}
}

// attached segments belong to the segment they follow.
func attached(name string) bool {
	return name == "NTE" || name == "PRT" || name == "ROL" || name == "ARV"
}

// forward places the segment at the next place that takes it, from the
// innermost group outward, but not outside chain[low]. It passes over something
// required only if skip is set, and if that is not just about to come.
func (w *matcher) forward(chain *[]opened, low int, s Segment, name string, skip bool) bool {
	for i := len(*chain) - 1; i >= low; i-- {
		o := &(*chain)[i]
		for c := max(o.at, 0); c < len(o.element.parts); c++ {
			e := o.element.parts[c]
			switch {
			case c == o.at && !e.repeats:
			case e.open && w.takesOpen(*chain, i, c, name), e.begins[name] && w.follows(e, s, name):
				w.enter(chain, i, c, s, name)
				return true
			case c > o.at && !e.canBeEmpty() && (!skip || w.comesSoon(e, s)):
				return false
			}
		}
	}
	return false
}

// soon is how far matcher looks ahead for a segment that seems to be missing.
const soon = 10

// comesSoon reports whether a required element comes yet, before an open
// repeating group begins again.
func (w *matcher) comesSoon(e *element, s Segment) bool {
	last := min(s.Index()+soon, w.m.Len()-1)
	for i := s.Index() + 1; i <= last; i++ {
		name := w.m.Segment(i).Name()
		if e.begins[name] {
			return true
		}
		for _, o := range w.chain {
			if o.element.repeats && o.element.leads(name) {
				return false
			}
		}
	}
	return false
}

// takesOpen reports whether the open end at part c of chain[i] takes the
// segment: unless a later part or an open repeating group waits for it.
func (w *matcher) takesOpen(chain []opened, i, c int, name string) bool {
	for _, e := range chain[i].element.parts[c+1:] {
		if e.begins[name] {
			return false
		}
	}
	for _, o := range chain[:i+1] {
		if o.element.repeats && o.element.begins[name] {
			return false
		}
	}
	return true
}

// follows reports whether an optional group that begins with this segment has
// its further required segment soon: an OBX after ORC begins ORDER_DOCUMENT
// only if TXA comes before the next OBX. Other groups are taken as they come.
func (w *matcher) follows(e *element, s Segment, name string) bool {
	if e.group == "" || e.required || !e.parts[0].leads(name) || w.structure.only[name] {
		return true
	}
	needed := ""
	for _, p := range e.parts[1:] {
		if p.group == "" && !p.open && p.required {
			needed = p.names[0]
			break
		}
	}
	if needed == "" {
		return true
	}
	for i := s.Index() + 1; i < w.m.Len(); i++ {
		next := w.m.Segment(i).Name()
		if next == needed {
			return true
		}
		if next == name || !e.holds[next] {
			return false
		}
	}
	return false
}

// enter places the segment at part c of chain[i]. Where that is a group that
// the segment could begin only because what comes first is left out, and it is
// the leading segment of an open repeating group, it begins that one again: an
// ORC is the next order, not the prior result of this one, unless SGH says so.
func (w *matcher) enter(chain *[]opened, i, c int, s Segment, name string) {
	o := (*chain)[i]
	e := o.element.parts[c]
	announced := o.at >= 0 && o.element.parts[o.at].leads("SGH")
	if e.group != "" && !e.leads(name) && !announced {
		for j := i; j > 0; j-- {
			if up := (*chain)[j].element; up.repeats && up.leads(name) {
				i, c = j-1, (*chain)[j-1].at
				break
			}
		}
	}
	w.place(chain, i, c, s, name)
}

// repeat begins an open repeating group again whose leading segment is left
// out: a second OBR without ORC is a second order. It does so where the group
// has this part already and cannot have it twice.
func (w *matcher) repeat(s Segment, name string) bool {
	for i := len(w.chain) - 1; i > 0; i-- {
		o := w.chain[i]
		if !o.element.repeats {
			continue
		}
		for c, e := range o.element.parts {
			main := e.required || e.group != ""
			if main && !e.repeats && e.begins[name] && o.seen&(1<<c) != 0 {
				w.place(&w.chain, i-1, w.chain[i-1].at, s, name)
				return true
			}
		}
	}
	return false
}

// onlyPlace goes to the one place that the structure has for the segment, if
// it lies ahead, whatever is left out on the way.
func (w *matcher) onlyPlace(s Segment, name string) bool {
	if !w.structure.only[name] {
		return false
	}
	for i := len(w.chain) - 1; i >= 0; i-- {
		o := w.chain[i]
		for c := o.at + 1; c < len(o.element.parts); c++ {
			if o.element.parts[c].holds[name] {
				w.place(&w.chain, i, c, s, name)
				return true
			}
		}
	}
	return false
}

// late places a segment whose place has been passed in the innermost open
// group that has one for it. What is open stays open.
func (w *matcher) late(s Segment, name string) bool {
	for i := len(w.chain) - 1; i >= 0; i-- {
		for c, e := range w.chain[i].element.parts {
			if !e.begins[name] {
				continue
			}
			side := append([]opened(nil), w.chain[:i+1]...)
			w.place(&side, i, c, s, name)
			w.chain[i].seen |= 1 << c
			if len(side) > i+1 {
				w.side, w.base = side, i+1
			}
			w.tell(s, name, "segment is out of order, or there once too often; it was put into "+place(w.innermost))
			return true
		}
	}
	return false
}

// place puts the segment at part c of (*chain)[i], and opens the groups that
// lead to it.
func (w *matcher) place(chain *[]opened, i, c int, s Segment, name string) {
	w.closeChain(*chain, i+1)
	*chain = (*chain)[:i+1]
	for {
		o := &(*chain)[len(*chain)-1]
		o.at = c
		o.seen |= 1 << c
		e := o.element.parts[c]
		if e.group == "" {
			o.group.Parts = append(o.group.Parts, Part{Segment: s})
			w.innermost = o.group
			return
		}
		g := &Group{Name: e.group}
		o.group.Parts = append(o.group.Parts, Part{Group: g})
		*chain = append(*chain, opened{element: e, group: g, at: -1, first: s.Byte()})
		c = e.partFor(name)
	}
}

// partFor returns the part of a group through which that segment is reached.
func (e *element) partFor(name string) int {
	for c, p := range e.parts {
		if p.begins[name] {
			return c
		}
	}
	for c, p := range e.parts {
		if p.holds[name] {
			return c
		}
	}
	return 0 // not reached: the caller knows that the group holds the segment
}

// keep leaves the segment in the innermost open group.
func (w *matcher) keep(s Segment) {
	w.innermost.Parts = append(w.innermost.Parts, Part{Segment: s})
}

func (w *matcher) unexpected(s Segment, name string) {
	w.keep(s)
	w.tell(s, name, "segment is not expected here; it stays in "+place(w.innermost))
}

func (w *matcher) tell(s Segment, name, text string) {
	where := segmentPlace(s.Index())
	if validSegmentName(name) {
		where = name + "[" + strconv.Itoa(s.Occurrence()) + "]"
	}
	w.add(Problem{Where: where, Byte: s.Byte(), Code: CodeSequence, Text: text})
}

func place(g *Group) string { return "group " + g.Name }

// close ends the open groups from chain[low] on and reports what they lack.
func (w *matcher) close(low int) { w.closeChain(w.chain, low) }

func (w *matcher) closeChain(chain []opened, low int) {
	for i := len(chain) - 1; i >= low; i-- {
		o := chain[i]
		for c, e := range o.element.parts {
			if o.seen&(1<<c) == 0 && !e.canBeEmpty() {
				w.missing(chain[:i+1], e)
			}
		}
	}
}

func (w *matcher) missing(chain []opened, e *element) {
	o := chain[len(chain)-1]
	p := Problem{Byte: o.first, Code: CodeSequence,
		Text: e.label() + " is required in " + place(o.group) + " and missing"}
	if w.told[p.Text] <= reportLimit {
		p.Where = path(chain) + e.label()
	}
	w.add(p)
}

// label names an element by its group or by its first segment.
func (e *element) label() string {
	if e.group != "" {
		return e.group
	}
	return e.names[0]
}

// path writes open groups as an address does: "ORDER_OBSERVATION[2].".
func path(chain []opened) string {
	var b strings.Builder
	for i, o := range chain[1:] {
		n := instance(chain[i].group, o.group)
		b.WriteString(o.group.Name + "[" + strconv.Itoa(n) + "].")
	}
	return b.String()
}

// instance returns which one of its name a group is in its parent, from 1.
func instance(parent, g *Group) int {
	n := 0
	for _, p := range parent.Parts {
		if p.Group != nil && p.Group.Name == g.Name {
			n++
		}
		if p.Group == g {
			break
		}
	}
	return n
}
