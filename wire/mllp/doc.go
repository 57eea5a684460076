// Package mllp receives and sends messages by the Minimal Lower Layer Protocol
// (HL7 v2 Transport Specification: MLLP, Release 1): VT, the message, FS, CR.
//
// The server promises that a message reaches the Receiver byte for byte however
// the network split it, that the messages of one connection are handled one
// after the other and answered in order, and that every byte outside a whole
// frame is reported as a wire.Fragment or counted. It holds one connection
// back, never grows memory, when the Receiver is slow: what a sender sends
// ahead waits in the network.
//
// # What counts as a frame
//
// The specification allows no byte below 0x20 but CR in a message. Real senders
// break that, so:
//
//   - FS ends the frame if CR, LF, VT or the end of the connection follows, or
//     nothing for Config.Trailer. Only CR is right; the rest is noted as a
//     problem. FS before any other byte is content, noted as a problem.
//   - VT within a frame, if MSH, FHS or BHS follows, begins a new frame: the
//     sender gave up the one before, which becomes a fragment. Any other VT
//     within a frame is content, noted as a problem.
//   - CR and LF between frames are counted and left. Everything else there is
//     a fragment, noted as a problem of the message that follows.
//
// Character sets whose bytes can be 0x0B or 0x1C are therefore impossible over
// MLLP: UTF-16 and UTF-32, which the specification forbids. UTF-8, ISO 8859,
// GB 18030, BIG-5, KS X 1001 and the ISO 2022 sets have no such bytes within
// characters.
package mllp
