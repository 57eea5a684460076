package handover

import "slices"

// State is what became of a message. Every message is in exactly one.
type State string

// States are all of them, in a fixed order.
var States = []State{StateReceived, StateRefused, StateDuplicate, StateFiltered, StateRouted, StateWaiting}

// The states, as `handover messages` prints them.
const (
	StateReceived  State = "received"  // kept, and not yet decided
	StateRefused   State = "refused"   // kept, and answered with an error
	StateDuplicate State = "duplicate" // came again; the first answer was given again
	StateFiltered  State = "filtered"  // taken out by a named rule
	StateRouted    State = "routed"    // at least one route took it
	StateWaiting   State = "waiting"   // waits for a person, with a reason
)

// Decision is what became of a message and why: the body of a Decided fact.
// It holds no patient data: problems carry positions, never content.
type Decision struct {
	State    State     `json:"state"`
	Reason   string    `json:"reason,omitempty"` // "no-route", "unreadable", the filter's name
	Routes   []string  `json:"routes,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
	// Deliveries are what is to be sent because of it, one for each destination.
	Deliveries []Delivery `json:"deliveries,omitempty"`
	// Record is what it makes of the record; nil: it does not go there.
	Record *Tally `json:"record,omitempty"`
}

// Problem is something wrong at a place.
type Problem struct {
	Where string `json:"where,omitempty"` // "PID-5.1", "byte 120"
	Text  string `json:"text"`
}

// Number returns a number for the state, from 1, by its place in States; 0 for what
// is none.
func (s State) Number() int { return slices.Index(States, s) + 1 }

// Weight is what a message in the state weighs in a sum over many, by which two lists
// of messages and their states are compared.
func (s State) Weight(message Offset) int64 { return (int64(message)%8191 + 1) * int64(s.Number()) }
