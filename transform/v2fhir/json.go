package v2fhir

import (
	"strconv"

	"handover"
)

// seenBefore reports whether a child of that name comes before k.
func seenBefore(parent, k *node) bool {
	for o := parent.first; o != k; o = o.next {
		if o.id == k.id {
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
	for k := n.first; k != nil; k = k.next {
		if k.list && seenBefore(n, k) {
			continue
		}
		w.member(k)
		if k.prim && (k.list || k.first != nil) {
			w.sibling(k)
		}
	}
	if len(w.out) == start+1 {
		w.out = w.out[:start]
		return false
	}
	w.out = append(w.out, '}')
	return true
}

// member writes "name":value if there is a value.
func (w *writer) member(k *node) {
	start, depth := len(w.out), len(w.path)
	name := k.written
	if w.out[start-1] == '{' {
		name = name[1:]
	}
	w.out = append(w.out, name...)
	w.enter(k)
	if !w.values(k) {
		w.out = w.out[:start]
	}
	w.path = w.path[:depth]
}

// sibling writes "_name":extras if there are any.
func (w *writer) sibling(k *node) {
	start, depth := len(w.out), len(w.path)
	if w.out[start-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.out = append(append(append(w.out, `"_`...), k.name...), `":`...)
	w.enter(k)
	if !w.extras(k) {
		w.out = w.out[:start]
	}
	w.path = w.path[:depth]
}

// enter adds a name to the path.
func (w *writer) enter(k *node) {
	switch {
	case w.silent:
	case len(w.path) == 0:
		w.path = append(w.path, k.name...)
	default:
		w.path = append(w.path, k.below...)
	}
}

// item adds [n] to the path.
func (w *writer) item(n int) {
	if !w.silent {
		w.path = appendIndex(w.path, n)
	}
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
		if k.id != first.id || k.id == idCoding && codedTwice(first, k) || k.id == idContent && emptyBeside(first, k) {
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
	code, system := k.part(idCode), k.part(idSystem)
	if code == nil {
		return false
	}
	before := true
	for o := first; o != nil; o = o.next {
		if o == k {
			before = false
			continue
		}
		if o.id != k.id || !sameText(o.part(idCode), code) {
			continue
		}
		if before && sameText(o.part(idSystem), system) || system == nil && !o.part(idCode).real && o.part(idSystem) != nil {
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
		if o.id == k.id && filled(o) {
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
	if !n.saysMore() {
		return false
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

// saysMore reports whether an element says more than what alone says nothing.
func (n *node) saysMore() bool {
	switch n.alone {
	case saysValue:
		return hasValue(n)
	case saysQuantity:
		return n.part(idValue) != nil
	case saysField:
		return n.says()
	}
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
		if k.alone == saysValue && hasValue(k) {
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
		if k.id != first.id || k.text == nil && !hasExtras(k) {
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
