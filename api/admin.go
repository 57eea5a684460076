package api

import (
	"errors"
	"net/http"
	"strconv"

	"handover"
)

// adminEndpoints is the admin API and what watches it. openapi.json is made
// from this table.
var adminEndpoints = []endpoint{
	{method: http.MethodGet, path: "/api/v1/messages", act: (*API).messages, about: aboutMessages},
	{method: http.MethodGet, path: "/api/v1/messages/{offset}", act: (*API).message, about: aboutMessage},
	{method: http.MethodGet, path: "/api/v1/messages/{offset}/body", act: (*API).body, about: aboutBody},
	{method: http.MethodPost, path: "/api/v1/messages/{offset}/resend", act: (*API).resend, about: aboutResending},
	{method: http.MethodGet, path: "/api/v1/traces/{message}", act: (*API).story, about: aboutStory},
	{method: http.MethodGet, path: "/api/v1/lineage/{type}/{id}", act: (*API).lineage, about: aboutLineage},
	{method: http.MethodGet, path: "/api/v1/lineage/{type}/{id}/{version}", act: (*API).lineage, about: aboutLineageOf},
	{method: http.MethodGet, path: "/api/v1/sources", act: (*API).sources, about: aboutSources},
	{method: http.MethodGet, path: "/api/v1/routes", act: (*API).routes, about: aboutRoutes},
	{method: http.MethodGet, path: "/api/v1/deliveries", act: (*API).deliveries, about: aboutDeliveries},
	{method: http.MethodPost, path: "/api/v1/deliveries/{of}/{destination}/{act}", act: (*API).decide, about: aboutDeciding},
	{method: http.MethodGet, path: "/api/v1/alerts", act: (*API).alerts, about: aboutAlerts},
	{method: http.MethodPost, path: "/api/v1/alerts/{id}/acknowledge", act: (*API).acknowledge, about: aboutAcknowledging},
	{method: http.MethodGet, path: "/api/v1/balance", act: (*API).balance, about: aboutBalance},
	{method: http.MethodPost, path: "/api/v1/reconcile", act: (*API).reconcile, long: true, about: aboutReconciling},
	{method: http.MethodGet, path: "/api/v1/destinations", act: (*API).destinations, about: aboutDestinations},
	{method: http.MethodPost, path: "/api/v1/destinations/{destination}/{act}", act: (*API).haltDestination, about: aboutHaltingDestination},
	{method: http.MethodPost, path: "/api/v1/sources/{source}/{act}", act: (*API).haltSource, about: aboutHaltingSource},
	{method: http.MethodPost, path: "/api/v1/routes/{route}/{act}", act: (*API).haltRoute, about: aboutHaltingRoute},
	{method: http.MethodGet, path: "/api/v1/openapi.json", act: (*API).describeItself, open: true, about: aboutOpenAPI},
	{method: http.MethodGet, path: "/healthz", act: (*API).health, open: true, about: aboutHealth},
	{method: http.MethodGet, path: "/readyz", act: (*API).readiness, open: true, about: aboutReadiness},
	{method: http.MethodGet, path: "/metrics", act: (*API).showMetrics, about: aboutMetrics},
}

// adminDoor writes errors as problem details (RFC 9457).
type adminDoor struct{}

// failure is an error as the admin API tells it.
type failure struct {
	Title  string        `json:"title"`  // the kind of error: "not-found"
	Status int           `json:"status"` // as the answer's
	Detail string        `json:"detail"`
	Where  string        `json:"where,omitempty"` // the parameter or position
	Others []otherDetail `json:"others,omitempty"`
}

type otherDetail struct {
	Detail string `json:"detail"`
	Where  string `json:"where,omitempty"`
}

const mediaProblem = "application/problem+json"

func (adminDoor) fail(c *call, f fault) {
	p := failure{Title: f.kind.String(), Status: f.status, Detail: f.issues[0].text, Where: f.issues[0].where}
	for _, i := range f.issues[1:] {
		p.Others = append(p.Others, otherDetail{i.text, i.where})
	}
	_ = c.write(f.status, mediaProblem, encode(p))
}

func (c *call) writeJSON(v any) error {
	return c.write(http.StatusOK, "application/json", append(encode(v), '\n'))
}

// noSuchPath answers what no endpoint has.
func (a *API) noSuchPath(*call) error {
	return &statusError{http.StatusNotFound, handover.NotFound, "", "there is no such path; /api/v1/openapi.json lists what there is, and FHIR is at /fhir"}
}

// known refuses parameters that the endpoint does not have: a filter with a
// slip of the pen must not show everything.
func (c *call) known(params []param) error {
	var faults []error
	for _, name := range sortedNames(c.params) {
		found := false
		for _, p := range params {
			found = found || p.in == "query" && p.name == name
		}
		switch {
		case !found:
			faults = append(faults, invalid(name, "there is no such parameter; /api/v1/openapi.json lists what there is"))
		case len(c.params[name]) > 1:
			faults = append(faults, invalid(name, "it may be given once"))
		}
	}
	return joinFaults(faults)
}

func invalid(name, why string) error {
	return &handover.Error{Kind: handover.Invalid, Where: name, Err: errors.New(why)}
}

// offset reads {offset}.
func (c *call) offset() (handover.Offset, error) {
	n, err := strconv.ParseInt(c.PathValue("offset"), 10, 64)
	if err != nil || n < 1 {
		return 0, &statusError{http.StatusNotFound, handover.NotFound, "offset", "an offset is a whole number from 1"}
	}
	return handover.Offset(n), nil
}
