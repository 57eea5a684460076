// Package wire is how bytes arrive and leave, one folder a protocol: mllp,
// http and file; by sftp and nats they leave only. It promises that every byte
// that came is accounted for: it belongs to a message that the Receiver got
// whole, or to a Fragment that was reported, or it is counted. A sender gets a
// positive answer only when the Receiver gave one, and memory does not grow with
// what senders do: large messages go through synced spool files, and all
// connections share one Memory.
//
// What a message says, whether it is kept and what is answered are the
// Receiver's business; wire reads no field of a message. (Of an answer, file and
// http read MSA-1: it decides between done and failed, and the status.)
package wire
