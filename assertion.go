package handover

import (
	"encoding/json"
	"time"
)

// HandleScheme begins every reference inside an asserted value that means
// another resource of the same message: "urn:handover:Patient-1". The record
// replaces it by the resource's id.
const HandleScheme = "urn:handover:"

// Assertions is what one source says of the record by one message: the body of
// an Asserted fact. Silent elements are not listed.
type Assertions struct {
	Source    string              `json:"source"`
	Event     string              `json:"event,omitempty"` // MSH-9 as "ADT^A01"
	EventTime time.Time           `json:"eventTime,omitzero"`
	SentTime  time.Time           `json:"sentTime,omitzero"` // MSH-7
	Digest    []byte              `json:"digest,omitempty"`  // SHA-256 of the message, for ties
	Resources []ResourceAssertion `json:"resources,omitempty"`
	Merges    []Merge             `json:"merges,omitempty"`
	Left      []Left              `json:"left,omitempty"`
}

// ResourceAssertion is what the message says of one resource.
type ResourceAssertion struct {
	Type   string `json:"type"`   // FHIR type
	Handle string `json:"handle"` // unique in the message: "Patient-1"
	// Identities, in the message's order; never empty. Any of them that is
	// known leads to the resource.
	Identities []Identity `json:"identities"`
	Elements   []Element  `json:"elements,omitempty"`
	// Patient is the handle of the Patient it belongs to, "" if none.
	Patient string `json:"patient,omitempty"`
	// Correction lets the status go back: cancel events (A11, A13 ...) and
	// results marked as corrected.
	Correction bool `json:"correction,omitempty"`
	// Renamed says that a number was changed: all identities are of one resource,
	// whatever they led to before (A46 to A51).
	Renamed bool `json:"renamed,omitempty"`
}

// Identity is one identifier by which a resource is known.
type Identity struct {
	Authority string `json:"authority,omitempty"` // as the message names it: namespace or universal id; "": the source's own
	Type      string `json:"type,omitempty"`      // HL7 table 0203 where stated: "MR"
	Value     string `json:"value"`
	Scope     string `json:"scope,omitempty"` // handle of the resource within which it is unique; "": by itself
	// Order marks an order or result number, which belongs also to its
	// patient at that time.
	Order bool `json:"order,omitempty"`
}

// Element is one top-level element of the resource that was set or removed, or
// a part of one. A resource may list several entries of one name with different
// parts.
type Element struct {
	Name string `json:"name"` // as the definition has it, choices without [x]: "value"
	// Part is the slot of the element of which the entry speaks: "PID-13". The
	// record keeps the newest word on each, and puts the element together from
	// them (Join). "" is the element as a whole; scalars and choices have nothing
	// else. Where there are other parts too, "" is one of them, the first.
	Part     string          `json:"part,omitempty"`
	Property string          `json:"property,omitempty"` // JSON property, where it differs: "valueQuantity"
	Value    json.RawMessage `json:"value,omitempty"`    // JSON; empty where Removed or only Extra is set
	Extra    json.RawMessage `json:"extra,omitempty"`    // of the sibling property with an underscore
	Removed  bool            `json:"removed,omitempty"`  // the source said "" of all that makes it, or its part
	// Listed says that the message lists all that the source knows of the element
	// by one segment: older parts of the source's, whose names begin with Part
	// ("NK1/"), are there no longer. It is Removed too, and has no value.
	Listed bool     `json:"listed,omitempty"`
	From   []Origin `json:"from,omitempty"`
}

// JSONProperty returns the element's JSON property name.
func (e Element) JSONProperty() string {
	if e.Property != "" {
		return e.Property
	}
	return e.Name
}

// Origin says where a value comes from: a field of the message and the rule
// that led from it to the element.
type Origin struct {
	Path  string `json:"path,omitempty"`  // within the entry's value: "name[0].family"; "" for the whole
	Field string `json:"field,omitempty"` // "PID-5[1].1"
	Rule  string `json:"rule"`            // "segment/PID-Patient:7"
}

// Merge is a statement that two resources are one, or that one moves.
type Merge struct {
	Kind     string `json:"kind"`     // "merge", "link", "move" or "unlink"
	Event    string `json:"event"`    // "ADT^A40"
	Survivor string `json:"survivor"` // handle that stays, or to which Moved goes
	Loser    string `json:"loser"`    // handle that is replaced, or from which Moved comes
	Moved    string `json:"moved,omitempty"`
}

// Left is something in the message that became nothing in the record.
type Left struct {
	Field  string `json:"field"`  // "ZPD-3", "OBX[2]-5"
	Reason string `json:"reason"` // "no-map", "no-code", "time-gap" ... and a plain sentence
}

// Writes is what one message's assertions made of the record: the body of a
// Written fact. Every handle of the assertions is in Writes, Same, Older or
// Parked, so that the fact says which resource it meant.
type Writes struct {
	Writes  []Write `json:"writes,omitempty"`
	Same    []Stale `json:"same,omitempty"`    // kept, and nothing changed
	Older   []Stale `json:"older,omitempty"`   // kept, but newer word stands, wholly or for the elements named
	Parked  []Stale `json:"parked,omitempty"`  // would contradict an identity; never written
	Flagged []Stale `json:"flagged,omitempty"` // done, but a person should look
	// United, in this order, are resources that turned out to be one with others.
	United []United `json:"united,omitempty"`
}

// United is a resource that is one with another from now on, because a number was
// changed, or one that is known within such a resource and so by more Aliases.
type United struct {
	Type    string  `json:"type"`
	ID      string  `json:"id"`
	Into    string  `json:"into,omitempty"` // id of the resource that it is one with; "": it stays
	Aliases []Alias `json:"aliases,omitempty"`
}

// Write is one new version of one resource. Its lastUpdated is the fact's time.
type Write struct {
	Type    string          `json:"type"`
	ID      string          `json:"id"`
	Handles []string        `json:"handles,omitempty"` // of the assertions that it came from; none: a merge or move led to it
	Version int64           `json:"version"`
	Aliases []Alias         `json:"aliases,omitempty"` // that now lead to it
	Content json.RawMessage `json:"content,omitempty"` // without meta.versionId and meta.lastUpdated; empty: deleted
	Sources []ElementSource `json:"sources,omitempty"`
	Patient string          `json:"patient,omitempty"` // id of the Patient it belongs to
}

// Alias is an identifier that leads to a resource of a type. The authority is
// qualified: "source:NAME" for a source's own numbers, and with " of " and the
// resource within which the value is unique, if it is not so by itself.
type Alias struct {
	Authority string `json:"authority"`
	Value     string `json:"value"`
}

// ElementSource says which Asserted fact holds the present value of an element
// or of a part of it. An empty Element stands for all elements that have no
// entry of their own; one that has any has one for each part that stands.
type ElementSource struct {
	Element string `json:"element,omitempty"`
	Part    string `json:"part,omitempty"`
	Source  string `json:"source"`
	From    Offset `json:"from"` // the Asserted fact, or the message where it is the same batch
}

// Stale is an asserted resource that changed nothing, and why.
type Stale struct {
	Type   string `json:"type"`
	ID     string `json:"id,omitempty"`
	Handle string `json:"handle,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Aliases that now lead to it, where no Write of the same fact says so.
	Aliases []Alias `json:"aliases,omitempty"`
}
