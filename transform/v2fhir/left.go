package v2fhir

import "handover"

// usage says which fields of a segment the maps read.
type usage struct {
	some    bool     // a map, at least
	named   fieldSet // some rule is about the field
	reached fieldSet // a rule applied to it
}

func (u *usage) take(field int) { u.reached.add(field) }

// fieldSet is a set of field numbers below noFields. No map reads any above.
type fieldSet [noFields / 64]uint64

const noFields = 256

func (s *fieldSet) add(field int) {
	if field < noFields {
		s[field>>6] |= 1 << (field & 63)
	}
}

func (s *fieldSet) has(field int) bool {
	return field < noFields && s[field>>6]&(1<<(field&63)) != 0
}

// leaving is something that became nothing.
type leaving struct {
	at     position
	reason string
}

// leave lists something that became nothing.
func (r *run) leave(p position, reason string) { r.left = append(r.left, leaving{p.address(), reason}) }

// leftFields returns what was listed, once where two maps read one field.
func (r *run) leftFields() []handover.Left {
	if len(r.left) == 0 {
		return nil
	}
	out := make([]handover.Left, 0, len(r.left))
	b := r.bytes[:0] // whose content has been written
	for _, l := range r.left {
		if !r.listed[l] {
			r.listed[l] = true
			start := len(b)
			b = l.at.append(b, r.segments)
			out = append(out, handover.Left{Reason: l.reason, Field: string(b[start:])})
		}
	}
	r.bytes = b
	return out
}

// leftovers lists the valued fields that no rule took.
func (r *run) leftovers() {
	r.leftParts()
	for i := range r.segments {
		s, u := r.m.Segment(i), &r.segments[i]
		if !u.some {
			r.leave(posOf(s, 0, 0), "no-map: the map makes nothing of this segment here")
			continue
		}
		last := s.Fields()
		for f := 1; f <= last; f++ {
			if f < noFields && !u.present.has(f) || u.reached.has(f) || f < 64 && u.kind.quiet&(1<<f) != 0 || !s.Field(f).IsValued() {
				continue
			}
			if u.named.has(f) {
				r.leave(posOf(s, f, 0), noCondition)
			} else {
				r.leave(posOf(s, f, 0), "no-map: the map has no rule for this field")
			}
		}
	}
}

// quietFields are fields that are not content: they order, describe or carry the
// message, and what is in them is used without a rule of its own.
var quietFields = map[string]uint64{
	"MSH": 1<<1 | 1<<2 | 1<<9 | 1<<10 | 1<<12 | 1<<13 | 1<<14 | 1<<15 | 1<<16 | 1<<18 | 1<<20,
	"EVN": 1 << 1, "PID": 1 << 1, "PV1": 1 << 1, "NK1": 1 << 1, "AL1": 1 << 1, "DG1": 1 << 1, "PR1": 1 << 1, "IN1": 1 << 1,
	"OBR": 1 << 1, "OBX": 1<<1 | 1<<2, "NTE": 1<<1 | 1<<2, "SPM": 1 << 1, "TQ1": 1 << 1, "TXA": 1 << 1, "RXA": 1<<1 | 1<<2,
	"AIS": 1<<1 | 1<<2, "AIG": 1<<1 | 1<<2, "AIL": 1<<1 | 1<<2, "AIP": 1<<1 | 1<<2, "IAM": 1 << 1, "SFT": 0,
}

// partReasons say why a part of a data type became nothing.
type partReasons struct{ condition, rule string }

func (c *compiler) partReasons(datatype string) *partReasons {
	r := c.reasons[datatype]
	if r == nil {
		r = &partReasons{"no-condition: no rule of " + datatype + " for this part applies here", "no-map: " + datatype + " has no rule for this part"}
		c.reasons[datatype] = r
	}
	return r
}

// noCondition is the reason where every rule of a field has a condition that does
// not hold.
const noCondition = "no-condition: no rule of the field applies here"

// taking says which parts of a repetition of a field a rule took, bit n for part
// n, bit 0 for the whole.
type taking struct {
	at   position // of the repetition
	bits uint64
}

// applied, above the bits of parts, says that a rule applied to the repetition.
const applied = 1 << 63

// maybeLeft is a repetition or a part that one rule did not take; another rule of
// the same field may have. of is the repetition, the zero position for a part of
// a part.
type maybeLeft struct {
	of, at position
	bit    uint64
	why    string
}

// unused notes the valued parts of a value that its data type map did not take.
// HD.3 and its like, which say what another part means, count as taken.
func (r *run) unused(p *datatypePlan, taken uint64, v *cut, pos position) {
	if v.depth > 1 {
		return // it has no parts
	}
	var of position
	if v.depth == 0 {
		of = pos.repetition()
		r.taken = append(r.taken, taking{of, taken})
	}
	if taken&1 != 0 {
		return // a rule read the whole value
	}
	for i := 1; i <= v.size(); i++ {
		bit := uint64(1) << min(i, 62)
		if taken&bit != 0 || !v.part(i).IsValued() {
			continue
		}
		switch {
		case p.uses&bit != 0:
			r.maybe = append(r.maybe, maybeLeft{of, pos.down(v.depth, i, 0), bit, p.reasons.condition})
		case p.asks&bit == 0:
			r.maybe = append(r.maybe, maybeLeft{of, pos.down(v.depth, i, 0), bit, p.reasons.rule})
		}
	}
}

// leftParts lists the parts that no rule took.
func (r *run) leftParts() {
	if len(r.maybe) == 0 {
		return
	}
	for _, m := range r.maybe {
		if m.of.seg > 0 {
			r.parted[m.of] = 0
		}
	}
	for _, t := range r.taken {
		if bits, asked := r.parted[t.at]; asked {
			r.parted[t.at] = bits | t.bits
		}
	}
	for _, m := range r.maybe {
		if r.parted[m.of]&(1|m.bit) == 0 {
			r.leave(m.at, m.why)
		}
	}
}
