// Package telemetry tells a collector the way of each message, as OpenTelemetry traces
// by OTLP over HTTP. It promises that a message never waits for it: what finds no room
// is dropped and counted. It promises that all spans of one message are of one trace
// and know their parents, however often the engine was killed in between, since every
// id follows from what the journal keeps. And it tells nothing of what a message says:
// names are fixed words, attributes are names of the configuration, numbers, and codes
// that look like codes.
//
// The spans of a message:
//
//	receive             from its last byte until its answer is handed to the connection
//	├─ receive          the same message, sent again
//	├─ decide           from when it was taken in turn until its facts are kept
//	│  └─ deliver       from the fact that made the delivery until it is accepted, parked or cancelled
//	│     └─ attempt    one try
//	│        └─ answer  that came after the try had ended
//	└─ resend           a person sends it once more; with deliver spans below it
//
// What lies between the beginnings of deliver and its first attempt is waiting, and so
// is what lies between two attempts. receive, decide and deliver begin at full
// milliseconds, as the times of facts are: so none begins before its parent.
//
// A nil *Traces tells nothing, and passes on what a message came with.
package telemetry
