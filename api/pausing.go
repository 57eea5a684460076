package api

import (
	"context"
	"net/http"

	"handover"
)

var (
	aboutHaltingDestination = halting("destination", "so that nothing is sent to it", destinationList{})
	aboutHaltingSource      = halting("source", "so that its listener is closed and it keeps its messages", sourceList{})
	aboutHaltingRoute       = halting("route", "so that none of its deliveries is sent", routeList{})
)

func halting(what, effect string, answer any) about {
	return about{
		summary: "Pause a " + what + ", " + effect + ", or resume it. " + `The body is {"why": "..."}; who and why are kept`,
		params: []param{
			{what, "path", "the " + what + "'s name", ""},
			{"act", "path", "pause or resume", ""},
		},
		answer: answer, errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
	}
}

func (a *API) haltDestination(c *call) error {
	return a.halt(c, handover.Pause{Destination: c.PathValue("destination")}, a.tellDestinations)
}

func (a *API) haltSource(c *call) error {
	return a.halt(c, handover.Pause{Source: c.PathValue("source")}, a.tellSources)
}

func (a *API) haltRoute(c *call) error {
	return a.halt(c, handover.Pause{Route: c.PathValue("route")}, a.tellRoutes)
}

func (a *API) halt(c *call, p handover.Pause, tell func(*call) error) (err error) {
	act := map[string]func(context.Context, handover.Access, handover.Pause) error{
		"pause": a.Deliveries.Pause, "resume": a.Deliveries.Resume,
	}[c.PathValue("act")]
	if act == nil {
		return a.noSuchPath(c)
	}
	if p.Why, err = c.why(); err != nil {
		return err
	}
	if err := act(c.Context(), c.access, p); err != nil {
		return err
	}
	return tell(c)
}
