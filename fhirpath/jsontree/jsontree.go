// Package jsontree makes a JSON document a tree for fhirpath. It promises that
// properties keep their order and numbers their digits, and that FHIR's way of
// writing primitives (birthDate beside _birthDate) reads as one element. It
// checks nothing: resources that must be valid are the business of package
// fhir. It is for tests, and for JSON that is not FHIR.
package jsontree

import (
	"handover/fhirpath"
)

// Schema tells jsontree what properties mean. Without one every property is an
// element of its own name and of no type.
type Schema interface {
	// Property returns the name and type of the element that an object of type
	// t writes as property ("valueQuantity" is value, a FHIR.Quantity), and
	// false where it has no such element.
	Property(t fhirpath.TypeName, property string) (name string, element fhirpath.TypeName, ok bool)
}

// Node is an element of a JSON document. It implements fhirpath.Node.
type Node struct {
	name     string
	typ      fhirpath.TypeName
	value    fhirpath.Value
	children []*Node
}

// Name is the element's name.
func (n *Node) Name() string { return n.name }

// Type is FHIR.<resourceType> for an object that has one, else what the Schema
// says, else the zero TypeName.
func (n *Node) Type() fhirpath.TypeName { return n.typ }

// Value is the primitive's value: a string, number or boolean, or with a
// Schema what the element's type makes of it.
func (n *Node) Value() (fhirpath.Value, bool) { return n.value, n.value != nil }

// Children appends the elements of that name; the items of an array are
// elements one by one.
func (n *Node) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	for _, c := range n.children {
		if name == "" || c.name == name {
			dst = append(dst, c)
		}
	}
	return dst
}

// child returns the text of the first child of that name.
func (n *Node) child(name string) (fhirpath.Value, bool) {
	for _, c := range n.children {
		if c.name == name && c.value != nil {
			return c.value, true
		}
	}
	return nil, false
}
