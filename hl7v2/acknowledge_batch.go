package hl7v2

import (
	"strconv"
	"time"
)

// BatchAcknowledgement is what the answer to a batch says.
type BatchAcknowledgement struct {
	Answers   [][]byte // one for each message that is answered, as Acknowledge writes them
	Comment   string   // BHS-10; may be ""
	Time      time.Time
	ControlID string // BHS-11 of the answer
}

// AcknowledgeBatch writes the answer to a batch (HL7 v2.9 §2.10.3): a batch of
// the messages' answers whose BHS has sender and receiver changed and, in
// BHS-12, the control id of the batch that it answers. The header is the
// batch's BHS, or FHS for a file that is answered as a whole, and then the
// answer has FHS and FTS around one batch too. A header that cannot be read
// is answered with the recommended delimiters.
func AcknowledgeBatch(header []byte, a BatchAcknowledgement) []byte {
	m, _ := Parse(header)
	var h Segment
	if m != nil {
		h = m.Segment(0)
	}
	w := &ackWriter{delims: Recommended, version: newest, literal: Recommended.String()}
	if name := h.Name(); name == "BHS" || name == "FHS" {
		w.delims = m.Delimiters()
		w.literal = string(h.Field(1).Raw()) + string(h.Field(2).Raw())
		if h.Field(2).IsAbsent() {
			w.literal = w.delims.String()
		}
	}
	isFile := h.Name() == "FHS"
	if isFile {
		w.batchHeader("FHS", h, a)
	}
	w.batchHeader("BHS", h, a)
	for _, answer := range a.Answers {
		w.b = append(w.b, answer...)
	}
	w.trailer("BTS", len(a.Answers))
	if isFile {
		w.trailer("FTS", 1)
	}
	return w.b
}

func (w *ackWriter) batchHeader(name string, h Segment, a BatchAcknowledgement) {
	w.b = append(append(w.b, name...), w.literal...)
	w.at = 2
	w.raw(3, h.Field(5))
	w.raw(4, h.Field(6))
	w.raw(5, h.Field(3))
	w.raw(6, h.Field(4))
	if !a.Time.IsZero() {
		w.field(7, w.version.timestamp(a.Time))
	}
	w.field(10, a.Comment)
	w.field(11, a.ControlID)
	w.raw(12, h.Field(11))
	w.end()
}

func (w *ackWriter) trailer(name string, n int) {
	w.segment(name)
	w.fieldRaw(1, strconv.Itoa(n))
	w.end()
}
