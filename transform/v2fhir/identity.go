package v2fhir

import (
	"encoding/hex"
	"strconv"
	"strings"

	"handover"
	"handover/hl7v2"
)

// parents says within which resource one of a type is known by its code: the
// first of these that the message has.
var parents = map[string][]string{
	"Observation":        {"DiagnosticReport", "Immunization", "ServiceRequest", "Encounter", "Patient"},
	"Specimen":           {"DiagnosticReport", "ServiceRequest", "Patient"},
	"Encounter":          {"Patient"},
	"Condition":          {"Encounter", "Patient"},
	"Procedure":          {"Encounter", "Patient"},
	"RelatedPerson":      {"Patient"},
	"AllergyIntolerance": {"Patient"},
	"Coverage":           {"Patient"},
	"CareTeam":           {"Patient"},
	"Immunization":       {"Patient"},
	"MedicationRequest":  {"Patient"},
}

// ofPatient are the types that belong to one patient.
var ofPatient = map[string]bool{
	"Account": true, "AllergyIntolerance": true, "Appointment": true, "CareTeam": true, "Condition": true, "Coverage": true,
	"DiagnosticReport": true, "DocumentReference": true, "Encounter": true, "EpisodeOfCare": true, "Immunization": true,
	"MedicationRequest": true, "Observation": true, "Procedure": true, "RelatedPerson": true, "ServiceRequest": true, "Specimen": true,
}

// identifier is an identity that is being made; scope is a resource.
type identifier struct {
	handover.Identity
	scope *resource
	tie   string // tells apart what the message names alike: a code
}

// identities finds by what each resource is known, and returns those of all
// resources, one after the other. Two resources of one message that are known by
// the same are told apart by their codes, else by their place.
func (r *run) identities(digest []byte) []handover.Identity {
	r.identifyAll(digest)
	out := make([]handover.Identity, len(r.ids))
	for _, res := range r.resources {
		for i := res.ids.start; i < res.ids.end; i++ {
			id := &r.ids[i]
			out[i] = id.Identity
			if r.mayClash(res) && r.clashes[id.key(res)] > 1 {
				out[i].Value += "/" + id.tie
			}
			if i > res.ids.start && id.scope != nil && out[i].Value == out[i-1].Value {
				res.ids.end = i // the one before it has become the same by its tie
				break
			}
			if scope := id.scope.one(); scope != nil && !scope.gone {
				out[i].Scope = scope.handle
			}
		}
	}
	return out
}

// identifyAll gathers the identities of all resources and counts those by which
// several could be meant.
func (r *run) identifyAll(digest []byte) {
	message := ""
	for _, res := range r.resources {
		if !res.stands() {
			continue
		}
		start := len(r.ids)
		r.ids = append(r.ids, r.identify(res)...)
		if len(r.ids) == start {
			if message == "" {
				message = r.messageScope(digest)
			}
			r.ids = append(r.ids, identifier{Identity: handover.Identity{Type: "message", Value: message + "/" + res.handle}})
		}
		res.ids = span{int32(start), int32(len(r.ids))}
		if r.mayClash(res) {
			for i := start; i < len(r.ids); i++ {
				r.clashes[r.ids[i].key(res)]++
			}
		}
	}
}

// mayClash reports whether another resource of the message may be named alike
// without being the same.
func (r *run) mayClash(res *resource) bool {
	return res.isOwn() && res.typ != "Patient" && r.counts.of(res) > 1
}

// identityKey is by what a resource is known, with its type.
type identityKey struct {
	typ   string
	scope *resource
	handover.Identity
}

func (id *identifier) key(res *resource) identityKey {
	return identityKey{res.typ, id.scope, id.Identity}
}

// messageScope names the message: its control id and the beginning of its
// digest, since a control id alone may come twice.
func (r *run) messageScope(digest []byte) string {
	return r.m.ControlID() + "/" + hex.EncodeToString(digest[:6])
}

