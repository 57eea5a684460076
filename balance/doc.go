// Package balance promises that what came in is what became of it, and names the
// place where it is not.
//
// It keeps a book of its own: from the journal's facts alone, by rules of its own,
// how many messages came from each source and what became of each, how many
// deliveries were made for each destination and how each ended, how many resources
// each message spoke of and what came of them. Three things are held against it:
//
//   - what doors and senders counted, each for itself (Counted facts);
//   - the facts among each other: a message that was passed over, a decision or an
//     outcome that comes twice, a try of what is not to be sent;
//   - the tables of trace, deliveries and record, stretch by stretch, round and
//     round: a row that is gone or says something else.
//
// It shares no code with what it checks.
package balance
