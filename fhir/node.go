package fhir

import (
	"iter"
	"unsafe"
)

// nodeKind is what a node is in JSON.
type nodeKind uint8

const (
	kindNull nodeKind = iota
	kindBool
	kindNumber
	kindString
	kindObject
	kindArray
)

// Resource is a parsed document: a tree over the JSON bytes it was read from.
// It does not change, and any number of goroutines may read it.
type Resource struct {
	text  string // the source
	nodes []Node // depth first; nodes[0] is the root
}

// Root returns the outermost object.
func (r *Resource) Root() *Node { return &r.nodes[0] }

// Type returns the resource's type, "Patient"; of a data type its name.
func (r *Resource) Type() string {
	if t := r.nodes[0].typ; t != nil {
		return t.Name
	}
	return ""
}

// ID returns the resource's id, "" if it has none.
func (r *Resource) ID() string { return r.Root().Get("id").Text() }

// Bytes returns the source as it came. It must not be changed.
func (r *Resource) Bytes() []byte { return r.nodes[0].bytes(0, len(r.text)) }

// Node is a value in the tree: an object, an array, or a primitive. A nil Node
// stands for what is not there; all methods work on it.
//
// A primitive and its sibling with the underscore (id and extensions) are one
// Node; where only the sibling is there, its object stands for the primitive.
type Node struct {
	doc        *Resource
	prop       *Property // nil for the root; an item has its array's
	typ        *Type     // nil where the element is unknown
	start, end uint32    // of the JSON text in the source
	self       int32     // index of this node
	next       int32     // index after its subtree
	extra      int32     // index of the object with id and extensions; 0: none
	kind       nodeKind
	escaped    bool // a string with backslashes
	hidden     bool // a sibling with underscore that belongs to a node; resourceType
	nulls      bool // an array in which null stands
}

// resourceType is the property that is no element.
var resourceType = &Property{Name: "resourceType"}

// Def returns the node's type, nil where the definitions have none for it.
func (n *Node) Def() *Type {
	if n == nil {
		return nil
	}
	return n.typ
}

// Element returns the definition of the element that the node is, nil for the
// root and for unknown elements.
func (n *Node) Element() *Element {
	if n == nil || n.prop == nil {
		return nil
	}
	return n.prop.Element
}

// Property returns the JSON property that the node is the value of, or an item
// in its array: "valueQuantity". "" for the root.
func (n *Node) Property() string {
	if n == nil || n.prop == nil {
		return ""
	}
	return n.prop.Name
}

// Raw returns the node's JSON as it came. It must not be changed.
func (n *Node) Raw() []byte {
	if n == nil {
		return nil
	}
	return n.bytes(int(n.start), int(n.end))
}

// IsList reports whether the node is an array.
func (n *Node) IsList() bool { return n != nil && n.kind == kindArray }

// IsObject reports whether the node is a complex value.
func (n *Node) IsObject() bool { return n != nil && n.kind == kindObject && !n.isShadow() }

// IsPrimitive reports whether the node is a primitive, with or without value.
func (n *Node) IsPrimitive() bool { return n != nil && (n.kind < kindObject || n.isShadow()) }

// HasValue reports whether the node is a primitive that has a value.
func (n *Node) HasValue() bool { return n != nil && n.kind > kindNull && n.kind < kindObject }

// isShadow reports whether n is an object that stands for a primitive.
func (n *Node) isShadow() bool { return n.prop != nil && n.prop.Shadow && n.kind == kindObject }

// Text returns a primitive's value: a string decoded, a number with its digits,
// true or false. "" where there is none.
func (n *Node) Text() string {
	if !n.HasValue() {
		return ""
	}
	if n.kind != kindString {
		return n.doc.text[n.start:n.end]
	}
	s := n.doc.text[n.start+1 : n.end-1]
	if n.escaped {
		return string(appendUnescaped(make([]byte, 0, len(s)), s))
	}
	return s
}

// Get returns the value of a property ("valueQuantity") or of a choice without
// its type ("value"): an array where the element repeats. nil where it is not
// there, and on an array.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for c := range n.members() {
		if c.prop.Name == name || c.prop.Element != nil && c.prop.Element.base == name {
			return c
		}
	}
	return nil
}

// Len returns how many items All yields.
func (n *Node) Len() int {
	count := 0
	for range n.All() {
		count++
	}
	return count
}

// Index returns the i-th item, from 0; nil where there is none.
func (n *Node) Index(i int) *Node {
	for item := range n.All() {
		if i == 0 {
			return item
		}
		i--
	}
	return nil
}

// All yields an array's items, and any other node itself. An item that is null
// and has no extensions is left out.
func (n *Node) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		if n.kind != kindArray {
			yield(n)
			return
		}
		for i := n.self + 1; i < n.next; i = n.doc.nodes[i].next {
			if item := &n.doc.nodes[i]; !item.isEmpty() && !yield(item) {
				return
			}
		}
	}
}

// isEmpty reports whether n is a null that nothing belongs to.
func (n *Node) isEmpty() bool { return n.kind == kindNull && n.extra == 0 }

// Members yields the properties of an object, or id and extension of a
// primitive, in the order they came. Each is a whole value; arrays come as one.
func (n *Node) Members() iter.Seq[*Node] {
	if n == nil {
		return func(func(*Node) bool) {}
	}
	return n.members()
}

func (n *Node) members() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		from := n
		if n.extra != 0 {
			from = &n.doc.nodes[n.extra]
		}
		if from.kind != kindObject {
			return
		}
		for i := from.self + 1; i < from.next; i = n.doc.nodes[i].next {
			if c := &n.doc.nodes[i]; !c.hidden && !yield(c) {
				return
			}
		}
	}
}

// At follows a path of properties, as Builder has it: "name[0].family",
// "value.code". [n] may be left out for 0. nil where nothing is there.
func (n *Node) At(path string) *Node {
	for path != "" {
		name, item, rest, err := cutStep(path)
		if err != nil {
			return nil
		}
		n, path = n.Get(name).Index(int(item)), rest
	}
	return n
}

// bytes returns a part of the source.
func (n *Node) bytes(from, to int) []byte {
	return unsafe.Slice(unsafe.StringData(n.doc.text), len(n.doc.text))[from:to:to]
}
