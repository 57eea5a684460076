// Package http receives and sends messages by HTTP POST, one message a request; the
// answer has the acknowledgement as its body ("HL7 over HTTP", the draft that HAPI and
// others follow). Handler receives, Sender sends.
//
// The handler promises what every listener of wire promises: no positive
// status without the Receiver's word, every byte accounted for, memory within
// the shared budget. The status says what the acknowledgement says, so that a
// sender which looks at the status only is not misled: 200 with an AA or CA,
// 204 where nothing is owed, 400 with any other, and with an error its kind's
// status. Listening, TLS and the limits on connections belong to the
// net/http.Server around it; see wire.CheckAddress for which addresses are good.
//
// What is read: POST of application/hl7-v2, application/hl7-v2+er7 or
// x-application/hl7-v2+er7, not compressed. A charset parameter is allowed if
// its characters are bytes in ASCII's way, which UTF-16 is not; MSH-18 decides
// how the message is read, as everywhere. A W3C Trace Context in the headers goes with
// the message to the Receiver, and the Sender sends one on. Requests of one HTTP/1.1 connection
// come one after the other; those of one HTTP/2 connection have no order.
package http
