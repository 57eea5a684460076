package v2fhir

import (
	"encoding/json"
	"strconv"
	"strings"

	"handover"
)

// writer writes trees as JSON and notes where each value came from.
type writer struct {
	out     []byte
	path    []byte
	origins []handover.Origin
	made    []handover.Element // of all resources, one after the other
	names   []byte             // paths and fields of the resource's origins, one after the other
	ends    []int32
	explain bool
}

// newWriter returns a writer with room for what is to come.
func newWriter(nodes, bytes, elements int) *writer {
	return &writer{
		out: make([]byte, 0, bytes+16*nodes), path: make([]byte, 0, 128), explain: true,
		origins: make([]handover.Origin, 0, nodes*5/8), made: make([]handover.Element, 0, elements),
		names: make([]byte, 0, 1024), ends: make([]int32, 0, 128),
	}
}

// elements writes the top-level elements of a resource.
func (w *writer) elements(root *node) []handover.Element {
	start := len(w.made)
	w.names, w.ends = w.names[:0], w.ends[:0]
	first := len(w.origins)
	for k := root.first; k != nil; k = k.next {
		if !seenBefore(root, k) {
			if e, ok := w.element(k); ok {
				w.made = append(w.made, e)
			}
		}
	}
	w.nameOrigins(w.origins[first:])
	return w.made[start:len(w.made):len(w.made)]
}

// nameOrigins gives the origins of a resource their paths and fields, all out
// of one string.
func (w *writer) nameOrigins(origins []handover.Origin) {
	names, start := string(w.names), int32(0)
	for i := range origins {
		middle, end := w.ends[2*i], w.ends[2*i+1]
		origins[i].Path, origins[i].Field = names[start:middle], names[middle:end]
		start = end
	}
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

func (w *writer) element(first *node) (handover.Element, bool) {
	e := handover.Element{Name: first.top}
	if first.name != first.top {
		e.Property = first.name
	}
	from := len(w.origins)
	w.path = append(w.path[:0], first.name...)
	start := len(w.out)
	if w.values(first) {
		e.Value = json.RawMessage(w.out[start:len(w.out):len(w.out)])
	}
	start = len(w.out)
	if w.extras(first) {
		e.Extra = json.RawMessage(w.out[start:len(w.out):len(w.out)])
	}
	e.From = w.origins[from:len(w.origins):len(w.origins)]
	return e, e.Value != nil || e.Extra != nil
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
		if k.prim {
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
	w.path = append(strconv.AppendInt(append(w.path, '['), int64(n), 10), ']')
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
		if k.name != first.name || k.name == "coding" && codedBefore(first, k) || k.name == "content" && emptyBeside(first, k) {
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

// codedBefore reports whether an earlier coding has the same system and code.
func codedBefore(first, k *node) bool {
	code, system := k.get("code"), k.get("system")
	if code == nil {
		return false
	}
	for o := first; o != k; o = o.next {
		if o.name == k.name && sameText(o.get("code"), code) && sameText(o.get("system"), system) {
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
	if !w.explain || n.rule == "" {
		return
	}
	w.names = append(w.names, w.path...)
	w.ends = append(w.ends, int32(len(w.names)))
	w.names = n.from.append(w.names)
	w.ends = append(w.ends, int32(len(w.names)))
	w.origins = append(w.origins, handover.Origin{Rule: n.rule})
}

// forget drops the origins from the n-th on, of what was not written after all.
func (w *writer) forget(n int) {
	dropped := 2 * (len(w.origins) - n)
	w.origins = w.origins[:n]
	w.ends = w.ends[:len(w.ends)-dropped]
	if w.explain {
		end := int32(0)
		if len(w.ends) > 0 {
			end = w.ends[len(w.ends)-1]
		}
		w.names = w.names[:end]
	}
}
