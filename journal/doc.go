// Package journal keeps every fact, in order, before anyone is told. It
// promises:
//
//   - when Append returns without an error, its facts are on disk, next to each
//     other and in order, and no crash takes them away;
//   - when Append returns an error, none of them counts, although after an
//     I/O failure they may be found there on the next start, as messages that
//     were never acknowledged;
//   - a message that comes again within the window is not kept twice;
//   - nothing that was appended can be changed without Verify finding it, and
//     a fact's body can be removed by rule without breaking the proof.
//
// What facts mean, and what follows from them, it leaves to others. The format
// is docs/formats/journal-1.md.
package journal
