package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"handover"
)

// endpoint is one method of one path. The tables of endpoints are what serves
// the requests and what the descriptions are made from.
type endpoint struct {
	method string
	path   string // as http.ServeMux takes it, without a method
	act    func(*API, *call) error
	open   bool // served without asking for access: it shows nothing that needs it
	long   bool // it may take minutes
	about  about
}

// about is what openapi.json says of an endpoint.
type about struct {
	summary string
	params  []param
	answer  any    // a value of the type that is the JSON answer; nil: no JSON
	media   string // of an answer that is not JSON
	waits   bool   // it takes the header X-Handover-Offset
	errors  []int  // statuses beside 200
}

// param is one parameter.
type param struct {
	name, in, about string
	kind            string // JSON type; "" is string
}

// call is one request on its way through an endpoint.
type call struct {
	*http.Request
	w       http.ResponseWriter
	door    door
	path    string // the endpoint's, for logs and metrics
	id      string // of the request, for the log
	access  handover.Access
	atLeast handover.Offset
	params  url.Values // of the URL, and of a search that was posted
	format  format
}

// door is how a part of the API writes its errors.
type door interface {
	fail(c *call, f fault)
}

// methods are the endpoints of one path.
type methods struct {
	door  door
	of    map[string]endpoint
	allow string
	// refused says why another method is not there.
	refused string
}

func byPath(d door, refused string, endpoints []endpoint) map[string]*methods {
	out := map[string]*methods{}
	for _, e := range endpoints {
		m := out[e.path]
		if m == nil {
			m = &methods{door: d, of: map[string]endpoint{}, refused: refused}
			out[e.path] = m
		}
		m.of[e.method] = e
		m.allow = allowed(m.of)
	}
	return out
}

// allowed lists the methods for Allow. Who can GET can HEAD.
func allowed(of map[string]endpoint) string {
	var names []string
	for name := range of {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// find returns the endpoint for the method.
func (m *methods) find(method string) (endpoint, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e, ok := m.of[method]
	return e, ok
}