// identify returns what a resource is known by, the most trusted first. The list
// stands until the next call.
func (r *run) identify(res *resource) []identifier {
	b := &r.builder
	*b = builder{run: r, res: res, ids: b.ids[:0]}
	if res.isOwn() {
		b.fromSegments()
	} else {
		b.fromTree()
	}
	return b.ids
}

// fromSegments names a resource by the segments that went into it.
func (b *builder) fromSegments() {
	for f := b.res.fed; f != nil; f = f.next {
		if f.plan.identify != nil {
			f.plan.identify(b, f.seg)
		}
	}
	if len(b.ids) == 0 {
		for f := b.res.fed; f != nil; f = f.next {
			b.fallback(f.seg)
		}
	}
}

// builder gathers identities.
type builder struct {
	run *run
	res *resource
	ids []identifier
	tie string
}

func (b *builder) add(id identifier) {
	if id.Value == "" {
		return
	}
	if id.tie == "" {
		id.tie = b.tie
	}
	for _, old := range b.ids {
		if old.Identity == id.Identity && old.scope == id.scope {
			return
		}
	}
	b.ids = append(b.ids, id)
}

func text(v hl7v2.Value) string { return primary(v).Text() }

// cx adds every repetition of a CX (HL7 v2.9 §2A.3.15).
func (b *builder) cx(s hl7v2.Segment, field int) {
	v := s.Field(field)
	if !v.IsValued() {
		return
	}
	b.run.usage(s).take(field)
	for i := 1; i <= v.Repetitions(); i++ {
		w := v.Repetition(i)
		b.add(identifier{Identity: handover.Identity{
			Authority: authority(w.Component(4), 1), Type: text(w.Component(5)), Value: text(w.Component(1)),
		}})
	}
}

// ei adds an EI field (HL7 v2.9 §2A.3.28).
func (b *builder) ei(s hl7v2.Segment, field int, typ string, order bool) {
	if v := s.Field(field).Repetition(1); v.IsValued() {
		b.run.usage(s).take(field)
		b.entity(v, 0, typ, order)
	}
}

// entity adds an EI, whose parts are components or, in an EIP, subcomponents.
func (b *builder) entity(v hl7v2.Value, depth int, typ string, order bool) {
	value := part(v, depth, 1).Text()
	if value == "" {
		return
	}
	ns := part(v, depth, 2).Text()
	if ns == "" {
		ns = part(v, depth, 3).Text()
	}
	b.add(identifier{Identity: handover.Identity{Authority: ns, Type: typ, Value: value, Order: order}})
}

// within adds a name that is unique in the resource's parent.
func (b *builder) within(parts ...string) {
	value := strings.Join(parts, "/")
	if b.res.parent == nil || strings.Trim(value, "/") == "" {
		return
	}
	b.add(identifier{Identity: handover.Identity{Value: value}, scope: b.res.parent})
}

// fallback names a segment by its set id, else its place.
func (b *builder) fallback(s hl7v2.Segment) {
	switch s.Name() {
	case "NK1", "AL1", "DG1", "PR1", "IN1", "IAM":
		set := text(s.Field(1))
		if set == "" {
			set = strconv.Itoa(s.Occurrence())
		}
		b.within(s.Name(), set)
	}
}

