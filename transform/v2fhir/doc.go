// Package v2fhir turns a v2 message into what it asserts of the FHIR record, by
// HL7's published v2-to-FHIR map 1.0.0. It promises:
//
//   - Nothing is made up: no code, status or date that neither the message nor
//     the map states. A required element without a source is left out and listed.
//   - Nothing vanishes: every valued field that became nothing is listed with its
//     reason (handover.Left).
//   - Everything can be explained: each value names its field and the rules that
//     led from there, by the rows of HL7's spreadsheets.
//
// Convert is pure: the same message and Config give the same assertions, byte
// for byte. The maps are text files (maps/, docs/formats/map.md), made by gen
// from the published spreadsheets with every correction listed in
// maps/corrections.txt, or composed by hand where HL7 has none (maps/composed).
// docs/guide/v2-to-fhir.md tells what was decided where the map leaves a choice.
//
// Ids are not given here: a resource has a handle within its message and the
// identities by which the record knows it.
//
// # How a map is compiled
//
// The maps are read and compiled once a process (library.go, compile.go). A
// message map becomes a messagePlan: what is made of a segment in its place. A
// segment map becomes a segmentPlan, a list of rules in the map's order. A data
// type map is compiled anew for each rule that uses it (datatypePlan), so that a
// rule knows the whole way that led to it and a table handed down to it; what is
// the same in every such place is kept once (once.go). The plans are large and
// live as long as the process, so they are few objects: each garbage collection
// walks over them. Property names have numbers (step.go); what is known of
// segments by their names and of resources by their types is looked up once a
// message (segmentKind, resourceKind).
//
// # How a message runs through it
//
//  1. begin notes the segments; walk goes through them as the structure groups
//     them and finds the entries of the message map (run.go).
//  2. For each entry, rules runs the segment map over the segment (apply.go). Only
//     the rules of fields and parts that are valued are tried. A rule writes at a
//     spot, a place that is made only then, in the tree of a resource (tree.go):
//     a node for each element, with its value as JSON and where it came from.
//  3. assemble drops what came from constants alone, makes one of what is the
//     same, names the resources and finds by what they are known (assemble.go,
//     identity.go).
//  4. The trees are written slot by slot (slots.go, json.go) into one buffer, and
//     the origins into another; take makes the assertions of them (writer.go).
//  5. What no rule took is listed (left.go).
//
// # Who owns which memory
//
// All of a run that nobody sees afterwards is in a scratch (slab.go), which goes
// back to a pool when Convert returns: nodes, spots and resources in slabs, lists,
// and the buffers. Nothing that Convert returns refers to it. The assertions own
// their values (one block of bytes), origins and elements (one block each) and
// the paths and fields of the origins (one string); identities may share the
// message's memory, rules and names are the maps'.
//
//go:generate go run ./gen -from ../../../shared/data/v2-to-fhir/mappings -to maps
package v2fhir
