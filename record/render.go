package record

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"handover/fhir"
)

// choice is the word that an element has in the composed version.
type choice struct {
	name  string
	item  *item
	owned bool     // an owner has spoken, so only owners counted
	among []string // the sources that counted
}

// choose returns for each element the word that counts. counts says of a claim
// whether its voice counts for this resource, meets of an item whether the
// value may stand.
func (r *ruling) choose(s *state, counts func(claim string) bool, meets func(*item) bool) []choice {
	voices := make([]voice, 0, len(s.voices))
	spoke := make([]string, 0, len(s.voices))
	for _, v := range s.voices {
		if counts(v.claim) {
			voices = append(voices, v)
			if !slices.Contains(spoke, v.source) {
				spoke = append(spoke, v.source)
			}
		}
	}
	out := make([]choice, 0, len(s.elements))
	for _, e := range s.elements {
		classes, owned := r.ranked(s.Type, e.name, spoke)
		for _, class := range classes {
			since := newestCorrection(voices, class)
			best := -1
			for i := range e.items {
				it := &e.items[i]
				if !slices.Contains(class, it.stamp.source) || !counts(it.stamp.claim) || !meets(it) {
					continue
				}
				if best < 0 || outranks(it, &e.items[best], since) {
					best = i
				}
			}
			if best >= 0 {
				out = append(out, choice{e.name, &e.items[best], owned, class})
				break
			}
		}
	}
	return out
}

func newestCorrection(voices []voice, class []string) *stamp {
	var newest *stamp
	for _, v := range voices {
		if v.correction != nil && slices.Contains(class, v.source) &&
			(newest == nil || v.correction.compare(newest) > 0) {
			newest = v.correction
		}
	}
	return newest
}

// outranks reports whether a counts before b: what was said since the newest
// correction, then the higher rank, then the newer, and at last the name of the
// source, so that there is an answer which does not depend on arrival.
func outranks(a, b *item, since *stamp) bool {
	return cmp.Or(
		cmp.Compare(after(a.stamp, since), after(b.stamp, since)),
		cmp.Compare(a.rank, b.rank),
		a.stamp.compare(b.stamp),
		cmp.Compare(b.stamp.source, a.stamp.source),
		cmp.Compare(b.stamp.claim, a.stamp.claim),
	) > 0
}

func after(s, correction *stamp) int {
	if correction == nil || s.compare(correction) >= 0 {
		return 1
	}
	return 0
}

// standing returns the choices that stand in the version, in the order of the
// type's definition: without what was removed, and with what merges say in the
// place of what sources say.
func standing(s *state, chosen []choice) []choice {
	out := make([]choice, 0, len(chosen)+2)
	said := merged(s, chosen)
	for _, c := range chosen {
		if !c.item.removed && !slices.ContainsFunc(said, func(m choice) bool { return m.name == c.name }) {
			out = append(out, c)
		}
	}
	out = append(out, said...)
	order := elementOrder(s.Type)
	slices.SortFunc(out, func(a, b choice) int {
		return cmp.Or(cmp.Compare(order.of(a.name), order.of(b.name)), cmp.Compare(a.name, b.name))
	})
	return out
}

// render writes the content of the elements.
func render(s *state, stands []choice) []byte {
	size := 64
	for _, c := range stands {
		size += len(c.item.value) + len(c.item.extra) + 2*len(c.name) + 16
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(`{"resourceType":"`)
	b.WriteString(s.Type)
	b.WriteString(`","id":"`)
	b.WriteString(s.ID)
	b.WriteByte('"')
	for _, c := range stands {
		property := cmp.Or(c.item.property, c.name)
		member(b, "", property, c.item.value)
		member(b, "_", property, c.item.extra)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func member(b *bytes.Buffer, prefix, property string, value []byte) {
	if len(value) == 0 {
		return
	}
	b.WriteString(`,"`)
	b.WriteString(prefix)
	b.WriteString(property)
	b.WriteString(`":`)
	b.Write(value)
}

// definitionOrder is the place of each element in its type's definition.
type definitionOrder map[string]int

func (o definitionOrder) of(name string) int {
	if i, ok := o[name]; ok {
		return i
	}
	return len(o)
}

var orders sync.Map // type → definitionOrder

func elementOrder(resourceType string) definitionOrder {
	if o, ok := orders.Load(resourceType); ok {
		return o.(definitionOrder)
	}
	o := definitionOrder{}
	if t := fhir.Definitions().Type(resourceType); t != nil {
		for i, e := range t.Elements {
			o[e.BaseName()] = i
		}
	}
	orders.Store(resourceType, o)
	return o
}
