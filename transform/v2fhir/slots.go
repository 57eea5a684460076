package v2fhir

import (
	"slices"
	"strconv"

	"handover"
	"handover/fhir"
	"handover/hl7v2"
)

// An element that is a list or has parts of its own is asserted slot by slot
// (handover.Element.Part), so that a message that speaks of one field leaves
// alone what others said of the same element by other fields. A slot is
//
//   - the field: "PID-13" of Patient.telecom, "PV1-44" of Encounter.period;
//   - the segment, where it repeats and says by what it is known: "NK1/SPO/..."
//     of Patient.contact;
//   - the resource, where a message map refers to one: of DiagnosticReport.result.

// slotted says in which way an element is taken apart.
type slotted uint8

const (
	whole   slotted = iota // it is not
	byItem                 // a list
	byChild                // a period, or an element with elements of its own
)

func slotsOf(p *fhir.Property) slotted {
	switch {
	case p.Element.IsList():
		return byItem
	case p.Type.Kind == fhir.KindBackbone || p.Type.Name == "Period":
		return byChild
	}
	return whole
}

// sameSlot are fields that have the slot of another one: those that say the same,
// of which the map takes the first that is valued; the places of a visit, which
// say only together where the patient is, was and will be; and former numbers.
var sameSlot = map[string]string{
	"OBR-2": "ORC-2", "OBR-3": "ORC-3", "OBR-17": "ORC-14", "OBR-53": "ORC-33",
	"MRG-1": "PID-3", "MRG-2": "PID-2", "MRG-3": "PID-18", "MRG-4": "PID-4", "MRG-5": "PV1-19", "MRG-6": "PV1-50",
	"PV1-6": "PV1-3", "PV1-11": "PV1-3", "PV1-42": "PV1-3", "PV1-43": "PV1-3",
}

// single are the types of which an element refers to one at a time, though FHIR
// lets it be several: another one takes its place.
var single = map[string]bool{"Patient": true, "Encounter": true, "Account": true}

// fieldSlots are the names of a segment's fields as slots, by number.
func fieldSlots(segment string, highest int) []string {
	out := []string{segment}
	for n := 1; n <= highest; n++ {
		name := segment + "-" + strconv.Itoa(n)
		if same := sameSlot[name]; same != "" {
			name = same
		}
		out = append(out, name)
	}
	return out
}

// ownSlots are the segments that repeat and are slots themselves, with the
// resource whose identity tells them apart; "" is their set id.
var ownSlots = map[string]string{
	"NK1": "RelatedPerson", "DG1": "Condition", "PR1": "Procedure", "AL1": "AllergyIntolerance", "IAM": "AllergyIntolerance",
	"IN1": "Coverage", "ROL": "CareTeam", "PRT": "CareTeam", "GT1": "", "AIS": "", "AIG": "", "AIL": "", "AIP": "",
}

// slotItem is a node with its slot.
type slotItem struct {
	*node
	slot string
}

// elements writes the elements of a resource, and those that the sender says
// are not there. The tree is spent afterwards: its nodes are linked anew.
func (r *run) elements(res *resource) {
	first := len(r.writer.made)
	kids := r.kids[:0]
	for k := res.root.first; k != nil; k = k.next {
		kids = append(kids, k)
	}
	r.kids = kids
	for i, k := range kids {
		switch {
		case k == nil:
		case k.slots == byItem:
			r.list(kids[i:])
		case k.slots == byChild:
			r.object(k)
		default:
			r.writer.element(k, "")
		}
	}
	for _, n := range res.nulls {
		r.null(n, first)
	}
	for f := res.fed; f != nil; f = f.next {
		if f.seg.Name() != res.fed.seg.Name() && slices.Contains(r.c.config.Snapshots, f.seg.Name()) {
			r.snapshot(f, first)
		}
	}
}

// snapshot says of the lists into which the segment writes, in a resource that
// another segment makes, that the message has all of them, once.
func (r *run) snapshot(f *feed, first int) {
	part := f.seg.Name() + "/"
	for _, rl := range f.plan.rules {
		if len(rl.steps) > 0 && rl.steps[0].slots == byItem && !r.writer.says(first, rl.steps[0].top, part) {
			r.writer.list(rl.steps[0].top, part, posOf(f.seg, 0, 0), rl.id)
		}
	}
}

