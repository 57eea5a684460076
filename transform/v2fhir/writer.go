package v2fhir

import (
	"bytes"
	"strconv"
	"strings"

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

// seenBefore reports whether a child of that name comes before k.
func seenBefore(parent, k *node) bool {
	if !k.list {
		return false
	}
	for o := parent.first; o != k; o = o.next {
		if o.name == k.name {
			return true
		}
	}
	return false
}

// element writes a top-level element, or a part of one.
func (w *writer) element(first *node, part string) {
	d := draft{name: first.top, part: part}
	if first.name != first.top {
		d.property = first.name
	}
	from, start := len(w.origins), len(w.out)
	w.path = append(w.path[:0], first.name...)
	w.values(first)
	middle := len(w.out)
	w.extras(first)
	d.value, d.extra = span{int32(start), int32(middle)}, span{int32(middle), int32(len(w.out))}
	d.from = span{int32(from), int32(len(w.origins))}
	if len(w.out) > start {
		w.made = append(w.made, d)
	}
}

// object writes an element with parts. It reports whether it wrote anything.
func (w *writer) object(n *node) bool {
	start := len(w.out)
	w.out = append(w.out, '{')
	any := false
	for k := n.first; k != nil; k = k.next {
		if seenBefore(n, k) {
			continue
		}
		any = w.member(k, "", w.values) || any
		if k.prim && (k.list || k.first != nil) {
			any = w.member(k, "_", w.extras) || any
		}
	}
	if !any {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, '}')
	return true
}

// member writes "name":value if there is a value.
func (w *writer) member(k *node, prefix string, write func(*node) bool) bool {
	start, depth := len(w.out), len(w.path)
	if w.out[start-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(append(append(append(w.out, '"'), prefix...), k.name...), '"', ':')
	if depth > 0 {
		w.path = append(w.path, '.')
	}
	w.path = append(w.path, k.name...)
	wrote := write(k)
	w.path = w.path[:depth]
	if !wrote {
		w.out = w.out[:start]
	}
	return wrote
}

// item adds [n] to the path.
func (w *writer) item(n int) {
	w.path = appendIndex(w.path, n)
}

// values writes the value of an element, or the array of all of that name.
func (w *writer) values(first *node) bool {
	if !first.list {
		return w.value(first)
	}
	start, depth := len(w.out), len(w.path)
	w.out = append(w.out, '[')
	n, content := 0, false
	for k := first; k != nil; k = k.next {
		if k.name != first.name || k.name == "coding" && codedTwice(first, k) || k.name == "content" && emptyBeside(first, k) {
			continue
		}
		at := len(w.out)
		if n > 0 {
			w.out = append(w.out, ',')
		}
		here, from := len(w.out), len(w.origins)
		w.item(n)
		wrote := w.value(k)
		w.path = w.path[:depth]
		switch {
		case wrote && w.repeats(start+1, here):
			w.out = w.out[:at]
			w.forget(from)
		case wrote:
			n++
			content = true
		case k.prim && hasExtras(k):
			w.out = append(w.out, "null"...)
			n++
		default:
			w.out = w.out[:at]
		}
	}
	if !content {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, ']')
	return true
}

// codedTwice reports whether an earlier coding has the same system and code, or
// whether the code that the map itself states is this one, with its system.
func codedTwice(first, k *node) bool {
	code, system := k.get("code"), k.get("system")
	if code == nil {
		return false
	}
	before := true
	for o := first; o != nil; o = o.next {
		if o == k {
			before = false
			continue
		}
		if o.name != k.name || !sameText(o.get("code"), code) {
			continue
		}
		if before && sameText(o.get("system"), system) || system == nil && !o.get("code").real && o.get("system") != nil {
			return true
		}
	}
	return false
}

// emptyBeside reports whether a document's content holds neither data nor a
// link, while another one does: TXA-3 beside OBX-5.
func emptyBeside(first, k *node) bool {
	filled := func(n *node) bool {
		a := n.get("attachment")
		return a.get("data") != nil || a.get("url") != nil
	}
	if filled(k) {
		return false
	}
	for o := first; o != nil; o = o.next {
		if o.name == k.name && filled(o) {
			return true
		}
	}
	return false
}

func sameText(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return string(a.text) == string(b.text)
}

// repeats reports whether the object at here is the same as the one before it.
func (w *writer) repeats(start, here int) bool {
	size := len(w.out) - here
	before := here - 1 - size
	return w.out[here] == '{' && before >= start && string(w.out[before:here-1]) == string(w.out[here:]) &&
		(before == start || w.out[before-1] == ',')
}

// value writes a primitive, a reference or an object.
func (w *writer) value(n *node) bool {
	if n.text != nil {
		w.out = append(w.out, n.text...)
		w.origin(n)
		return true
	}
	if n.prim {
		return false
	}
	if n.name == "extension" && !hasValue(n) || strings.HasSuffix(n.name, "Quantity") && n.get("value") == nil {
		return false // a URL or a unit alone says nothing
	}
	if n.name == "telecom" && !n.says() {
		return false // that there is no system, and nothing else
	}
	start := len(w.out)
	wrote := w.object(n)
	if n.refs == nil || n.target() == nil {
		return wrote
	}
	if wrote {
		w.out = append(w.out[:len(w.out)-1], ',')
	} else {
		w.out = append(w.out[:start], '{')
	}
	w.reference(n)
	return true
}

// reference writes a reference by handle, or before there are handles by number.
func (w *writer) reference(n *node) {
	w.out = append(w.out, `"reference":"`+handover.HandleScheme...)
	if to := n.target().one(); to.handle != "" {
		w.out = append(w.out, to.handle...)
	} else {
		w.out = strconv.AppendInt(append(w.out, '#'), int64(to.serial), 10)
	}
	w.out = append(w.out, '"', '}')
	w.origin(n)
}

// hasValue reports whether an extension says more than its URL.
func hasValue(n *node) bool {
	for k := n.first; k != nil; k = k.next {
		if k.name != "url" && (k.text != nil || k.refs != nil && k.target() != nil || k.first != nil) {
			return true
		}
	}
	return false
}

// hasExtras reports whether a primitive has an extension to write.
func hasExtras(n *node) bool {
	for k := n.first; k != nil; k = k.next {
		if k.name == "extension" && hasValue(k) {
			return true
		}
	}
	return false
}

// extras writes what stands beside a primitive under the name with underscore.
func (w *writer) extras(first *node) bool {
	if !first.prim {
		return false
	}
	if !first.list {
		return hasExtras(first) && w.object(first)
	}
	start, depth, any, n := len(w.out), len(w.path), false, 0
	w.out = append(w.out, '[')
	for k := first; k != nil; k = k.next {
		if k.name != first.name || k.text == nil && !hasExtras(k) {
			continue
		}
		if n > 0 {
			w.out = append(w.out, ',')
		}
		w.item(n)
		if hasExtras(k) && w.object(k) {
			any = true
		} else {
			w.out = append(w.out, "null"...)
		}
		w.path = w.path[:depth]
		n++
	}
	if !any {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, ']')
	return true
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
