package fhirpath

// Node is an element of some tree. An implementation has to be comparable with
// ==, and should be a pointer (or hold one), so that passing it as an interface
// does not allocate.
type Node interface {
	// Name is the element's name within its parent, choices without their
	// type ("value", not "valueQuantity"); "" for a root or a computed value.
	Name() string
	// Type is the element's own type: FHIR.Patient, FHIR.code, System.String,
	// V2.PID. The zero TypeName means that the tree does not know.
	Type() TypeName
	// Value is what the element stands for as a System value, and false where
	// it stands for none (a complex element; a primitive that has only
	// extensions). A FHIR Quantity has both a value and children.
	Value() (Value, bool)
	// Children appends to dst, in document order, the child elements of that
	// name ("value" finds valueQuantity), or all of them where name is "".
	Children(dst []Node, name string) []Node
}

// Collection is what every expression yields: nodes of trees and System values
// in order. Empty means "nothing is known", which is not the same as false.
type Collection []Node

// TypeName is a qualified type: System.String, FHIR.Patient.
type TypeName struct{ Namespace, Name string }

// String returns "FHIR.Patient", or only the name where there is no namespace.
func (t TypeName) String() string {
	if t.Namespace == "" {
		return t.Name
	}
	return t.Namespace + "." + t.Name
}

// Model describes the types of a tree. Without one, types are compared by name
// only and paths are not checked.
type Model interface {
	// Base returns the type that t specialises, the zero TypeName where it is
	// a top type, and false where the model has no type t.
	Base(t TypeName) (base TypeName, ok bool)
	// Element returns the types that the element name of type t may have (a
	// choice has several, a backbone element one of its own; the zero TypeName
	// or none at all stands for any type, as of Bundle.entry.resource), and
	// false where t has no such element. Only Options.Strict asks.
	Element(t TypeName, name string) (types []TypeName, ok bool)
}

// isA reports whether t is the type want or specialises it. An unqualified
// want matches in any namespace (N1 §6.3.1).
func isA(m Model, t, want TypeName) bool {
	for range maxBases {
		if t.Name == want.Name && (want.Namespace == "" || t.Namespace == "" || t.Namespace == want.Namespace) {
			return t.Name != ""
		}
		if m == nil {
			return false
		}
		base, ok := m.Base(t)
		if !ok || base.Name == "" {
			return false
		}
		t = base
	}
	return false
}

// maxBases bounds a type's chain of bases, should a model have a circle.
const maxBases = 32
