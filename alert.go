package handover

// Severity says how soon somebody must look.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // at once: what is said to be so may not be
	Warning  Severity = "warning"  // today: something is late, or about to be
)

// Alert is the body of an AlertOpened fact: something is not as it should be. It
// holds no patient data.
type Alert struct {
	Kind     string   `json:"kind"`    // "silence"; its runbook has the same name
	Subject  string   `json:"subject"` // the source, the destination, the part
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`
}

// AlertChange is the body of an AlertClosed fact (it is as it should be again) or of an
// AlertAcknowledged one (a person knows of it). The cause is the AlertOpened fact.
type AlertChange struct {
	Of  Offset `json:"of"`
	Why string `json:"why,omitempty"` // what the person says
}
