package route

import (
	"slices"

	"handover/hl7v2"
)

// former are the fields of MRG that hold what a field said before, by that field:
// a merge stands between everything before and after it, on both sides
// (HL7 v2.9 §3.4.10).
var former = map[string]string{"PID-2": "MRG-4", "PID-3": "MRG-1", "PID-4": "MRG-2", "PID-18": "MRG-3", "PV1-19": "MRG-5"}

// keying finds the ordering keys of messages.
type keying struct {
	at     []hl7v2.Address     // where they stand: the address, and what it was before
	trust  map[string][]string // by source: authorities, most trusted first
	marked func(key string) string
}

func (t *Table) keyingAt(address string) (keying, error) {
	k := keying{trust: t.authorities, marked: t.mark}
	if address == "" {
		return k, nil
	}
	for _, at := range []string{address, former[address]} {
		if at == "" {
			continue
		}
		a, err := hl7v2.ParseAddress(at)
		if err != nil {
			return k, err
		}
		k.at = append(k.at, a)
	}
	return k, nil
}

// Keys returns the ordering keys of a message that is sent to a destination: those of
// the first route that leads there from its source, else those of its patient.
func (t *Table) Keys(source, destination string, m *hl7v2.Message) []string {
	for _, r := range t.rules {
		if r.from[source] && slices.ContainsFunc(r.to, func(to Target) bool { return to.Destination == destination }) {
			return r.key.of(source, m)
		}
	}
	return t.patient.of(source, m)
}

// of returns the keys of a message of the source, each once: of every segment at the
// address one. What has none there is ordered among its source's.
func (k keying) of(source string, m *hl7v2.Message) (keys []string) {
	add := func(v hl7v2.Value) {
		id := v.Component(1).Text()
		if id == "" || !v.Component(1).IsValued() {
			return
		}
		authority := v.Component(4).First().Text()
		if authority == "" {
			authority = "source:" + source
		}
		if key := k.marked(authority + "|" + id); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, a := range k.at {
		if a.Field == 0 || a.Repetition != 0 || a.Component != 0 || len(a.Group) > 0 {
			for v := range m.Every(a) {
				add(v)
			}
			continue
		}
		n := 0
		for s := range m.All(a.Segment) {
			if n++; a.Occurrence == 0 || a.Occurrence == n {
				add(k.trusted(source, s.Field(a.Field)))
			}
		}
	}
	if keys == nil {
		keys = []string{k.marked("source:" + source)}
	}
	return keys
}

// trusted returns the repetition of the most trusted authority, the first of those
// whose authority is not listed where no other is.
func (k keying) trusted(source string, field hl7v2.Value) hl7v2.Value {
	list := k.trust[source]
	best, at := field.Repetition(1), len(list)+1
	for v := range field.All() {
		if !v.Component(1).IsValued() {
			continue
		}
		place := len(list)
		for _, authority := range []hl7v2.Value{v.Component(4).Subcomponent(1), v.Component(4).Subcomponent(2)} {
			if i := slices.Index(list, authority.Text()); i >= 0 {
				place = min(place, i)
			}
		}
		if place < at {
			best, at = v, place
		}
	}
	return best
}
