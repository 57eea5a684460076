package hl7v2

import "strings"

// Condition is when an acknowledgement is asked for (HL7 table 0155).
type Condition uint8

// The conditions.
const (
	Never     Condition = iota // NE
	Always                     // AL
	OnError                    // ER: only for error and reject
	OnSuccess                  // SU: only for success
)

// Asks reports whether an acknowledgement of that outcome is asked for.
func (c Condition) Asks(o Outcome) bool {
	switch c {
	case Always:
		return true
	case OnError:
		return o != Accepted
	case OnSuccess:
		return o == Accepted
	}
	return false
}

// String returns the code of table 0155.
func (c Condition) String() string { return [...]string{"NE", "AL", "ER", "SU"}[c] }

// Outcome is what became of a message.
type Outcome uint8

// The outcomes. An error is for the sender to mend or to send again; a reject
// says that the message cannot be processed for a reason that is not in its
// content: type, version, processing id, or the receiver's own state.
const (
	Accepted Outcome = iota
	InError
	Rejected
)

// AcceptCode returns the code of an accept acknowledgement: CA, CE or CR (HL7
// table 0008).
func (o Outcome) AcceptCode() string { return [...]string{"CA", "CE", "CR"}[o] }

// ApplicationCode returns the code of an application acknowledgement: AA, AE
// or AR (HL7 table 0008).
func (o Outcome) ApplicationCode() string { return [...]string{"AA", "AE", "AR"}[o] }

// MessageKind is what a message is as far as acknowledging it goes.
type MessageKind uint8

// The kinds of message.
const (
	Initiating       MessageKind = iota // an event, an order, a result ...
	Query                               // asks for a response; nobody serving it: AR with 207
	ApplicationReply                    // an application acknowledgement or a response
	AcceptReply                         // CA, CE or CR
)

// String returns the kind's name, for example "query".
func (k MessageKind) String() string {
	return [...]string{"initiating", "query", "application reply", "accept reply"}[k]
}

// Answers is what a message asks for. Where Accept and Application both apply
// they are two messages: first the accept acknowledgement, when the message is
// safe, then the application acknowledgement, when it is processed.
type Answers struct {
	Kind        MessageKind
	Enhanced    bool // acknowledgement mode by MSH-15 and MSH-16
	Accept      Condition
	Application Condition
}

// answerRule is a row of the table of answers.
type answerRule struct {
	kind                  MessageKind
	enhanced              bool
	accept, application   func(msh15, msh16 Condition) Condition
	acceptIs, applicateIs string // the same in words, for the page
	why                   string
}

func never(_, _ Condition) Condition       { return Never }
func always(_, _ Condition) Condition      { return Always }
func byMSH15(msh15, _ Condition) Condition { return msh15 }
func byMSH16(_, msh16 Condition) Condition { return msh16 }

// answerTable says which answers a message asks for (HL7 v2.9 §2.9.2 and
// §2.9.3, §2.13.9.15 and §2.13.9.16). docs/formats/acknowledgements.md is made
// from it.
var answerTable = []answerRule{
	{Initiating, false, never, always, "never", "always",
		"original mode: the receiving application answers every message"},
	{Initiating, true, byMSH15, byMSH16, "as MSH-15 says", "as MSH-16 says",
		"enhanced mode: the two answers are asked for one by one"},
	{Query, false, never, always, "never", "always: the response, or AR with 207 where nobody serves the query",
		"the response is the application acknowledgement"},
	{Query, true, byMSH15, byMSH16, "as MSH-15 says", "as MSH-16 says: the response, or AR with 207",
		"the response is the application acknowledgement"},
	{ApplicationReply, false, never, never, "never", "never",
		"an acknowledgement or a response is not acknowledged"},
	{ApplicationReply, true, byMSH15, never, "as MSH-15 says", "never",
		"its sender may ask whether the reply arrived; MSH-16 of a reply is NE whatever it says"},
	{AcceptReply, false, never, never, "never", "never",
		"an accept acknowledgement ends the exchange"},
	{AcceptReply, true, never, never, "never", "never",
		"an accept acknowledgement ends the exchange, whatever its MSH-15 and MSH-16 say"},
}

// Expected returns which answers a message asks for. For nil, a message whose
// MSH cannot be read, it is an application acknowledgement in original mode:
// nothing says that the sender waits for another one.
func Expected(m *Message) Answers {
	kind, enhanced := Initiating, false
	var msh15, msh16 Condition
	if m != nil {
		msh := m.First("MSH")
		kind = kindOf(m)
		enhanced = msh.Field(15).IsValued() || msh.Field(16).IsValued()
		msh15, msh16 = conditionOf(msh.Field(15)), conditionOf(msh.Field(16))
	}
	for _, r := range answerTable {
		if r.kind == kind && r.enhanced == enhanced {
			return Answers{kind, enhanced, r.accept(msh15, msh16), r.application(msh15, msh16)}
		}
	}
	return Answers{Kind: kind, Enhanced: enhanced} // a test shows that every pair has its row
}

// conditionOf reads MSH-15 or MSH-16. In enhanced mode an absent one is NE. A
// code that is not in table 0155 counts as AL: a sender that waits in vain
// sends again, one that gets an answer too many passes over it.
func conditionOf(v Value) Condition {
	if !v.IsValued() {
		return Never
	}
	switch strings.ToUpper(strings.TrimSpace(v.Component(1).Text())) {
	case "NE":
		return Never
	case "ER":
		return OnError
	case "SU":
		return OnSuccess
	}
	return Always
}

// queryCodes are the message codes that ask for a response (HL7 table 0076).
const queryCodes = "CNQ EQQ ERQ MFQ NMQ OSQ QBP QCN QRY QSB QSX QVR RQC RQI RQP RQQ SPQ SQM VQQ VXQ"

// replyCodes are the message codes of acknowledgements and responses (HL7
// table 0076).
const replyCodes = "ACK ADR ARD BRP BRT CCI CQU DOC DSR EDR ERP MCF MFD MFK MFR NMR OPR ORA ORB ORD ORF " +
	"ORG ORI ORL ORN ORP ORR ORS ORX OSR PPT PPV PRR PTR QCK RAR RCI RCL RDR RDY RER RGR ROR RPA RPI " +
	"RPL RPR RRA RRD RRE RRG RRI RSP RTB SQR SRR TBR VXR VXX"

// kindOf tells replies by MSA, which only a reply has, or by their type.
func kindOf(m *Message) MessageKind {
	code, _, _ := m.Type()
	msa := m.First("MSA")
	switch {
	case msa.Valid():
		if c := msa.Field(1).Raw(); len(c) == 2 && c[0] == 'C' {
			return AcceptReply
		}
		return ApplicationReply
	case hasCode(replyCodes, code):
		return ApplicationReply
	case hasCode(queryCodes, code):
		return Query
	}
	return Initiating
}

// hasCode reports whether a message code stands in a list of them.
func hasCode(list, code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(list, code)
}
