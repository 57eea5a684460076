package fhir

import "handover/fhirpath"

// namespace is where FHIRPath finds the types of this package.
const namespace = "FHIR"

// Name returns the element's name as FHIRPath has it, choices without their
// type: "value". "" for the root.
func (n *Node) Name() string {
	switch {
	case n == nil || n.prop == nil:
		return ""
	case n.prop.Element == nil:
		return n.prop.Name
	}
	return n.prop.Element.base
}

// Type returns FHIR.Patient, FHIR.dateTime, FHIR.Patient.contact; the zero
// TypeName where the element is unknown. Element.id and Extension.url are
// System.String, as the definitions say.
func (n *Node) Type() fhirpath.TypeName {
	switch {
	case n == nil || n.typ == nil:
		return fhirpath.TypeName{}
	case n.prop != nil && n.prop.Element != nil && n.prop.Element.Attribute:
		return fhirpath.TypeName{Namespace: "System", Name: "String"}
	}
	return fhirpath.TypeName{Namespace: namespace, Name: n.typ.Name}
}

// Children appends the child elements of that name to dst, items of arrays one
// by one; all of them where name is "".
func (n *Node) Children(dst []fhirpath.Node, name string) []fhirpath.Node {
	if n == nil {
		return dst
	}
	from := n
	if n.extra != 0 {
		from = &n.doc.nodes[n.extra]
	}
	if from.kind != kindObject {
		return dst
	}
	nodes := n.doc.nodes
	for i := from.self + 1; i < from.next; i = nodes[i].next {
		c := &nodes[i]
		if c.hidden || name != "" && c.Name() != name {
			continue
		}
		if c.kind != kindArray {
			dst = append(dst, c)
			continue
		}
		for j := c.self + 1; j < c.next; j = nodes[j].next {
			if item := &nodes[j]; !item.isEmpty() {
				dst = append(dst, item)
			}
		}
	}
	return dst
}

// Value returns the System value that the node stands for (FHIR R4 FHIRPath
// §"Use of FHIR Quantity" and §"Using FHIR types"), false where there is none.
// A primitive whose text is not valid for its type is a String.
func (n *Node) Value() (fhirpath.Value, bool) {
	switch {
	case n == nil:
		return nil, false
	case n.kind == kindBool:
		return fhirpath.Boolean(n.doc.text[n.start] == 't'), true
	case n.kind == kindNumber:
		return n.number()
	case n.kind == kindString:
		return n.stringValue(), true
	case n.kind == kindObject && n.typ != nil && n.typ.IsA("Quantity"):
		return n.quantity()
	}
	return nil, false
}

func (n *Node) number() (fhirpath.Value, bool) {
	text := n.Text()
	if n.typ != nil && n.typ.primitive != primDecimal && n.typ.primitive.check(text) == "" {
		return fhirpath.Integer(signed(text)), true
	}
	if d, err := fhirpath.ParseDecimal(text); err == nil {
		return d, true
	}
	return nil, false
}

// signed reads a whole number that check has passed.
func signed(s string) int32 {
	if s[0] == '-' {
		return int32(-number(s[1:]))
	}
	return int32(number(s))
}

func (n *Node) stringValue() fhirpath.Value {
	text := n.Text()
	if n.typ == nil {
		return fhirpath.String(text)
	}
	switch n.typ.primitive {
	case primDate:
		if d, err := fhirpath.ParseDate(text); err == nil {
			return d
		}
	case primDateTime, primInstant:
		if d, err := fhirpath.ParseDateTime(text); err == nil {
			return d
		}
	case primTime:
		if d, err := fhirpath.ParseTime(text); err == nil {
			return d
		}
	}
	return fhirpath.String(text)
}

// UCUM is the code system of units.
const UCUM = "http://unitsofmeasure.org"

// quantity is a value with a UCUM code, or without any unit. With a comparator
// (<, >= ...) it is a range and so no single value.
func (n *Node) quantity() (fhirpath.Value, bool) {
	value, err := fhirpath.ParseDecimal(n.Get("value").Text())
	if err != nil || n.Get("comparator") != nil {
		return nil, false
	}
	code, system := n.Get("code").Text(), n.Get("system").Text()
	switch {
	case code != "" && system == UCUM:
		return fhirpath.Quantity{Number: value, Unit: code}, true
	case code == "" && n.Get("unit") == nil:
		return fhirpath.Quantity{Number: value, Unit: "1"}, true
	}
	return nil, false
}

// Model returns R4's types for FHIRPath.
func Model() fhirpath.Model { return model{} }

type model struct{}

// Base returns what t specialises.
func (model) Base(t fhirpath.TypeName) (fhirpath.TypeName, bool) {
	if t.Namespace != "" && t.Namespace != namespace {
		return fhirpath.TypeName{}, false
	}
	d := Definitions().Type(t.Name)
	if d == nil {
		return fhirpath.TypeName{}, false
	}
	if d.Base == nil {
		return fhirpath.TypeName{}, true
	}
	return fhirpath.TypeName{Namespace: namespace, Name: d.Base.Name}, true
}

// Element returns the types that an element may have.
func (model) Element(t fhirpath.TypeName, name string) ([]fhirpath.TypeName, bool) {
	d := Definitions().Type(t.Name)
	if d == nil {
		return nil, false
	}
	for _, e := range d.Elements {
		if e.base != name {
			continue
		}
		types := make([]fhirpath.TypeName, len(e.Types))
		for i, et := range e.Types {
			types[i] = fhirpath.TypeName{Namespace: namespace, Name: et.Type.Name}
		}
		return types, true
	}
	return nil, false
}
