package handover

// State is what became of a message. Every message is in exactly one.
type State string

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
}

// Problem is something wrong at a place.
type Problem struct {
	Where string `json:"where,omitempty"` // "PID-5.1", "byte 120"
	Text  string `json:"text"`
}
