package wire

import (
	"handover"
	"handover/hl7v2"
)

// Outcome says what an answer to a message means, by its MSA-1, and whether it is the
// last word: an accept acknowledgement (CA) is not where the message asks for an
// application acknowledgement too (HL7 v2.9 §2.9.3).
func Outcome(code string, answer []byte, asked hl7v2.Answers) (o handover.Outcome, final bool) {
	o = handover.Outcome{Ending: handover.Unknown, Code: code, Answer: answer}
	switch code {
	case "AA":
		o.Ending = handover.Accepted
	case "AE", "AR", "CE", "CR":
		o.Ending = handover.Rejected
	case "CA":
		if asked.Application.Asks(hl7v2.Accepted) {
			return o, false // it is safe there; what becomes of it is said later
		}
		o.Ending = handover.Accepted
	default:
		o.Reason = "the answer's MSA-1 is no acknowledgement code"
		if len(code) > 2 { // it may say anything
			o.Code = ""
		}
	}
	return o, true
}
