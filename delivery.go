package handover

import "time"

// Delivery is one message that is to be sent to one destination. The fact that
// says so (Decided, Resent) and the destination are its identity: DeliveryID.
type Delivery struct {
	To    string   `json:"to"`              // the destination
	Route string   `json:"route,omitempty"` // that led there
	Keys  []string `json:"keys,omitempty"`  // OrderKey: it goes after everything before it that shares one
	Hold  bool     `json:"hold,omitempty"`  // while it is parked, what shares a key with it waits
}

// DeliveryID is the identity of a delivery. The facts that tell of it begin with it;
// their cause is the message.
type DeliveryID struct {
	Of Offset `json:"of"` // the fact that made it
	To string `json:"to"` // the destination
}

// Attempt is the body of an Attempted fact: a try that begins, before bytes leave.
type Attempt struct {
	DeliveryID
	Try int `json:"try"` // from 1
}

// Result is the body of an Ended fact. It holds nothing that the receiver said but
// its code; an Answered fact beside it has the rest, where there is any to tell.
type Result struct {
	DeliveryID
	Try    int    `json:"try"`
	Ending Ending `json:"ending"`
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"` // in our words: "no answer came within 1m0s"
	Late   bool   `json:"late,omitempty"`   // it came after the try had ended as Unknown
}

// Parking is the body of a Parked fact.
type Parking struct {
	DeliveryID
	Reason   string    `json:"reason"` // "rejected", "unknown", "given-up", "by-hand"
	Owner    string    `json:"owner"`
	Deadline time.Time `json:"deadline,omitzero"`
	Why      string    `json:"why,omitempty"` // what the person says who parked it
}

// Ruling is the body of a Released or Cancelled fact: a person decided about a
// parked delivery.
type Ruling struct {
	DeliveryID
	Why string `json:"why"`
}

// Pause is the body of a Paused or Resumed fact: of a destination, to which nothing is
// sent; of a source, whose listener is closed, so that it keeps its messages; or of a
// route, of whose deliveries none is sent.
type Pause struct {
	Destination string `json:"destination,omitempty"`
	Source      string `json:"source,omitempty"`
	Route       string `json:"route,omitempty"`
	Why         string `json:"why"`
}

// Resending is the body of a Resent fact: a person sends a message once more, as it
// was or as an Edited fact has it. It makes deliveries of its own, as a Decision does.
type Resending struct {
	Deliveries []Delivery `json:"deliveries"`
	Edited     Offset     `json:"edited,omitempty"` // the Edited fact; 0: as it was
	Why        string     `json:"why"`
}
