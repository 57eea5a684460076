package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handover"
	"handover/deliver"
)

// deliveryList is a page of open deliveries, by destination, oldest first.
type deliveryList struct {
	Deliveries []deliver.Entry `json:"deliveries"`
	// After is what to give as after for the next page; "": there is none.
	After string `json:"after,omitempty"`
}

// destinationList is how the destinations are.
type destinationList struct {
	Destinations []deliver.Status `json:"destinations"`
}

var aboutDestinations = about{
	summary: "Destinations: how much waits for each, what is parked, and whether it can be reached",
	answer:  destinationList{},
}

func (a *API) destinations(c *call) error {
	if err := c.known(nil); err != nil {
		return err
	}
	return a.tellDestinations(c)
}

func (a *API) tellDestinations(c *call) error {
	found, err := a.Deliveries.Statuses(c.Context())
	if err != nil {
		return err
	}
	return c.writeJSON(destinationList{append([]deliver.Status{}, found...)})
}

var aboutDeliveries = about{
	summary: "Deliveries that are open: waiting, being sent, or parked; by destination, oldest first",
	params: []param{
		{"destination", "query", "the destination's name", ""},
		{"state", "query", "waiting or parked", ""},
		{"reason", "query", "why it is parked: rejected, unknown, fails-alone, given-up, message-gone, message-damaged or by-hand", ""},
		{"after", "query", "only those after this one: the page after one that ended there", ""},
		{"limit", "query", "how many at most, 1 to 1000; 50 if it is not given", "integer"},
	},
	answer: deliveryList{}, errors: []int{http.StatusBadRequest},
}

func (a *API) deliveries(c *call) error {
	if err := c.known(aboutDeliveries.params); err != nil {
		return err
	}
	q, err := deliveryQuery(c)
	if err != nil {
		return err
	}
	limit := q.Limit
	q.Limit++ // one more, to know whether a page follows
	found, err := a.Deliveries.List(c.Context(), c.access, q)
	if err != nil {
		return err
	}
	out := deliveryList{Deliveries: append([]deliver.Entry{}, found...)}
	if len(found) > limit {
		out.Deliveries = found[:limit]
		last := found[limit-1]
		out.After = last.To + "/" + last.Of.String()
	}
	return c.writeJSON(out)
}

func deliveryQuery(c *call) (deliver.Query, error) {
	q := deliver.Query{
		Destination: c.params.Get("destination"), State: c.params.Get("state"), Reason: c.params.Get("reason"), Limit: defaultMessages,
	}
	var faults []error
	if !slices.Contains([]string{"", "waiting", "parked"}, q.State) {
		faults = append(faults, invalid("state", "it is waiting or parked"))
	}
	if after := c.params.Get("after"); after != "" {
		to, of, _ := strings.Cut(after, "/")
		n, err := strconv.ParseInt(of, 10, 64)
		if q.After = (handover.DeliveryID{Of: handover.Offset(n), To: to}); err != nil {
			faults = append(faults, invalid("after", "it is what a page gives as after: DESTINATION/OFFSET"))
		}
	}
	if limit := c.params.Get("limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if q.Limit = n; err != nil || n < 1 || n > maxMessages {
			faults = append(faults, invalid("limit", "it is a whole number from 1 to 1000"))
		}
	}
	return q, joinFaults(faults)
}

// decision is what a person says who decides about a delivery.
type decision struct {
	Why string   `json:"why"`
	To  []string `json:"to"` // destinations, for a resend
	// Message is what is sent in the place of what came, for a resend.
	Message []byte `json:"message"`
}

var aboutDeciding = about{
	summary: "Decide about an open delivery: park takes it out of the way, release lets a parked one be tried again, cancel gives it up for good. " +
		`The body is {"why": "..."}; who and why are kept`,
	params: []param{
		{"of", "path", "the offset of the fact that made the delivery", "integer"},
		{"destination", "path", "the destination's name", ""},
		{"act", "path", "park, release or cancel", ""},
	},
	answer: handover.DeliveryID{},
	errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
}

// maxWhy is the length of a decision's body in bytes.
const maxWhy = 8 << 10

// maxEdited is the length of a resend's body in bytes, which may have a message in it.
const maxEdited = 512 << 10

func (a *API) decide(c *call) error {
	of, err := strconv.ParseInt(c.PathValue("of"), 10, 64)
	id := handover.DeliveryID{Of: handover.Offset(of), To: c.PathValue("destination")}
	act := map[string]func(context.Context, handover.Access, handover.DeliveryID, string) error{
		"park": a.Deliveries.Park, "release": a.Deliveries.Release, "cancel": a.Deliveries.Cancel,
	}[c.PathValue("act")]
	if err != nil || act == nil {
		return a.noSuchPath(c)
	}
	why, err := c.why()
	if err != nil {
		return err
	}
	if err := act(c.Context(), c.access, id, why); err != nil {
		return err
	}
	return c.writeJSON(id)
}

// resent names the fact that a message is sent once more.
type resent struct {
	Of handover.Offset `json:"of"`
}

var aboutResending = about{
	summary: "Send a message once more to destinations, as it was or as a person changed it. " + `The body is {"to": ["lab"], "why": "..."} and, if it was changed, "message": what is sent, in base64; who, what and why are kept, and the trace shows it as sent again`,
	params:  []param{{"offset", "path", "the message's offset", "integer"}},
	answer:  resent{},
	errors:  []int{http.StatusBadRequest, http.StatusNotFound},
}

func (a *API) resend(c *call) error {
	at, err := c.offset()
	if err != nil {
		return err
	}
	said, err := c.decision(maxEdited)
	if err != nil {
		return err
	}
	if len(said.To) == 0 {
		return &handover.Error{Kind: handover.Invalid, Where: "to", Err: errors.New(`say where to, as in {"to": ["lab"], "why": "..."}`)}
	}
	of, err := a.Deliveries.Resend(c.Context(), c.access, at, said.To, said.Message, said.Why)
	if err != nil {
		return err
	}
	return c.writeJSON(resent{of})
}

// why reads what a person says of the reason.
func (c *call) why() (string, error) {
	said, err := c.decision(maxWhy)
	return said.Why, err
}

func (c *call) decision(most int64) (said decision, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, most))
	if err != nil {
		return said, &handover.Error{Kind: handover.Invalid, Err: fmt.Errorf("the body cannot be read: %w", err)}
	}
	if err := json.Unmarshal(body, &said); err != nil || strings.TrimSpace(said.Why) == "" {
		return said, &handover.Error{Kind: handover.Invalid, Where: "why", Err: errors.New(`say why, as in {"why": "the lab has mended its table"}`)}
	}
	return said, nil
}
