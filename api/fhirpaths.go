package api

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handover"
	"handover/fhir"
)

// fhirEndpoints are the interactions of the FHIR REST API that there are (FHIR
// R4 §3.1.0). The CapabilityStatement names them by interaction.
var fhirEndpoints = []endpoint{
	{method: http.MethodGet, path: "/fhir/metadata", act: (*API).metadata, open: true},
	{method: http.MethodGet, path: "/fhir/{type}", act: (*API).search},
	{method: http.MethodPost, path: "/fhir/{type}/_search", act: (*API).postedSearch},
	{method: http.MethodGet, path: "/fhir/{type}/{id}", act: (*API).read},
	{method: http.MethodGet, path: "/fhir/{type}/{id}/_history", act: (*API).history},
	{method: http.MethodGet, path: "/fhir/{type}/{id}/_history/{version}", act: (*API).vread},
}

// interactions are the codes of value set type-restful-interaction for the
// paths above.
var interactions = map[string]string{
	"/fhir/{type}":                         "search-type",
	"/fhir/{type}/{id}":                    "read",
	"/fhir/{type}/{id}/_history":           "history-instance",
	"/fhir/{type}/{id}/_history/{version}": "vread",
}

// unserved are the resource types that are answers or parcels, not records.
var unserved = []string{"Bundle", "OperationOutcome", "Parameters"}

func served(resourceType string) bool {
	return fhir.Definitions().IsResource(resourceType) && !slices.Contains(unserved, resourceType)
}

// resourceID is the form of an id (FHIR R4 §2.24.0.1).
var resourceID = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)

// instance reads {type} and {id}.
func (c *call) instance() (resourceType, id string, err error) {
	if resourceType, err = c.resourceType(); err != nil {
		return "", "", err
	}
	id = c.PathValue("id")
	if !resourceID.MatchString(id) {
		if strings.HasPrefix(id, "_") || strings.HasPrefix(id, "$") {
			return "", "", notServed("this interaction or operation")
		}
		return "", "", &statusError{http.StatusNotFound, handover.NotFound, "", "an id has 1 to 64 letters, digits, - and ."}
	}
	return resourceType, id, nil
}

func (c *call) resourceType() (string, error) {
	t := c.PathValue("type")
	switch {
	case served(t):
		return t, nil
	case strings.HasPrefix(t, "_") || strings.HasPrefix(t, "$"):
		return "", notServed("this interaction or operation")
	case fhir.Definitions().IsResource(t):
		return "", &statusError{http.StatusNotFound, handover.Unsupported, "", "resources of this type are not kept"}
	}
	return "", &statusError{http.StatusNotFound, handover.Unsupported, "", "FHIR R4 has no such resource type"}
}

// version reads {version}. One that is no number is one that does not exist.
func (c *call) version() (int64, error) {
	v, err := strconv.ParseInt(c.PathValue("version"), 10, 64)
	if err != nil || v < 1 {
		return 0, &statusError{http.StatusNotFound, handover.NotFound, "", "a version is a whole number from 1"}
	}
	return v, nil
}

func notServed(what string) error {
	return &statusError{http.StatusNotImplemented, handover.Unsupported, "",
		what + " is not there in this version; GET /fhir/metadata says what is"}
}

// noSuchFHIR answers what lies below /fhir and is no endpoint.
func (a *API) noSuchFHIR(c *call) error {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(c.URL.Path, "/fhir"), "/"), "/")
	last := parts[len(parts)-1]
	switch {
	case len(parts) == 1 && last == "":
		return notServed("a batch, a transaction or a search over all types")
	case strings.HasPrefix(last, "_") || strings.HasPrefix(last, "$"):
		return notServed("this interaction or operation")
	case len(parts) == 3 && served(parts[0]) && served(last):
		return notServed("search in a compartment")
	}
	return &statusError{http.StatusNotFound, handover.NotFound, "", "there is no such path; GET /fhir/metadata says what there is"}
}

// base is the FHIR base as this client knows it.
func (a *API) base(r *http.Request) string {
	if a.Base != "" {
		return strings.TrimRight(a.Base, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host + "/fhir"
	}
	return "http://" + r.Host + "/fhir"
}
