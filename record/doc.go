// Package record keeps every version of every resource, and can say of each
// element which message it came from.
//
// It promises that the record is a function of what was said, not of the order
// in which it arrived: for every resource, source and element it keeps the
// newest word, and composes each version from these by the rules of ownership.
// Old news never overwrites new, a status never goes back except by a
// correction, what would contradict an identity is parked and not written, and
// what a source did not say is not there.
//
// Compose turns the assertions of one message into writes, without a clock and
// without randomness. Apply makes the tables from the facts that the journal
// kept; thrown away and applied again, the facts give the same tables. Reading,
// history and search see what was applied, and take the reader's access and the
// offset that they must have seen.
//
// What messages mean is left to transform, who may read to access, and who is
// the same person, where no message says so, to identity.
package record
