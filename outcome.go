package handover

// Ending says how an attempt to deliver a message ended.
type Ending string

// The endings. What follows from each differs, and none is ever taken for another.
const (
	Accepted Ending = "accepted" // the receiver says that it has the message
	Rejected Ending = "rejected" // it says that it will not take it: to send it again is no use
	Failed   Ending = "failed"   // it was not sent, for certain: it may be sent again
	Unknown  Ending = "unknown"  // it was sent, and whether it was kept nobody said: to send it again may double it
)

// Outcome is how an attempt to deliver a message ended, and why.
type Outcome struct {
	Ending Ending
	Code   string // the receiver's: MSA-1, an HTTP status
	Reason string // in our words, without anything of the message or the answer; "" where the code says it
	Answer []byte // as it came; nil where none did
}
