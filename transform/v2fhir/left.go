package v2fhir

import (
	"strconv"

	"handover"
	"handover/hl7v2"
)

// usage says which fields of a segment the maps read.
type usage struct {
	some    bool     // a map, at least
	named   fieldSet // some rule is about the field
	reached fieldSet // a rule applied to it
}

func (r *run) usage(s hl7v2.Segment) *usage {
	u := &r.used[s.Index()]
	u.some = true
	return u
}

func (u *usage) take(field int) { u.reached.add(field) }

// fieldSet is a set of field numbers below 256.
type fieldSet [4]uint64

func (s *fieldSet) add(field int)      { s[field>>6&3] |= 1 << (field & 63) }
func (s *fieldSet) has(field int) bool { return s[field>>6&3]&(1<<(field&63)) != 0 }

// leave lists something that became nothing.
func (r *run) leave(p position, reason string) {
	r.left = append(r.left, handover.Left{Field: r.where(p), Reason: reason})
}

// leftovers lists the valued fields that no rule took.
func (r *run) leftovers() {
	r.leftParts()
	for i := 0; i < r.m.Len(); i++ {
		s := r.m.Segment(i)
		u := &r.used[i]
		if !u.some {
			r.leave(posOf(s, 0, 0), "no-map: the map makes nothing of this segment here")
			continue
		}
		quiet := quietFields[s.Name()]
		for f, v := range s.All() {
			if u.reached.has(f) || !v.IsValued() || f < 64 && quiet&(1<<f) != 0 {
				continue
			}
			if u.named.has(f) {
				r.leave(posOf(s, f, 0), "no-condition: no rule of the field applies here")
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

// partKey is a repetition of a field.
type partKey struct{ segment, field, rep int }

// maybeLeft is a part that one rule did not take; another rule of the same
// field may have.
type maybeLeft struct {
	key  partKey
	part int
	at   position
	why  string
}

// unused notes the valued parts of a value that its data type map did not take.
// HD.3 and its like, which say what another part means, count as taken.
func (r *run) unused(p *datatypePlan, taken uint64, v *cut, pos position) {
	if v.depth > 1 {
		return // it has no parts
	}
	key := partKey{int(pos.seg), int(pos.field), int(pos.rep)}
	if v.depth == 0 {
		r.taken[key] |= taken
	} else {
		key = partKey{}
	}
	if taken&1 != 0 {
		return // a rule read the whole value
	}
	for i := 1; i <= v.size(); i++ {
		bit := uint64(1) << min(i, 63)
		if taken&bit != 0 || !v.part(i).IsValued() {
			continue
		}
		switch {
		case p.uses&bit != 0:
			r.maybe = append(r.maybe, maybeLeft{key, i, pos.down(v.depth, i, 0), "no-condition: no rule of " + p.name + " for this part applies here"})
		case p.asks&bit == 0:
			r.maybe = append(r.maybe, maybeLeft{key, i, pos.down(v.depth, i, 0), "no-map: " + p.name + " has no rule for this part"})
		}
	}
}

// leftParts lists the parts that no rule took.
func (r *run) leftParts() {
	for _, m := range r.maybe {
		if bits := r.taken[m.key]; bits&1 == 0 && bits&(1<<min(m.part, 63)) == 0 {
			r.leave(m.at, m.why)
		}
	}
}

// where writes a position as an address: OBX[2]-5[1].1.
func (r *run) where(p position) string { return string(p.append(nil, r.m)) }

func (p position) append(b []byte, m *hl7v2.Message) []byte {
	if p.seg == 0 {
		return b
	}
	s := m.Segment(int(p.seg) - 1)
	b = append(b, s.Name()...)
	if n := s.Occurrence(); n > 1 {
		b = index(b, n)
	}
	if p.field == 0 {
		return b
	}
	b = strconv.AppendInt(append(b, '-'), int64(p.field), 10)
	if p.rep > 1 {
		b = index(b, int(p.rep))
	}
	if p.comp > 0 {
		b = strconv.AppendInt(append(b, '.'), int64(p.comp), 10)
	}
	if p.sub > 0 {
		b = strconv.AppendInt(append(b, '.'), int64(p.sub), 10)
	}
	return b
}

func index(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, '['), int64(n), 10), ']')
}
