package v2fhir

import (
	"crypto/sha256"
	"slices"
	"time"

	"handover"
)

// assemble makes the assertions of what was built.
func (r *run) assemble() handover.Assertions {
	code, trigger, _ := r.m.Type()
	event := code
	if trigger != "" {
		event += "^" + trigger
	}
	digest := sha256.Sum256(r.m.Bytes())
	a := handover.Assertions{
		Source: r.c.config.Source, Event: event, Digest: digest[:],
		SentTime: r.clock.instant(primary(r.m.First("MSH").Field(7)).Text()), EventTime: r.eventTime(event),
	}
	r.dropUnknown()
	r.prune()
	if r.loose {
		r.dropLoose()
	}
	r.unify()
	r.name()
	a.Resources = r.assertions(r.identities(a.Digest))
	r.leftovers()
	for _, m := range r.merges {
		r.merged(&a, m, event)
	}
	if mergeEvents[event] && len(a.Merges) == 0 {
		r.problems = append(r.problems, handover.Problem{Where: "MRG", Text: "the event is a merge or a move, and the message does not say of whom: nothing is merged or moved"})
	}
	r.missing(&a)
	a.Left = r.leftFields()
	return a
}

// mergeEvents are the events that must say who becomes whom, or who moves.
var mergeEvents = map[string]bool{
	"ADT^A18": true, "ADT^A30": true, "ADT^A34": true, "ADT^A35": true, "ADT^A36": true, "ADT^A37": true, "ADT^A39": true,
	"ADT^A40": true, "ADT^A41": true, "ADT^A42": true, "ADT^A43": true, "ADT^A44": true, "ADT^A45": true,
}

// cancels are the events that take another one back. Their EVN-6 is when that
// one happened (HL7 v2.9 §3.4.1.6).
var cancels = map[string]bool{
	"ADT^A11": true, "ADT^A12": true, "ADT^A13": true, "ADT^A23": true, "ADT^A25": true, "ADT^A26": true, "ADT^A27": true, "ADT^A29": true,
	"ADT^A32": true, "ADT^A33": true, "ADT^A38": true, "ADT^A52": true, "ADT^A53": true, "ADT^A55": true, "ADT^A62": true,
}

// eventTime is when it happened: EVN-6, EVN-2, OBR-22, MSH-7. Of an event that
// takes another one back, it is not EVN-6.
func (r *run) eventTime(event string) (t time.Time) {
	for _, f := range []struct {
		segment string
		field   int
	}{{"EVN", 6}, {"EVN", 2}, {"OBR", 22}, {"MSH", 7}} {
		if f.field == 6 && cancels[event] {
			continue
		}
		if t = r.clock.instant(primary(r.m.First(f.segment).Field(f.field)).Text()); !t.IsZero() {
			return t
		}
	}
	return t
}

// dropUnknown drops visits that nothing tells from others: each message would
// begin another one, which nobody ever ends, and nobody could say which one is
// merged or moved.
func (r *run) dropUnknown() {
	for _, res := range r.resources {
		if res.typ == "Encounter" && res.main && len(r.identify(res)) == 0 {
			res.gone, r.loose = true, true
			r.leave(posOf(res.fed.seg, 0, 0), "no-identity: neither a number nor a time nor an account tells this visit from others")
		}
	}
}

// mentioned are the types of which a message says something only because
// another resource refers to it, though a segment of its own may make it (PRT).
var mentioned = map[string]bool{"Device": true, "Location": true, "Organization": true, "Practitioner": true, "PractitionerRole": true}

// dropLoose drops what nothing refers to: the places and persons of a visit that
// is not made, and what a reference meant before another field replaced it.
func (r *run) dropLoose() {
	for _, res := range r.resources {
		if res.parent != nil && res.parent.gone {
			res.parent = res.parent.parent
		}
		if res.main && !res.gone && !mentioned[res.typ] {
			reach(res)
		}
	}
	for _, res := range r.resources {
		if res.gone || res.reached || res.main && !mentioned[res.typ] {
			continue
		}
		res.gone = true
		if res.main {
			r.leave(posOf(res.fed.seg, 0, 0), "no-identity: what this belongs to is not made")
		}
	}
}

// reach marks the resources that a resource refers to, and those that they do.
func reach(res *resource) {
	for n := res.refers; n != nil; n = n.others {
		for _, to := range n.refs {
			if to != nil && !to.gone && !to.reached {
				to.reached = true
				reach(to)
			}
		}
	}
}

// prune marks resources in which nothing came from the message: constants alone
// make nothing. A Patient stays where there is a PID, for others refer to it.
func (r *run) prune() {
	for changed := true; changed; {
		changed = false
		for _, res := range r.resources {
			if !res.gone && !(res.main && (res.typ == "Patient" || r.isMerged(res))) && !res.root.says() {
				res.gone, changed = true, true
				r.loose = r.loose || res.main
			}
		}
	}
}

func (r *run) isMerged(res *resource) bool {
	return slices.ContainsFunc(r.merges, func(m merge) bool { return m.survivor == res || m.loser == res || m.moved == res })
}

// says reports whether a field of the message is in the element.
func (n *node) says() bool {
	if n.text != nil && n.real {
		return true
	}
	if n.refs != nil && !n.link && n.target() != nil {
		return true // what the message says of another resource
	}
	for k := n.first; k != nil; k = k.next {
		if k.says() {
			return true
		}
	}
	return false
}

// order is from the part to the whole, as the chain of PL[Location]: bed, room,
// point of care, floor, building, facility.
var order = [...]int{0, 1, 2, 4, 3, 5, 6, 7}

// target returns the resource that a reference means: of several, the smallest
// part.
func (n *node) target() *resource {
	for _, i := range order {
		if to := n.refs[i]; to != nil && !to.gone {
			return to
		}
	}
	return nil
}

