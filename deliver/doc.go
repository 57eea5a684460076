// Package deliver promises that every delivery that a fact has made ends in one of
// the ways a person can account for: accepted by the receiver, cancelled by a
// person, or waiting, under way or parked, with an owner who knows of it.
//
// Each destination has a queue of its own. What shares an ordering key goes in the
// journal's order, what shares none goes at the same time over as many connections
// as there are; a destination that is down holds up no other, and a message that
// cannot be sent holds up none but those of its keys.
//
// A try is in the journal before its first byte leaves, and how it ended is there
// before anything of the same key goes on. Whatever was begun and not ended when the
// engine stopped has ended as unknown: nothing is taken for delivered that nobody
// said was, and nothing is sent twice to a receiver that would take it twice.
//
// What is open is kept in memory up to a window, and in a table: a projection of the
// journal, built again from its facts. A delivery that ends before the table is
// written next never gets there.
package deliver
