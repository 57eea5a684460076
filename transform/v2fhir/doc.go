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
//go:generate go run ./gen -from ../../../shared/data/v2-to-fhir/mappings -to maps
package v2fhir