// identityRules say by which fields a segment's resource is known: for one map,
// or for all that lead from the segment to the type.
var identityRules = map[string]func(*builder, hl7v2.Segment){
	"PID Patient": func(b *builder, s hl7v2.Segment) {
		b.cx(s, 3)
		b.cx(s, 2)
		b.cx(s, 4)
	},
	"MRG Patient": func(b *builder, s hl7v2.Segment) {
		b.cx(s, 1)
		b.cx(s, 4)
		b.cx(s, 2)
	},
	"PID Account": func(b *builder, s hl7v2.Segment) { b.cx(s, 18) },
	"MRG Account": func(b *builder, s hl7v2.Segment) { b.cx(s, 3) },
	"PV1 Encounter": func(b *builder, s hl7v2.Segment) {
		b.cx(s, 19)
		b.cx(s, 50)
		if len(b.ids) == 0 { // the patient's visit from that time on, or of that account
			b.withinIf(s.Field(44).IsValued(), "PV1-44", text(s.Field(44)))
		}
		if len(b.ids) == 0 {
			b.withinIf(b.account() != "", "PID-18", b.account())
		}
	},
	"MRG Encounter":     func(b *builder, s hl7v2.Segment) { b.cx(s, 5); b.cx(s, 6) },
	"PID RelatedPerson": func(b *builder, s hl7v2.Segment) { b.cx(s, 21) },
	"NK1 RelatedPerson": func(b *builder, s hl7v2.Segment) {
		b.cx(s, 33)
		b.cx(s, 12)
		name := s.Field(2)
		b.tie = text(s.Field(1))
		b.withinIf(text(s.Field(3)) != "" || name.IsValued(), "NK1", text(s.Field(3)), text(name.Component(1)), text(name.Component(2)))
	},
	"AL1 AllergyIntolerance": func(b *builder, s hl7v2.Segment) { b.coded("AL1", s, 3) },
	"IAM AllergyIntolerance": func(b *builder, s hl7v2.Segment) {
		b.ei(s, 7, "", false)
		b.coded("AL1", s, 3) // the allergy that AL1 lists by this code
	},
	"DG1 Condition": func(b *builder, s hl7v2.Segment) {
		b.ei(s, 20, "", false)
		b.tie = text(s.Field(1))
		b.withinIf(s.Field(3).IsValued(), "DG1", codeOf(s.Field(3)), text(s.Field(6)))
	},
	"PR1 Procedure": func(b *builder, s hl7v2.Segment) {
		b.ei(s, 19, "", false)
		b.tie = text(s.Field(1))
		b.withinIf(s.Field(3).IsValued(), "PR1", codeOf(s.Field(3)), text(s.Field(5)))
	},
	"IN1 Coverage": func(b *builder, s hl7v2.Segment) {
		b.tie = text(s.Field(1))
		b.withinIf(s.Field(2).IsValued() || s.Field(36).IsValued(), "IN1", text(s.Field(2)), text(s.Field(36)))
	},
	"PV1 Coverage":          func(b *builder, _ hl7v2.Segment) { b.within("PV1-20") },
	"IN3 CareTeam":          func(b *builder, _ hl7v2.Segment) { b.within("IN3") },
	"ROL CareTeam":          func(b *builder, s hl7v2.Segment) { b.within("ROL", text(s.Field(3)), text(s.Field(4))) },
	"PRT CareTeam":          func(b *builder, s hl7v2.Segment) { b.within("PRT", text(s.Field(4)), text(s.Field(5))) },
	"PD1 Observation":       func(b *builder, _ hl7v2.Segment) { b.within("PD1-7") },
	"ORC ServiceRequest":    orderNumbers(2, 3, 0),
	"OBR ServiceRequest":    orderNumbers(2, 3, 4),
	"SCH ServiceRequest":    orderNumbers(26, 27, 0),
	"ORC DiagnosticReport":  reportNumbers(3, 2, 0),
	"OBR DiagnosticReport":  reportNumbers(3, 2, 4),
	"ORC Immunization":      orderNumbers(2, 3, 0),
	"RXA Immunization":      func(b *builder, s hl7v2.Segment) { b.tie = text(s.Field(5)); b.retie(); b.vaccination(s) },
	"ORC MedicationRequest": orderNumbers(2, 3, 0),
	"RXO MedicationRequest": func(b *builder, s hl7v2.Segment) { b.withinIf(s.Field(1).IsValued(), "RXO", codeOf(s.Field(1))) },
	"OBX Observation": func(b *builder, s hl7v2.Segment) {
		b.ei(s, 21, "FILL", false)
		b.tie = strconv.Itoa(s.Occurrence())
		if set := text(s.Field(1)); set != "" {
			b.tie = set
		}
		b.withinIf(s.Field(3).IsValued(), codeOf(s.Field(3)), s.Field(4).Text())
		if set := text(s.Field(1)); set != "" && !s.Field(4).IsValued() {
			b.withinIf(s.Field(3).IsValued(), codeOf(s.Field(3)), "", set) // of several results of one code
		}
	},
	"SPM Specimen": func(b *builder, s hl7v2.Segment) {
		b.tie = text(s.Field(1))
		b.entity(s.Field(2).Component(1), 1, "PGN", false)
		b.entity(s.Field(2).Component(2), 1, "FGN", false)
		b.cx(s, 30)
		b.withinIf(len(b.ids) == 0, "SPM", text(s.Field(1)))
	},
	"OBR Specimen": func(b *builder, s hl7v2.Segment) {
		b.tie = strconv.Itoa(s.Occurrence())
		b.within("OBR", text(s.Field(4)))
	},
	"SCH Appointment": func(b *builder, s hl7v2.Segment) {
		b.ei(s, 1, "PLAC", true)
		b.ei(s, 2, "FILL", true)
	},
	"TXA DocumentReference":        func(b *builder, s hl7v2.Segment) { b.ei(s, 12, "", false) },
	"TXA-DocumentReference-Parent": func(b *builder, s hl7v2.Segment) { b.ei(s, 13, "", false) },
}