// list writes the items of the list that the first of kids is one of, slot by
// slot, and takes them out of kids.
func (r *run) list(kids []*node) {
	first, items := kids[0], r.items[:0]
	for i, k := range kids {
		if k == nil || k.id != first.id {
			continue
		}
		if k.id != idContent || !emptyBeside(first, k) {
			items = append(items, slotItem{k, r.slot(k)})
		}
		kids[i] = nil
	}
	r.items = items
	bySlot(items, func(first *node, slot string) { r.writer.element(first, slot) })
}

// object writes an element with parts, slot by slot.
func (r *run) object(n *node) {
	items := r.items[:0]
	for k := n.first; k != nil; k = k.next {
		items = append(items, slotItem{k, r.slot(k)})
	}
	r.items = items
	bySlot(items, func(first *node, slot string) {
		n.first = first
		r.writer.element(n, slot)
	})
}

// bySlot sorts the items, links those of one slot, and calls write with each
// first one.
func bySlot(items []slotItem, write func(first *node, slot string)) {
	if len(items) == 1 {
		items[0].next = nil
		write(items[0].node, items[0].slot)
		return
	}
	slices.SortStableFunc(items, func(a, b slotItem) int {
		if a.slot == b.slot {
			return 0
		}
		return handover.ComparePart(a.slot, b.slot)
	})
	for i := range items {
		items[i].next = nil
		if i+1 < len(items) && items[i+1].slot == items[i].slot {
			items[i].next = items[i+1].node
		}
	}
	for i := range items {
		if i == 0 || items[i-1].slot != items[i].slot {
			write(items[i].node, items[i].slot)
		}
	}
}

// null removes an element, or its slot, unless another field fills it. A
// segment that is a slot itself says all of it anew.
func (r *run) null(n nulled, first int) {
	slot := ""
	if n.slots != whole {
		s := r.segmentAt(n.at)
		if s.kind.own {
			return
		}
		slot = s.fieldSlot(n.at.field)
	}
	if !r.writer.says(first, n.element, slot) {
		r.writer.remove(n, slot)
	}
}

// slot returns the slot of an item: that of the first field in it.
func (r *run) slot(n *node) string {
	if n.link && n.refs != nil {
		return r.targetSlot(n.target().one())
	}
	leaf := n.leaf(false)
	if leaf == nil {
		leaf = n.leaf(true)
	}
	if leaf == nil {
		return ""
	}
	s := r.segmentAt(leaf.from)
	if !s.kind.own {
		return s.fieldSlot(leaf.from.field)
	}
	if s.slot == "" {
		s.slot = r.segmentSlot(r.m.Segment(int(leaf.from.seg)-1), s.kind.owner)
	}
	return s.slot
}

// leaf returns the first node in n that came from the message; links also, if
// they count.
func (n *node) leaf(links bool) *node {
	if n.from.seg > 0 && (n.text != nil || n.refs != nil) && (links || !n.link) {
		return n
	}
	for k := n.first; k != nil; k = k.next {
		if leaf := k.leaf(links); leaf != nil {
			return leaf
		}
	}
	return nil
}

func (s *segment) fieldSlot(field int16) string {
	if int(field) < len(s.kind.slots) {
		return s.kind.slots[field]
	}
	return s.name + "-" + strconv.Itoa(int(field))
}

// segmentSlot names a segment by the identity that a resource made of it has,
// else by its set id.
func (r *run) segmentSlot(s hl7v2.Segment, typ string) string {
	owner := r.made.next() // of the same type, within whatever
	owner.typ, owner.parent = typ, r.made.next()
	b := builder{run: r, res: owner}
	if by := identityRules[s.Name()+" "+typ]; by != nil {
		by(&b, s)
	}
	if len(b.ids) == 0 {
		return s.Name() + "/" + text(s.Field(1))
	}
	if id := b.ids[0]; id.scope == nil {
		return s.Name() + "/" + id.Authority + "/" + id.Value
	}
	return b.ids[0].Value
}

// targetSlot names a resource by its first identity.
func (r *run) targetSlot(to *resource) string {
	if to == nil || to.ids.empty() {
		return ""
	}
	if single[to.typ] {
		return to.typ
	}
	id := r.identity[to.ids.start]
	return to.typ + "/" + id.Authority + "/" + id.Type + "/" + id.Value
}
