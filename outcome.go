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
	Ending Ending `json:"ending"`
	Code   string `json:"code,omitempty"` // the receiver's: MSA-1, an HTTP status
	Text   string `json:"text,omitempty"` // what it, or the way to it, says of the reason
	Answer []byte `json:"-"`              // as it came; nil where none did
}
