package fhir

import "sync/atomic"

// Kind says what sort of type it is.
type Kind uint8

// The kinds of type.
const (
	KindComplex   Kind = iota // HumanName, Extension ...
	KindPrimitive             // string, dateTime ...
	KindResource              // Patient ...
	KindBackbone              // an element with elements of its own: Patient.contact
)

// Type is a resource, data type, primitive, or the type of an inner element.
type Type struct {
	Name     string
	Kind     Kind
	Abstract bool  // Resource, DomainResource, Element, BackboneElement
	Base     *Type // nil for Resource and Element
	// Elements in the order of the definition, inherited ones first.
	Elements []*Element
	Pattern  string // for primitives: the package's regular expression, "" if none

	primitive primitive // for primitives: which
	props     atomic.Pointer[map[string]*Property]
}

// Element returns the element of that name ("value[x]" for a choice), nil if
// there is none.
func (t *Type) Element(name string) *Element {
	for _, e := range t.Elements {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// IsA reports whether t is the named type or derived from it.
func (t *Type) IsA(base string) bool {
	for ; t != nil; t = t.Base {
		if t.Name == base {
			return true
		}
	}
	return false
}

// Element is one element of a type.
type Element struct {
	Name      string // "family"; a choice ends in [x]: "value[x]"
	Min       int
	Max       int // 1, or Many
	Types     []ElementType
	Modifier  bool   // it may change the meaning of the rest
	Summary   bool   // part of _summary=true
	Attribute bool   // Element.id, Extension.url: never has extensions
	Reference string // content reference: the type of this name is used again; "" else
	Strength  string // of the binding: required extensible preferred example; "" none
	ValueSet  string // of the binding, as Defs.ValueSet takes it
	order     int    // place in its type
	base      string // name without [x]
	choice    bool
}

// Many is the Max of a repeating element.
const Many = 1<<31 - 1

// ElementType is one type that an element may have.
type ElementType struct {
	Type    *Type
	Targets []string // for Reference and canonical: allowed types; nil: any
}

// IsChoice reports whether the element's name in JSON carries its type:
// deceased[x] is deceasedBoolean or deceasedDateTime.
func (e *Element) IsChoice() bool { return e.choice }

// IsList reports whether the element repeats, and so is an array in JSON.
func (e *Element) IsList() bool { return e.Max > 1 }

// BaseName returns the name without [x], as FHIRPath has it.
func (e *Element) BaseName() string { return e.base }

// Property is one JSON property that an object of a type may have.
type Property struct {
	Name    string // "valueQuantity"; "_birthDate" for id and extensions of a primitive
	Element *Element
	Type    *Type     // what the value is; for a sibling with underscore, the primitive
	Shadow  bool      // the sibling with underscore
	index   int       // unique in its type, for finding what stands twice
	sibling *Property // the one with, or without, the underscore; nil if none
}

// Property returns what the JSON property of that name means in the type, nil
// if it has no such property. "resourceType" is not an element and so nil.
func (t *Type) Property(name string) *Property { return t.properties()[name] }

// Choice returns the property by which a choice has a value of that type:
// Choice("value", "Quantity") is valueQuantity. An element with one type is
// found too if it has that type. nil if there is none.
func (t *Type) Choice(name, typeName string) *Property {
	for _, p := range []*Property{t.Property(name + capital(typeName)), t.Property(name)} {
		if p != nil && p.Element.base == name && p.Type.Name == typeName {
			return p
		}
	}
	return nil
}

func (t *Type) properties() map[string]*Property {
	if m := t.props.Load(); m != nil {
		return *m
	}
	m := map[string]*Property{}
	for _, e := range t.Elements {
		if e.Max == 0 {
			continue // xhtml.extension
		}
		for _, et := range e.Types {
			name := e.Name
			if e.IsChoice() {
				name = e.base + capital(et.Type.Name)
			}
			prop := &Property{Name: name, Element: e, Type: et.Type, index: len(m)}
			m[name] = prop
			if et.Type.Kind == KindPrimitive && !e.Attribute {
				prop.sibling = &Property{Name: "_" + name, Element: e, Type: et.Type, Shadow: true, index: len(m), sibling: prop}
				m["_"+name] = prop.sibling
			}
		}
	}
	if !t.props.CompareAndSwap(nil, &m) {
		return *t.props.Load() // somebody else was first: a property is one pointer for all
	}
	return m
}
