package api

import (
	"net/http"

	"handover"
)

// health is how the program is.
type health struct {
	Status string `json:"status"` // "ok"
}

var (
	aboutHealth    = about{summary: "Whether the program is alive", answer: health{}}
	aboutReadiness = about{summary: "Whether requests can be served", answer: health{}, errors: []int{http.StatusServiceUnavailable}}
)

func (a *API) health(c *call) error { return c.writeJSON(health{"ok"}) }

// readiness asks the projections, and whoever put the API together.
func (a *API) readiness(c *call) error {
	if _, err := a.Trace.Applied(c.Context()); err != nil {
		return &handover.Error{Op: "looking whether requests can be served", Kind: handover.Unavailable, Err: err}
	}
	if err := a.Ready(c.Context()); err != nil {
		return &handover.Error{Op: "looking whether requests can be served", Kind: handover.Unavailable, Err: err}
	}
	return c.writeJSON(health{"ok"})
}
