package record

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"

	"handover"
	"handover/fhir"
)

// choice is the word that an element, or a part of it, has in the composed
// version.
type choice struct {
	name, part string
	item       *item
	among      []string // the sources that counted
	place      int      // of the element in the type's definition, once it is known to stand
}

func (c *choice) compare(name, part string) int {
	return cmp.Or(cmp.Compare(c.name, name), handover.ComparePart(c.part, part))
}

// byName yields the choices of each element in turn.
func byName(choices []choice) iter.Seq[[]choice] {
	return func(yield func([]choice) bool) {
		for i := 0; i < len(choices); {
			j := i + 1
			for j < len(choices) && choices[j].name == choices[i].name {
				j++
			}
			if !yield(choices[i:j]) {
				return
			}
			i = j
		}
	}
}

// choose returns for each element, part by part, the word that counts. counts
// says of a claim whether its voice counts for this resource, meets of an item
// whether the value may stand.
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
	everyone := [][]string{spoke}
	var lists []element
	for i := 0; i < len(s.elements); {
		parts := s.partsFrom(i)
		i += len(parts)
		lists = listsAmong(parts, lists[:0])
		classes := everyone
		if len(r.owners) > 0 && r.ownersOf(s.Type, parts[0].name) != nil {
			classes = r.ranked(s.Type, parts[0].name, spoke)
		}
		for _, class := range classes {
			since := newestCorrection(voices, class)
			before := len(out)
			for _, e := range parts {
				best := e.best(since, func(it *item) bool {
					return slices.Contains(class, it.stamp.source) && counts(it.stamp.claim) && meets(it) &&
						!delisted(lists, e.part, it.stamp, counts)
				})
				if best != nil {
					out = append(out, choice{name: e.name, part: e.part, item: best, among: class})
				}
			}
			if len(out) > before {
				break // one class makes the whole element
			}
		}
	}
	return out
}

// best returns the item that counts before all others that may, nil if none may.
func (e *element) best(since *stamp, may func(*item) bool) *item {
	var best *item
	for i := range e.items {
		it := &e.items[i]
		if may(it) && (best == nil || outranks(it, best, since)) {
			best = it
		}
	}
	return best
}

// listsAmong adds to lists the parts by which sources listed others.
func listsAmong(parts, lists []element) []element {
	for _, e := range parts {
		if slices.ContainsFunc(e.items, func(it item) bool { return it.listed }) {
			lists = append(lists, e)
		}
	}
	return lists
}

// delisted reports whether the source, since it said the part, listed all parts
// of its kind and this one was not among them. A list that names the part has a
// newer word on it.
func delisted(lists []element, part string, said *stamp, counts func(claim string) bool) bool {
	for _, l := range lists {
		if l.part == part || !strings.HasPrefix(part, l.part) {
			continue
		}
		for _, it := range l.items {
			if it.listed && it.stamp.source == said.source && counts(it.stamp.claim) && it.stamp.compare(said) > 0 {
				return true
			}
		}
	}
	return false
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
// They stand in room, as far as it suffices.
func standing(s *state, links []link, chosen, room []choice) []choice {
	out := room[:0]
	said := merged(s, links, chosen)
	for i := range chosen {
		c := &chosen[i]
		if !c.item.removed && !slices.ContainsFunc(said, func(m choice) bool { return m.name == c.name }) {
			out = append(out, *c)
		}
	}
	out = append(out, said...)
	order := elementOrder(s.Type)
	for i := range out {
		if i > 0 && out[i].name == out[i-1].name {
			out[i].place = out[i-1].place
		} else {
			out[i].place = order.of(out[i].name)
		}
	}
	slices.SortStableFunc(out, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.name, b.name))
	})
	return out
}

// render writes the content of the elements.
func render(s *state, stands []choice) []byte {
	size := 64
	for _, c := range stands {
		size += len(c.item.value) + len(c.item.rest().extra) + 2*len(c.name) + 16
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(`{"resourceType":"`)
	b.WriteString(s.Type)
	b.WriteString(`","id":"`)
	b.WriteString(s.ID)
	b.WriteByte('"')
	for parts := range byName(stands) {
		property, value, extra := whole(parts)
		property = cmp.Or(property, parts[0].name)
		member(b, "", property, value)
		member(b, "_", property, extra)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// whole puts the parts of one element together.
func whole(parts []choice) (property string, value, extra []byte) {
	if len(parts) == 1 {
		it := parts[0].item
		more := it.rest()
		return more.property, it.value, more.extra
	}
	entries := make([]handover.Element, len(parts))
	for i, p := range parts {
		more := p.item.rest()
		entries[i] = handover.Element{Property: more.property, Value: p.item.value, Extra: more.extra}
	}
	return handover.Join(entries)
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