// account is the number of the patient's PID-18, "" if there is none.
func (b *builder) account() string {
	if b.res.parent == nil {
		return ""
	}
	for f := b.res.parent.fed; f != nil; f = f.next {
		if f.seg.Name() == "PID" {
			return text(f.seg.Field(18))
		}
	}
	return ""
}

func codeOf(v hl7v2.Value) string {
	if code := text(v.Component(1)); code != "" {
		return code
	}
	return text(v.Component(2))
}

func (b *builder) withinIf(ok bool, parts ...string) {
	if ok {
		b.within(parts...)
	}
}

func (b *builder) coded(name string, s hl7v2.Segment, field int) {
	b.tie = text(s.Field(1))
	b.withinIf(s.Field(field).IsValued(), name, codeOf(s.Field(field)))
}

// retie gives a tie to identities that were added before it was known.
func (b *builder) retie() {
	for i := range b.ids {
		if b.ids[i].tie == "" {
			b.ids[i].tie = b.tie
		}
	}
}

// orderNumbers adds the placer's and the filler's number; code is the field
// that tells apart two orders of one number.
func orderNumbers(placer, filler, code int) func(*builder, hl7v2.Segment) {
	return func(b *builder, s hl7v2.Segment) {
		if code > 0 {
			b.tie = codeOf(s.Field(code))
			b.retie()
		}
		b.ei(s, filler, "FILL", true)
		b.ei(s, placer, "PLAC", true)
	}
}

// reportNumbers adds the number of a report: the filler's, else the placer's,
// with the service, since one order number may have several reports.
func reportNumbers(filler, placer, code int) func(*builder, hl7v2.Segment) {
	return func(b *builder, s hl7v2.Segment) {
		if code == 0 {
			b.ei(s, filler, "FILL", true)
			b.ei(s, placer, "PLAC", true)
			return
		}
		service := codeOf(s.Field(code))
		b.tie = service
		b.ei(s, filler, "FILL", true)
		b.ei(s, placer, "PLAC", true)
		for i := range b.ids {
			if service != "" && !strings.HasSuffix(b.ids[i].Value, "/"+service) {
				b.ids[i].Value += "/" + service
			}
		}
	}
}

// vaccination names an immunization by vaccine and time where it has no number.
func (b *builder) vaccination(s hl7v2.Segment) {
	if len(b.ids) == 0 {
		b.withinIf(s.Field(5).IsValued(), "RXA", codeOf(s.Field(5)), text(s.Field(3)))
	}
}
