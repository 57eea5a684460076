// Package file receives messages from a watched folder: one message a file, or
// many, or batch files (HL7 v2.9 §2.10.3).
//
// The folder promises that a file is taken only when it is whole, that nothing
// is deleted or overwritten, and that a file is moved away only when each of
// its messages was kept or refused by the Receiver:
//
//	DROP/name.hl7          put there by the sender, best by renaming
//	DROP/name.hl7.ack      the answers, in order; the sender's copy, which it may take away
//	DROP/done/name.hl7     every message was taken; beside it name.hl7.ack
//	DROP/failed/name.hl7   one at least was not, or something in the file is no message;
//	                       beside it name.hl7.ack, and name.hl7.why with every reason and its line
//
// If the name is taken in done or failed, the file becomes name.2.hl7 and so
// on. Only DROP/name.hl7.ack is replaced, when a file of that name comes again.
//
// Whole is a file whose size and time have not changed for Config.Settle. Names
// that begin with a dot, or end in .tmp, .part, .filepart, .partial, .ack or .why, are
// never taken, and neither are empty files and folders. The folder is looked
// at every Config.Poll, because notices of changes do not come from network
// drives.
//
// If the Receiver cannot keep a message, the file stays where it is and is
// tried again, all of it. The same happens after a crash. The messages that
// were kept before come as duplicates then, and the journal knows them.
//
// A file may be in UTF-16, unlike what comes over a connection. Its messages are
// given to the Receiver as the very bytes of the file, with Arrival.Format
// saying so and Arrival.Head in UTF-8; hl7v2.FromUTF16 makes them readable. The
// byte order mark goes with the first message, so that a file of one message is
// kept as the bytes it was.
//
// A file's name may say something about a patient, so no log line has it.
//
// Sender is the other way: it puts messages into a folder, for others to take.
package file
