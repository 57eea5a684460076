package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"handover"
	"handover/trace"
)

// messageList is a page of messages, newest first.
type messageList struct {
	Messages []trace.Message `json:"messages"`
	// Before is what to give as before for the next page; 0: there is none.
	Before handover.Offset `json:"before,omitempty"`
}

const (
	defaultMessages = 50
	maxMessages     = 1000
)

var aboutMessages = about{
	summary: "Search messages, newest first",
	params: []param{
		{"source", "query", "the source's name", ""},
		{"type", "query", "MSH-9 as ADT^A01, or ADT for all its events", ""},
		{"patient", "query", "a patient identifier, alone or as authority|value", ""},
		{"control", "query", "MSH-10", ""},
		{"state", "query", "received, refused, duplicate, filtered, routed or waiting", ""},
		{"since", "query", "a span back from now (90s, 15m, 2h, 7d) or a time (2026-03-02T08:00:00Z)", ""},
		{"before", "query", "only messages before this offset: the page after one that ended there", "integer"},
		{"limit", "query", "how many at most, 1 to 1000; 50 if it is not given", "integer"},
	},
	answer: messageList{}, waits: true, errors: []int{http.StatusBadRequest},
}

func (a *API) messages(c *call) error {
	if err := c.known(aboutMessages.params); err != nil {
		return err
	}
	q, err := messageQuery(c.params, a.Now())
	if err != nil {
		return err
	}
	limit := q.Limit
	q.Limit++ // one more, to know whether a page follows
	out := messageList{Messages: []trace.Message{}}
	err = a.fromTrace(c, func(ctx context.Context) error {
		found, err := a.Trace.Search(ctx, c.access, q)
		out.Messages = append(out.Messages, found...)
		return err
	})
	if err != nil {
		return err
	}
	if len(out.Messages) > limit {
		out.Messages = out.Messages[:limit]
		out.Before = out.Messages[limit-1].Offset
	}
	return c.writeJSON(out)
}

func messageQuery(params url.Values, now time.Time) (trace.Query, error) {
	q := trace.Query{
		Source: params.Get("source"), Type: params.Get("type"), Patient: params.Get("patient"),
		Control: params.Get("control"), State: handover.State(params.Get("state")), Limit: defaultMessages,
	}
	var faults []error
	fault := func(name, why string) { faults = append(faults, invalid(name, why)) }
	for _, name := range sortedNames(params) {
		value := params.Get(name)
		switch name {
		case "state":
			if !slices.Contains(handover.States, q.State) {
				fault(name, "it is received, refused, duplicate, filtered, routed or waiting")
			}
		case "since":
			var ok bool
			if q.Since, ok = since(value, now); !ok {
				fault(name, notATime)
			}
		case "before":
			n, err := strconv.ParseInt(value, 10, 64)
			if q.Before = handover.Offset(n); err != nil || n < 1 {
				fault(name, "it is an offset: a whole number from 1")
			}
		case "limit":
			n, err := strconv.Atoi(value)
			if q.Limit = n; err != nil || n < 1 || n > maxMessages {
				fault(name, "it is a whole number from 1 to 1000")
			}
		default:
			if value == "" {
				fault(name, "it has no value; leave it out to ask for all")
			}
		}
	}
	return q, joinFaults(faults)
}

// moment reads a parameter that is a time; zero: it was not given.
func (c *call) moment(name string, now time.Time) (time.Time, error) {
	asked := c.params.Get(name)
	if asked == "" {
		return time.Time{}, nil
	}
	t, ok := since(asked, now)
	if !ok {
		return t, invalid(name, notATime)
	}
	return t, nil
}

// notATime says what since reads.
const notATime = "it is a span back from now (90s, 15m, 2h, 7d) or a time (2026-03-02T08:00:00Z, 2026-03-02)"

// since reads a span back from now, or a time. A date is its first moment in
// UTC.
func since(s string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, strings.ReplaceAll(s, " ", "+")); err == nil {
			return t, true
		}
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return now.AddDate(0, 0, -n), err == nil && n >= 0 && n < 100_000
	}
	span, err := time.ParseDuration(s)
	return now.Add(-span), err == nil && span >= 0
}

var offsetParam = param{"offset", "path", "the message's offset in the journal", "integer"}

var aboutMessage = about{
	summary: "One message, without its content", params: []param{offsetParam},
	answer: trace.Message{}, waits: true, errors: []int{http.StatusNotFound},
}

func (a *API) message(c *call) error {
	m, err := a.oneMessage(c, aboutMessage.params)
	if err != nil {
		return err
	}
	return c.writeJSON(m)
}

// oneMessage finds the message of {offset}.
func (a *API) oneMessage(c *call, params []param) (m trace.Message, err error) {
	if err := c.known(params); err != nil {
		return m, err
	}
	offset, err := c.offset()
	if err != nil {
		return m, err
	}
	err = a.fromTrace(c, func(ctx context.Context) (err error) {
		m, err = a.Trace.Message(ctx, c.access, offset)
		return err
	})
	return m, err
}
