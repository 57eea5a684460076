// Package nats sends messages to streams of a NATS server (JetStream).
//
// It promises that a message is Accepted only when a stream says that it has stored it:
// NATS itself acknowledges nothing, so that what was merely published counts for nothing.
// An Outcome says no more than is known, and a message that is said to have Failed never
// leaves afterwards: the client neither keeps messages back until it has a connection
// again nor sends any twice by itself.
//
// Each message has an id made from its subject and its bytes, so that a stream knows the
// same bytes again within its duplicate window. How safely a stream keeps what it says it
// has stored is its own configuration's business.
package nats