// refersToPlaces reports whether an element refers to several places at once.
func (res *resource) refersToPlaces() bool {
	for n := res.refers; n != nil; n = n.others {
		places := 0
		for _, to := range n.refs {
			if to != nil && to.typ == "Location" {
				places++
			}
		}
		if places > 1 {
			return true
		}
	}
	return false
}

// chainUp puts each place into the next larger one.
func (r *run) chainUp(n *node) {
	if n.refs != nil {
		var part *resource
		for _, i := range order {
			whole := n.refs[i]
			if whole == nil || whole.gone || whole.typ != "Location" {
				continue
			}
			if part != nil && part.parent == nil {
				k := r.child(&part.root, partOfStep, 0)
				r.point(k, part, 0, whole)
				k.rule, k.from, k.real, k.link = "datatype/PL-Location:chain", n.from, true, true
				part.parent = whole
			}
			part = whole
		}
	}
	for k := n.first; k != nil; k = k.next {
		r.chainUp(k)
	}
}

// unify finds resources that are the same, named twice in one message, and
// leaves one. Parts come before wholes, so it goes backwards.
func (r *run) unify() {
	for _, res := range r.resources {
		if !res.gone && res.refersToPlaces() {
			r.chainUp(&res.root)
		}
	}
	r.counts.begin(r.c.maps)
	for _, res := range r.resources {
		if !res.gone && !res.isOwn() {
			r.counts.add(res)
		}
	}
	w := &r.writer // lent; its memory is empty again afterwards
	w.silent = true
	for i := len(r.resources) - 1; i >= 0; i-- {
		res := r.resources[i]
		if res.gone || res.isOwn() || r.counts.of(res) < 2 {
			continue
		}
		start := len(w.out)
		w.out = append(w.out, res.typ...)
		w.object(&res.root)
		res.same = r.bodies.find(w.out, span{int32(start), int32(len(w.out))}, res)
	}
	w.reset()
	w.silent = false
}

// isOwn reports whether the resource stands for itself; what is only mentioned
// twice in the same way is one.
func (res *resource) isOwn() bool { return res.main && !mentioned[res.typ] }

// one follows to the resource that stands for equal ones.
func (res *resource) one() *resource {
	for res != nil && res.same != nil {
		res = res.same
	}
	return res
}

// name gives handles: Patient-1, Patient-2 ...
func (r *run) name() {
	r.counts.begin(r.c.maps)
	var patient *resource
	for _, res := range r.resources {
		if !res.stands() {
			continue
		}
		res.handle = res.kind.handle(res.typ, r.counts.add(res))
		if res.typ == "Patient" && patient == nil {
			patient = res
		}
	}
	for _, res := range r.resources {
		if res.patient == nil && res.kind.ofPatient {
			res.patient = patient
		}
	}
}

// assertions writes the resources, each with its identities.
func (r *run) assertions(ids []handover.Identity) []handover.ResourceAssertion {
	out := make([]handover.ResourceAssertion, 0, r.standing())
	ends := make([]int, 0, cap(out)) // of their elements
	r.writer.segments, r.identity = r.segments, ids
	for _, res := range r.resources {
		if !res.stands() {
			continue
		}
		a := handover.ResourceAssertion{Type: res.typ, Handle: res.handle, Correction: res.correct, Renamed: res.renamed}
		a.Identities = ids[res.ids.start:res.ids.end:res.ids.end]
		if p := res.patient.one(); p != nil && !p.gone {
			a.Patient = p.handle
		}
		r.elements(res)
		out, ends = append(out, a), append(ends, len(r.writer.made))
	}
	elements, start := r.writer.take(), 0
	for i, end := range ends {
		out[i].Elements = elements[start:end:end]
		start = end
	}
	return out
}

// stands reports whether the resource is asserted: it has something in it, and
// no equal one stands for it.
func (res *resource) stands() bool { return res.same == nil && !res.gone }

func (r *run) standing() int {
	n := 0
	for _, res := range r.resources {
		if res.stands() {
			n++
		}
	}
	return n
}

// there returns the resource that stands for this one, nil if it is not made.
func (res *resource) there() *resource {
	if res = res.one(); res == nil || res.gone {
		return nil
	}
	return res
}

// merged writes a merge, if both sides are there.
func (r *run) merged(a *handover.Assertions, m merge, event string) {
	survivor, loser, moved := m.survivor.there(), m.loser.there(), m.moved.there()
	if survivor == nil || loser == nil || survivor == loser || m.kind == "move" && moved == nil {
		r.problems = append(r.problems, handover.Problem{Where: "MRG", Text: "the message does not say both sides of the " + m.kind})
		return
	}
	out := handover.Merge{Kind: m.kind, Event: event, Survivor: survivor.handle, Loser: loser.handle}
	if moved != nil {
		out.Moved = moved.handle
	}
	a.Merges = append(a.Merges, out)
}

// missing lists the elements that FHIR requires and the message does not have.
func (r *run) missing(a *handover.Assertions) {
	for i := range a.Resources {
		res := &a.Resources[i]
		if len(res.Elements) == 0 {
			continue
		}
		for _, name := range r.c.maps.resources[res.Type].required {
			if !slices.ContainsFunc(res.Elements, func(e handover.Element) bool { return e.Name == name && !e.Removed }) {
				r.leave(r.place(res.Handle), "required: "+res.Type+"."+name+" has no source in the message")
			}
		}
	}
}

// place returns the segment that a resource came from, by its handle.
func (r *run) place(handle string) position {
	for _, res := range r.resources {
		if res.handle == handle && res.fed != nil {
			return posOf(res.fed.seg, 0, 0)
		}
	}
	return position{}
}
