package hl7v2

import (
	"strconv"
	"strings"
	"time"
)

// Acknowledgement is what an answer says.
type Acknowledgement struct {
	Code      string     // MSA-1, HL7 table 0008: AA, AE, AR, CA, CE or CR
	Errors    []AckError // what is wrong; may be empty
	Time      time.Time  // MSH-7; left out where zero
	ControlID string     // MSH-10 of the answer
}

// AckError is one thing wrong, as the sender is told of it.
type AckError struct {
	Where    string // an address: "PID-5.1", "OBX[3]-5"; other text is told as a diagnostic; may be ""
	Code     string // HL7 table 0357: "101"
	Severity string // HL7 table 0516: "E", "W", "I" or "F"; "" is "E"
	Text     string // for people; positions, never content
}

// ErrorsOf turns what Parse reported into what the sender is told: fatal
// problems as errors, the others as warnings.
func ErrorsOf(problems []Problem) []AckError {
	var list []AckError
	for _, p := range problems {
		severity := "W"
		if p.Fatal {
			severity = "E"
		}
		list = append(list, AckError{p.Where, p.Code, severity, p.Text})
	}
	return list
}

// Acknowledge writes the answer to a message (HL7 v2.9 §2.9.2, §2.9.3): sender
// and receiver change places; delimiters, processing id, version and character
// set are the message's; MSA-2 is its MSH-10, byte for byte; errors are told
// as its version tells them. Segments end with CR. Equal input gives equal
// bytes.
//
// Where m is nil (no MSH can be read) or has no MSH, the answer says what can
// be said, with the recommended delimiters and without MSA-2.
//
// It writes whatever it is asked to; whether an answer is asked for at all is
// for [Expected] to say.
func Acknowledge(m *Message, a Acknowledgement) []byte {
	w := newAckWriter(m)
	w.header(a)
	w.segment("MSA")
	w.field(1, a.Code)
	w.raw(2, w.msh.Field(10))
	if w.version.before(2, 5) {
		w.oldMSA(a)
		w.end()
		w.oldErrors(a)
	} else {
		w.end()
		w.newErrors(a)
	}
	return w.b
}

// ackWriter writes segments field by field, in rising order.
type ackWriter struct {
	b       []byte
	msh     Segment // of the message; not Valid where there is none
	delims  Delimiters
	literal string // MSH-1 and MSH-2
	version release
	answers Answers
	at      int // the field of the segment that was written last
}

func newAckWriter(m *Message) *ackWriter {
	w := &ackWriter{delims: Recommended, answers: Expected(m), version: newest}
	w.literal = Recommended.String()
	if m == nil || !m.First("MSH").Valid() {
		return w
	}
	w.msh = m.First("MSH")
	w.delims = m.Delimiters()
	w.version = releaseOf(m.Version())
	w.literal = string(w.msh.Field(1).Raw()) + string(w.msh.Field(2).Raw())
	if w.msh.Field(2).IsAbsent() {
		w.literal = w.delims.String()
	}
	return w
}

func (w *ackWriter) header(a Acknowledgement) {
	w.b = append(append(w.b, "MSH"...), w.literal...)
	w.at = 2
	w.raw(3, w.msh.Field(5))
	w.raw(4, w.msh.Field(6))
	w.raw(5, w.msh.Field(3))
	w.raw(6, w.msh.Field(4))
	if !a.Time.IsZero() {
		w.field(7, w.version.timestamp(a.Time))
	}
	w.messageType()
	w.field(10, a.ControlID)
	w.raw(11, w.msh.Field(11))
	w.raw(12, w.msh.Field(12))
	if w.answers.Enhanced {
		w.field(15, Never.String())
		w.field(16, Never.String())
	}
	w.raw(18, w.msh.Field(18))
	w.raw(20, w.msh.Field(20))
	w.end()
}

// messageType writes MSH-9: ACK alone in v2.1, which has no components there;
// with the trigger event from v2.2 and the structure from v2.3.1 on.
func (w *ackWriter) messageType() {
	trigger := w.msh.Field(9).Component(2)
	parts := []string{"ACK"}
	if !w.version.before(2, 2) && w.delims.Component != 0 {
		parts = append(parts, string(trigger.Raw()))
		if !w.version.before(2, 3, 1) {
			parts = append(parts, "ACK")
		}
		if trigger.IsNull() {
			parts[1] = ""
		}
	}
	w.fieldRaw(9, strings.TrimRight(strings.Join(parts, string(w.delims.Component)), string(w.delims.Component)))
}

// oldMSA writes the first error's text in MSA-3 and, where the version has it,
// its condition in MSA-6 (HL7 v2.4 §2.16.8.3, §2.16.8.6).
func (w *ackWriter) oldMSA(a Acknowledgement) {
	for _, e := range a.Errors {
		if e.isWarning() {
			continue
		}
		w.field(3, e.Text)
		if !w.version.before(2, 3) {
			w.field(6, e.Code, conditionText(e.Code), "HL70357")
		}
		return
	}
}

// segment begins one.
func (w *ackWriter) segment(name string) {
	w.b = append(w.b, name...)
	w.at = 0
}

func (w *ackWriter) end() { w.b = append(w.b, '\r') }

// to writes the separators up to field n.
func (w *ackWriter) to(n int) {
	for ; w.at < n; w.at++ {
		w.b = append(w.b, w.delims.Field)
	}
}

// raw copies a field of the message as it stands.
func (w *ackWriter) raw(n int, v Value) { w.fieldRaw(n, string(v.Raw())) }

func (w *ackWriter) fieldRaw(n int, raw string) {
	if raw != "" {
		w.to(n)
		w.b = append(w.b, raw...)
	}
}

// field writes a field of these components, escaped; trailing empty ones are
// left out. Where the message declares no component separator it is the first.
func (w *ackWriter) field(n int, components ...string) {
	w.fieldRaw(n, w.join(w.delims.Component, components))
}

func (w *ackWriter) join(separator byte, parts []string) string {
	if separator == 0 {
		parts = parts[:1]
	}
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(separator)
		}
		b.WriteString(w.escape(p))
	}
	return b.String()
}

// escape makes text fit for any message. What is not printable ASCII, which
// not every character set has, becomes a space, and so do delimiters where
// there is no escape character.
func (w *ackWriter) escape(text string) string {
	d := w.delims
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || d.Escape == 0 && d.separates(byte(r)) {
			return ' '
		}
		return r
	}, text)
	return Escape(clean, d)
}

// number writes n, and nothing for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
