package hl7v2

import "strings"

// conditions are the texts of HL7 table 0357.
var conditions = map[string]string{
	"0":   "Message accepted",
	"100": "Segment sequence error",
	"101": "Required field missing",
	"102": "Data type error",
	"103": "Table value not found",
	"104": "Value too long",
	"198": "Non-Conformant Cardinality",
	"199": "Other HL7 Error",
	"200": "Unsupported message type",
	"201": "Unsupported event code",
	"202": "Unsupported processing id",
	"203": "Unsupported version id",
	"204": "Unknown key identifier",
	"205": "Duplicate key identifier",
	"206": "Application record locked",
	"207": "Application error",
}

func conditionText(code string) string { return conditions[code] }

// errorPlace is an error's position as ERR has it.
type errorPlace struct {
	Address
	isKnown bool
}

// placeOf reads AckError.Where. A place within groups has no segment number
// that counts through the message, so none is told.
func placeOf(where string) errorPlace {
	a, err := ParseAddress(where)
	if err != nil {
		return errorPlace{}
	}
	if len(a.Group) > 0 {
		a.Occurrence = 0
	} else if a.Occurrence == 0 {
		a.Occurrence = 1
	}
	return errorPlace{a, true}
}

// newErrors writes an ERR for each error, as from v2.5 on (HL7 v2.9 §2.13.5):
// ERR-2 location (ERL), ERR-3 code, ERR-4 severity, ERR-7 the place where it
// is no address, ERR-8 text.
func (w *ackWriter) newErrors(a Acknowledgement) {
	for _, e := range a.Errors {
		w.segment("ERR")
		p := placeOf(e.Where)
		if p.isKnown {
			w.field(2, p.Segment, number(p.Occurrence), number(p.Field), p.repetition(), number(p.Component), number(p.Subcomponent))
		}
		w.field(3, e.Code, conditionText(e.Code), "HL70357")
		w.field(4, e.severity())
		if !p.isKnown || len(p.Group) > 0 {
			w.field(7, e.Where)
		}
		w.field(8, e.Text)
		w.end()
	}
}

// repetition is 1 where a field is told without one, since ERL.4 counts from 1.
func (p errorPlace) repetition() string {
	if p.Field != 0 && p.Repetition == 0 {
		return "1"
	}
	return number(p.Repetition)
}

func (e AckError) severity() string {
	if e.Severity == "" {
		return "E"
	}
	return e.Severity
}

func (e AckError) isWarning() bool { return e.Severity == "W" || e.Severity == "I" }

// oldErrors writes one ERR with a repetition of ERR-1 for each error, as up to
// v2.4 (HL7 v2.4 §2.16.4): segment, sequence, field, and from v2.2 on the
// code. ELD cannot tell a warning from an error, so warnings are left out.
func (w *ackWriter) oldErrors(a Acknowledgement) {
	var repetitions []string
	for _, e := range a.Errors {
		if e.isWarning() {
			continue
		}
		p := placeOf(e.Where)
		parts := []string{p.Segment, number(p.Occurrence), number(p.Field), ""}
		text := w.join(w.delims.Component, parts[:3])
		if !w.version.before(2, 2) && w.delims.Component != 0 {
			separators := 3 - strings.Count(text, string(w.delims.Component))
			code := w.join(w.delims.Subcomponent, []string{e.Code, conditionText(e.Code), "HL70357"})
			text += strings.Repeat(string(w.delims.Component), separators) + code
		}
		repetitions = append(repetitions, text)
	}
	if len(repetitions) == 0 {
		return
	}
	if w.delims.Repetition == 0 {
		repetitions = repetitions[:1]
	}
	w.segment("ERR")
	w.fieldRaw(1, strings.Join(repetitions, string(w.delims.Repetition)))
	w.end()
}
