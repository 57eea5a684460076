package bodies

import (
	"encoding/json"
	"errors"
	"sync"

	"handover"
)

// MediaType is the format of a fact whose body was written here. A fact in
// another format is read as JSON.
const MediaType = "application/vnd.handover.fact"

// Form is the form in which a journal's facts are kept. It may be used by many
// at once, but writing gives shapes their numbers, which is for one at a time.
// The zero Form reads JSON.
type Form struct {
	SiteKey []byte // makes ids (handover.ResourceID)
	Shapes  *Shapes
}

// Assertions reads an Asserted fact.
func (f *Form) Assertions(e *handover.Entry) (a handover.Assertions, err error) {
	if e.Format != MediaType {
		err = json.Unmarshal(e.Body.Bytes, &a)
	} else {
		a, err = f.readAssertions(e.Body.Bytes)
	}
	return a, unreadable(e, err)
}

// Writes reads a Written fact, given what the Asserted one before it says.
func (f *Form) Writes(e *handover.Entry, a *handover.Assertions) (w handover.Writes, err error) {
	if e.Format != MediaType {
		err = json.Unmarshal(e.Body.Bytes, &w)
	} else {
		w, err = f.readWrites(e.Body.Bytes, e.Cause, a)
	}
	return w, unreadable(e, err)
}

func unreadable(e *handover.Entry, err error) error {
	if err == nil {
		return nil
	}
	if !errors.Is(err, errChanged) {
		err = errBody // others may quote the body
	}
	return &handover.Error{Op: "reading a fact: " + e.Kind.String(), Kind: handover.Invalid, Where: "offset " + e.Offset.String(), Err: err}
}

var writers = sync.Pool{New: func() any { return &encoder{} }}
