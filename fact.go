package handover

import (
	"strconv"
	"time"
)

// Offset is a fact's place in the journal, from 1 and without holes. A
// message's offset is its identity.
type Offset int64

// String returns the offset in decimal.
func (o Offset) String() string { return strconv.FormatInt(int64(o), 10) }

// FactKind says what a fact is. The numbers are part of journal format 1.
type FactKind uint8

// The kinds of fact.
const (
	Received      FactKind = 1  // a message, byte for byte
	Repeated      FactKind = 2  // the same message again; Cause is the first one
	Decided       FactKind = 3  // what became of a message: Decision
	Asserted      FactKind = 4  // what a message says of the record: Assertions
	Written       FactKind = 5  // what that made of the record: Writes
	Attempted     FactKind = 6  // a delivery's try, before bytes leave
	Ended         FactKind = 7  // how the try ended
	Parked        FactKind = 8  // taken out of the way: reason, owner, deadline
	Released      FactKind = 9  // put back
	Resent        FactKind = 10 // sent again by a person
	Commanded     FactKind = 11 // an API command and its result
	Configured    FactKind = 12 // a release of the configuration went live
	Accessed      FactKind = 13 // patient data was read
	Checkpointed  FactKind = 14 // a signed checkpoint of the tree
	EpochOpened   FactKind = 15 // after a restore
	RetentionDone FactKind = 16 // bodies were removed by rule
	Enclosed      FactKind = 18 // a document that a message carried: its bytes; Key is its DocumentKey
	Shaped        FactKind = 19 // what elements have in common: package bodies; before the first Asserted fact that uses it
	Answered      FactKind = 20 // what a receiver said, byte for byte
	Cancelled     FactKind = 21 // a delivery that a person gave up
	Paused        FactKind = 22 // nothing goes to a destination, by a route or from a source from now on: Pause
	Resumed       FactKind = 23 // and again
	Counted       FactKind = 24 // what doors and senders counted: Counting

	Edited FactKind = 28 // a message as a person changed it, byte for byte; Cause is the message as it came

	AlertOpened       FactKind = 25 // something is not as it should be: Alert
	AlertClosed       FactKind = 26 // and is again: AlertChange
	AlertAcknowledged FactKind = 27 // a person knows of it: AlertChange
)

var factNames = map[FactKind]string{
	Received: "received", Repeated: "repeated", Decided: "decided", Asserted: "asserted",
	Written: "written", Attempted: "attempted", Ended: "ended", Parked: "parked",
	Released: "released", Resent: "resent", Commanded: "commanded", Configured: "configured",
	Accessed: "accessed", Checkpointed: "checkpointed", EpochOpened: "epoch-opened",
	RetentionDone: "retention-done", Enclosed: "enclosed", Shaped: "shaped",
	Answered: "answered", Cancelled: "cancelled", Paused: "paused", Edited: "edited", Resumed: "resumed", Counted: "counted",
	AlertOpened: "alert-opened", AlertClosed: "alert-closed", AlertAcknowledged: "alert-acknowledged",
}

// String returns the kind's name, for example "received".
func (k FactKind) String() string {
	if n, ok := factNames[k]; ok {
		return n
	}
	return "fact-" + strconv.Itoa(int(k))
}

// Retention is how long a fact's body is kept. Headers and digests stay.
type Retention uint8

// The retention classes. The numbers are part of journal format 1.
const (
	KeepForever Retention = 0 // bodies without patient data
	KeepMessage Retention = 1 // message bodies, for example 90 days
	KeepRecord  Retention = 2 // what the record is made of
)

// Header describes a fact. It never holds patient data.
type Header struct {
	Kind    FactKind
	Time    time.Time // UTC, milliseconds; given by the journal, never falling
	Release string    // the configuration that was live
	Source  string    // for messages and what follows from them
	Cause   Offset    // the fact this one follows from; 0: none
	Class   Retention
	Actor   string // Actor.ID
	Format  string // media type of the body: "application/hl7-v2", "application/json", bodies.MediaType
	Answer  string // for Received: MSA-1 of the first answer, "" if none was owed
	Conn    string // for Received: the connection it came by, for order and diagnosis
	Trace   string // for Received: the W3C Trace Context it came with, traceparent and, after a space, tracestate; "": none
}

// Body is a fact's content: bytes in memory or, when large, a synced file that
// the journal takes over. Exactly one of Bytes and File is used.
type Body struct {
	Bytes []byte
	File  string // path of a spool file
	Size  int64  // length of File
}

// Len returns the content's length in bytes.
func (b Body) Len() int64 {
	if b.File != "" {
		return b.Size
	}
	return int64(len(b.Bytes))
}

// Draft is a fact that is about to be appended.
type Draft struct {
	Header  Header // without Time
	Key     []byte // ordering key: HMAC under the site key, or nil; of Enclosed: DocumentKey
	Body    Body
	Control string // for Received: MSH-10, against duplicates; "" is never one
	// CauseInBatch, if not nil, is the index of an earlier draft of the same
	// Append that is this one's cause, its offset not being known yet.
	CauseInBatch *int
}

// Entry is a fact as the journal keeps it.
type Entry struct {
	Offset Offset
	Header
	Key  []byte
	Body Body // empty where retention has removed it
	Gone bool // the body was removed; header and digest still verify
}

// Receipt is what the journal says of one appended draft.
type Receipt struct {
	Offset Offset
	Time   time.Time
	// First is the offset of the message that this one repeats (same source,
	// MSH-10 and bytes, within the window); 0: it is new. The fact appended
	// is then Repeated, without a body.
	First Offset
	// SameControl is the offset of an earlier message of the same source and
	// MSH-10 but other bytes; 0: none. It is kept and flagged.
	SameControl Offset
}
