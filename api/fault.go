package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"handover"
)

// statusError is an error whose status is not the one of its kind in
// handover's table, because HTTP or FHIR has a better one for it.
type statusError struct {
	status int
	kind   handover.Kind
	where  string
	text   string
}

// Error says what was wrong.
func (e *statusError) Error() string {
	if e.where != "" {
		return e.where + ": " + e.text
	}
	return e.text
}

// fault is an error as answers show it.
type fault struct {
	status int
	kind   handover.Kind
	issues []issue // never empty
}

// issue is one thing that was wrong.
type issue struct {
	code  string // FHIR R4 value set issue-type
	where string
	text  string
}

// faultOf turns an error into what may be told. An error of our own side is
// not told, since others need not keep to our rules about what stands in it:
// the log has it.
func faultOf(err error) fault {
	if s, ok := errors.AsType[*statusError](err); ok {
		return fault{s.status, s.kind, []issue{{s.kind.Consequence().Issue, short(s.where), s.text}}}
	}
	kind := handover.KindOf(err)
	if kind == handover.Internal && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		kind = handover.Unavailable
	}
	f := fault{status: kind.Consequence().HTTP, kind: kind}
	if text, own := ours[kind]; own {
		f.issues = []issue{{kind.Consequence().Issue, "", text}}
		return f
	}
	f.issues = issuesOf(err)
	return f
}

// ours are the kinds that are our side's fault, with what is told of them.
var ours = map[handover.Kind]string{
	handover.Internal:    "a fault of Handover's own; its log has more under this X-Request-Id",
	handover.Unavailable: "it cannot be done now, and may go through later; the log has more under this X-Request-Id",
	handover.Damaged:     "what was kept of it cannot be read any more; the log has more under this X-Request-Id",
	handover.Full:        "the disk is full; the log has more under this X-Request-Id",
}

// issuesOf lists joined errors one by one.
func issuesOf(err error) []issue {
	e, ok := errors.AsType[*handover.Error](err)
	if !ok {
		return []issue{{handover.KindOf(err).Consequence().Issue, "", "the request cannot be served"}}
	}
	if joined, ok := e.Err.(interface{ Unwrap() []error }); ok {
		var out []issue
		for _, one := range joined.Unwrap() {
			out = append(out, issuesOf(one)...)
		}
		return out
	}
	inner := e
	for { // the innermost says what was wrong; those around it say while doing what
		next, ok := errors.AsType[*handover.Error](inner.Err)
		if !ok {
			break
		}
		inner = next
	}
	text := inner.Kind.String()
	if inner.Err != nil {
		text = inner.Err.Error()
	}
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	return []issue{{e.Kind.Consequence().Issue, short(inner.Where), text}}
}

// short bounds what a client sent before it is sent back, and takes out what no
// FHIR string may hold.
func short(where string) string {
	const most = 100
	where = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, where)
	if len(where) > most {
		return where[:most] + "..."
	}
	return where
}

// fail writes the answer.
func (c *call) fail(f fault) {
	if f.kind.Consequence().Retry {
		c.w.Header().Set("Retry-After", "1")
	}
	c.door.fail(c, f)
}

// write writes a body that is whole.
func (c *call) write(status int, contentType string, body []byte) error {
	c.w.Header().Set("Content-Type", contentType)
	c.w.WriteHeader(status)
	if c.Method != http.MethodHead {
		_, _ = c.w.Write(body) // who has gone needs no answer
	}
	return nil
}
