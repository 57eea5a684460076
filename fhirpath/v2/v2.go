// Package v2 makes an HL7 v2 message a tree for fhirpath. It promises that an
// expression sees what the sender said and nothing else: an absent value is an
// empty collection, the null value "" is the String '""', and text is decoded.
//
// The children of a message are its segments, and the groups of its structure:
//
//	OBX.where(v2('3.1') = '718-7').v2('5')
//	PATIENT_RESULT.ORDER_OBSERVATION.where(v2('OBR-25') = 'F').OBX.count()
//
// v2() takes an address as the standard writes it and yields all that is there:
// every repetition, of every segment of that name, unless the address says
// which. An address that begins with a segment is looked up in the whole
// message, but from a group, and from what was reached through a group, in that
// group. One that begins with a number goes on from $this:
//
//	v2('PID-5.1')      component 1 of each repetition of field 5 of each PID
//	PID.v2('3[2].4.2') subcomponent 2 of component 4 of its second repetition
//	v2('PID-3').where(v2('5') = 'MR').v2('1')
//
// valued() is true where its input holds content, and so neither is absent nor
// null. Numbers and dates are Strings here, as they are in v2.
//
// A node's text shares the memory of its message; who keeps a String beyond
// the message should clone it.
package v2

import (
	"handover/fhirpath"
	"handover/hl7v2"
)

// Null is what the null value "" of v2 reads as (HL7 v2.9 §2.5.3).
const Null fhirpath.String = `""`

// Functions are v2() and valued(), for fhirpath.Options.
func Functions() map[string]fhirpath.Function {
	return map[string]fhirpath.Function{
		"v2":     {Min: 1, Max: 1, Call: callV2, Prepare: prepareV2},
		"valued": {Call: callValued},
	}
}

// Compile compiles an expression over v2 trees. Addresses that are literals
// are checked.
func Compile(expr string) (*fhirpath.Expr, error) {
	return fhirpath.Compile(expr, fhirpath.Options{Functions: Functions()})
}

// Message returns the message as a tree.
func Message(m *hl7v2.Message) fhirpath.Node { return &messageNode{m: m} }

// Group returns one group of a message as a tree, in which addresses find only
// the segments of the group and of the groups within it.
func Group(g *hl7v2.Group) fhirpath.Node { return &groupNode{g} }

// Segment returns one segment of m as a tree.
func Segment(m *hl7v2.Message, s hl7v2.Segment) fhirpath.Node {
	return &segmentNode{Message(m).(scope), s}
}

// Field returns one repetition of a field of m as a tree: the root for
// expressions about a data type, in which v2('4.2') is subcomponent 2 of
// component 4.
func Field(m *hl7v2.Message, v hl7v2.Value) fhirpath.Node {
	return &valueNode{scope: Message(m).(scope), value: v}
}
