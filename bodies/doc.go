// Package bodies writes and reads the bodies of Asserted, Written and Shaped
// facts in the form in which the journal keeps them.
//
// It promises that what was written reads back the same, member by member and
// byte by byte of every value; that a shape, which all messages share and which
// is kept for ever, holds nothing that came from a message; and that a body
// which is not what was written gives an error, whatever its bytes are. When a
// fact is appended, and which facts belong together, it leaves to its callers.
//
// docs/formats/facts.md has the layout.
package bodies
