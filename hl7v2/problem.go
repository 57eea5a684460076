package hl7v2

import "strconv"

// The codes of HL7 table 0357 that Parse gives its problems.
const (
	CodeSequence = "100" // segment sequence error: the structure cannot be read
	CodeRequired = "101" // required field missing
	CodeDataType = "102" // data type error: bytes or characters that must not be there
	CodeTable    = "103" // table value not found
)

// Problem is something wrong in a message. It holds positions, never content.
type Problem struct {
	Where string // as far as it can be told: "PID-5.1", "segment 3"; else ""
	Byte  int    // offset in the message
	Code  string // HL7 table 0357
	Text  string // what is wrong and what became of it
	Fatal bool   // the message must not be processed as it was read
}

// String reads as "PID-5.1 (byte 120): escape sequence is not closed".
func (p Problem) String() string {
	at := "byte " + strconv.Itoa(p.Byte)
	if p.Where != "" {
		at = p.Where + " (" + at + ")"
	}
	return at + ": " + p.Text
}

// reportLimit bounds the problems told of one kind, so that a message of
// nothing but faults does not answer with a list longer than itself.
const reportLimit = 20

// report collects problems of one message.
type report struct {
	problems []Problem
	told     map[string]int // by text
}

// add notes a problem. Of one text it keeps the first 20, and one more that
// says that there are more.
func (r *report) add(p Problem) {
	if r.told == nil {
		r.told = make(map[string]int)
	}
	r.told[p.Text]++
	switch n := r.told[p.Text]; {
	case n == reportLimit+1:
		p.Text = "from here on there are more of these: " + p.Text
		fallthrough
	case n <= reportLimit:
		r.problems = append(r.problems, p)
	}
}
