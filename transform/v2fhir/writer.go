package v2fhir

import (
	"bytes"

	"handover"
)

// writer writes trees as JSON and notes where each value came from. It gathers
// all of a message in memory that is used again; take makes the assertions'
// own, with nothing to spare.
type writer struct {
	out      []byte // values, one after the other
	path     []byte // to the value at hand
	names    []byte // paths, fields and rules of the origins, one after the other
	origins  []written
	made     []draft
	silent   bool      // no origins are noted
	segments []segment // the origins'
}

// written is an origin whose texts are still in names.
type written struct {
	path, field, end int32  // where they end
	rule             string // "" where it is in names too
}

// draft is an element whose parts are still in the writer's memory.
type draft struct {
	name, property string
	part           string
	value, extra   span // empty: none
	from           span // of origins
	removed        bool
	listed         bool
}

// span is a stretch of a buffer.
type span struct{ start, end int32 }

func (s span) empty() bool { return s.start == s.end }

func (w *writer) reset() {
	clear(w.origins)
	clear(w.made)
	w.segments = nil
	w.out, w.path, w.names, w.origins, w.made = w.out[:0], w.path[:0], w.names[:0], w.origins[:0], w.made[:0]
}

// remove adds an element, or a part of one, that the sender says is not there.
func (w *writer) remove(n nulled, part string) {
	from := int32(len(w.origins))
	w.path = w.path[:0]
	w.note(n.at, n.rule, "")
	w.made = append(w.made, draft{name: n.element, part: part, from: span{from, from + 1}, removed: true})
}

// list adds that the message has all parts of an element that begin so.
func (w *writer) list(name, part string, at position, rule string) {
	w.remove(nulled{element: name, at: at, rule: rule}, part)
	w.made[len(w.made)-1].listed = true
}

// says reports whether there is an element of that name and part from the first
// on.
func (w *writer) says(first int, name, part string) bool {
	for i := first; i < len(w.made); i++ {
		if w.made[i].name == name && w.made[i].part == part {
			return true
		}
	}
	return false
}

// take returns the elements that were written, in memory of their own.
func (w *writer) take() []handover.Element {
	out, names := bytes.Clone(w.out), string(w.names)
	origins := make([]handover.Origin, len(w.origins))
	start := int32(0)
	for i, o := range w.origins {
		origins[i] = handover.Origin{Path: names[start:o.path], Field: names[o.path:o.field], Rule: o.rule}
		if o.rule == "" {
			origins[i].Rule = names[o.field:o.end]
		}
		start = o.end
	}
	elements := make([]handover.Element, len(w.made))
	for i, d := range w.made {
		e := handover.Element{Name: d.name, Part: d.part, Property: d.property, Removed: d.removed, Listed: d.listed, From: origins[d.from.start:d.from.end:d.from.end]}
		if !d.value.empty() {
			e.Value = out[d.value.start:d.value.end:d.value.end]
		}
		if !d.extra.empty() {
			e.Extra = out[d.extra.start:d.extra.end:d.extra.end]
		}
		elements[i] = e
	}
	return elements
}

// origin notes where the value at the path came from.
func (w *writer) origin(n *node) {
	if !w.silent && n.rule != "" {
		w.note(n.from, n.rule, n.line)
	}
}

// note adds an origin of the path at hand. A rule that a line of a table joins
// is put together.
func (w *writer) note(from position, rule, line string) {
	o := written{rule: rule}
	w.names = append(w.names, w.path...)
	o.path = int32(len(w.names))
	w.names = from.append(w.names, w.segments)
	o.field = int32(len(w.names))
	if line != "" {
		o.rule = ""
		w.names = append(append(append(w.names, rule...), " > "...), line...)
	}
	o.end = int32(len(w.names))
	w.origins = append(w.origins, o)
}

// forget drops the origins from the n-th on, of what was not written after all.
func (w *writer) forget(n int) {
	end := int32(0)
	if n > 0 {
		end = w.origins[n-1].end
	}
	if n < len(w.origins) {
		w.origins, w.names = w.origins[:n], w.names[:end]
	}
}
