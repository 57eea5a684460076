package handover

import (
	"errors"
	"net/http"
	"strings"
)

// Kind says what sort of error it is, and so what follows from it. The one
// table in this file turns it into retry or not, an HTTP status, an
// OperationOutcome code, an acknowledgement and an exit code.
type Kind uint8

// The kinds of error.
const (
	Internal    Kind = iota // a fault of Handover's own
	Invalid                 // what was given cannot be read or breaks a rule
	Unsupported             // understood, and not something we do
	NotFound                // there is no such thing
	Gone                    // there was, and it was deleted
	Conflict                // another version or holder stands against it
	Duplicate               // it is already here
	Denied                  // the actor may not
	TooLarge                // over a configured limit
	Unavailable             // cannot be done now; the same may go through later
	Full                    // the disk is full, or about to be
	Damaged                 // what was kept is no longer there as it was, and will not be
	Usage                   // the command line or configuration is wrong
)

// Consequence is what follows from an error of one kind.
type Consequence struct {
	Name      string // as it stands in logs and in the admin API
	Retry     bool   // the same request may go through later, unchanged
	HTTP      int    // status code
	Issue     string // OperationOutcome.issue.code, FHIR R4 value set issue-type
	Ack       string // MSA-1 in original mode, HL7 table 0008
	Condition string // ERR-3, HL7 table 0357
	Exit      int    // the command's exit code, as in the contract
}

// consequences is the one table from an error to every answer.
var consequences = [...]Consequence{
	Internal:    {"internal", false, http.StatusInternalServerError, "exception", "AE", "207", 3},
	Invalid:     {"invalid", false, http.StatusBadRequest, "invalid", "AE", "207", 1},
	Unsupported: {"unsupported", false, http.StatusNotImplemented, "not-supported", "AR", "207", 1},
	NotFound:    {"not-found", false, http.StatusNotFound, "not-found", "AE", "204", 1},
	Gone:        {"gone", false, http.StatusGone, "deleted", "AE", "204", 1},
	Conflict:    {"conflict", false, http.StatusConflict, "conflict", "AE", "207", 1},
	Duplicate:   {"duplicate", false, http.StatusPreconditionFailed, "duplicate", "AE", "205", 1},
	Denied:      {"denied", false, http.StatusForbidden, "forbidden", "AR", "207", 1},
	TooLarge:    {"too-large", false, http.StatusRequestEntityTooLarge, "too-long", "AR", "207", 1},
	Unavailable: {"unavailable", true, http.StatusServiceUnavailable, "transient", "AE", "206", 3},
	Full:        {"full", true, http.StatusInsufficientStorage, "no-store", "AE", "207", 3},
	Damaged:     {"damaged", false, http.StatusInternalServerError, "exception", "AE", "207", 3},
	Usage:       {"usage", false, http.StatusBadRequest, "invalid", "AE", "207", 2},
}

// Consequence returns what follows from an error of kind k.
func (k Kind) Consequence() Consequence {
	if int(k) < len(consequences) {
		return consequences[k]
	}
	return consequences[Internal]
}

// String returns the kind's name, for example "not-found".
func (k Kind) String() string { return k.Consequence().Name }

// Error is what every package above the languages returns.
type Error struct {
	Op    string // what was being done, in the gerund: "opening volume 12"
	Kind  Kind
	Where string // a position, never content: "PID-5.1", "routes/adt.yaml:4"
	Err   error  // the cause, or nil
}

// Error reads as "routes/adt.yaml:4: reading route: no such destination".
func (e *Error) Error() string {
	var parts []string
	for _, s := range []string{e.Where, e.Op} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	switch {
	case e.Err != nil:
		parts = append(parts, e.Err.Error())
	case len(parts) == 0 || e.Op == "":
		parts = append(parts, e.Kind.String())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in err's chain, and Internal
// where there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
