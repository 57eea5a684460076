// Package fhir reads, checks, navigates and builds FHIR R4 (4.0.1) resources.
//
// It promises that nothing is changed on the way: a resource is a tree over
// the JSON bytes that came, a decimal keeps its digits, and what a sender wrote
// wrongly is reported with line, column and path, never repaired in silence.
// Problems name places and rules, never content.
//
//   - Definitions: what HL7's official package says of every type, element,
//     search parameter, compartment and required value set.
//   - Parse: strict JSON into a tree of Nodes, with every problem found.
//   - Builder: a resource from paths such as name[0].family.
//   - IndexValues: what a search parameter finds in a resource.
//   - DateRange, ParseReference and their kin: the primitives' meaning.
//
// Full validation (cardinality, bindings, invariants, profiles) and XML are not
// here; storage and bundles belong to others.
package fhir

//go:generate go run ./internal/gen -from ../../shared/data/fhir-r4-core-4.0.1 -to definitions.txt
