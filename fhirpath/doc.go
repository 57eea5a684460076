// Package fhirpath compiles and evaluates FHIRPath 2.0 (normative, N1) over any
// tree. It promises: an expression that compiles is never guessed at when it
// runs (what the language leaves empty is empty, what it forbids is an error
// with line and column); evaluation ends, whatever expression and tree it is
// given, within stated limits of steps, depth and length; decimals keep their
// digits; dates keep their precision; and no error text holds content of the
// tree. It reads no clock and does no I/O: time, references and terminology
// come in through Context.
//
// A tree is anything that implements Node. Trees that know types (FHIR) tell
// them by Node.Type and describe them by a Model; trees that do not (plain
// JSON, HL7 v2) work without one.
//
//	e, err := fhirpath.Compile("name.where(use = 'official').family", fhirpath.Options{})
//	families, err := e.Evaluate(fhirpath.Context{Root: patient})
//
// An Expr is compiled once and may be evaluated by many goroutines at a time.
//
// Beyond N1 the package has what FHIR R4 adds (extension, hasValue, getValue,
// resolve, memberOf, conformsTo), and of the later ballots what published suites
// use: sort, lastIndexOf, matchesFull, trim, split, join, encode, decode,
// escape, unescape, lowBoundary, highBoundary, precision and comparable.
// Regular expressions are RE2. Where a published suite and the specification
// differ, the specification holds; testdata/waiting.txt says where.
//
// Not here: units (quantities of different UCUM units compare as unknown unless
// Context.Convert knows better, and products of units are empty), the
// terminology functions beyond memberOf, FHIR's elementDefinition, slice,
// checkModifiers and htmlChecks, and of the later ballots Long, defineVariable,
// coalesce and repeatAll.
package fhirpath
