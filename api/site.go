package api

import (
	"slices"

	"handover"
	"handover/config"
	"handover/deliver"
)

// sourceList and routeList are the configuration that is live, as far as its
// sources may be seen.
type sourceList struct {
	Release string   `json:"release"` // of the configuration
	Sources []source `json:"sources"`
}

type source struct {
	Name        string   `json:"name"`
	Listen      string   `json:"listen"`
	Acknowledge string   `json:"acknowledge"` // received or recorded
	Zone        string   `json:"zone,omitempty"`
	Owns        []string `json:"owns,omitempty"`
	Authorities []string `json:"authorities,omitempty"`
	// Paused says that it cannot send, by whose will; nil: it can.
	Paused *deliver.Halt `json:"paused,omitempty"`
}

type routeList struct {
	Release string      `json:"release"`
	Routes  []siteRoute `json:"routes"`
}

type siteRoute struct {
	Name    string   `json:"name"`
	From    []string `json:"from"`
	When    string   `json:"when,omitempty"` // FHIRPath
	Key     string   `json:"key,omitempty"`  // v2 address
	Filters []filter `json:"filters,omitempty"`
	To      []string `json:"to"`
	// Paused says that its deliveries wait, by whose will; nil: they are sent.
	Paused *deliver.Halt `json:"paused,omitempty"`
}

type filter struct {
	Name string `json:"name"`
	When string `json:"when"`
	Why  string `json:"why,omitempty"`
}

var (
	aboutSources = about{summary: "The sources that may be seen", answer: sourceList{}}
	aboutRoutes  = about{summary: "The routes from sources that may be seen", answer: routeList{}}
)

func (a *API) sources(c *call) error {
	if err := c.known(nil); err != nil {
		return err
	}
	return a.tellSources(c)
}

func (a *API) tellSources(c *call) error {
	out := sourceList{a.Site.Release, []source{}}
	for _, s := range a.Site.Sources {
		if seesSource(c.access, s.Name) {
			one := sourceOf(s)
			one.Paused = a.paused(handover.Pause{Source: s.Name})
			out.Sources = append(out.Sources, one)
		}
	}
	return c.writeJSON(out)
}

func sourceOf(s config.Source) source {
	out := source{Name: s.Name, Acknowledge: s.Acknowledge, Owns: s.Owns, Authorities: s.Authorities}
	if s.Listen != nil {
		out.Listen = s.Listen.Redacted()
	}
	if s.Zone != nil {
		out.Zone = s.Zone.String()
	}
	return out
}

func (a *API) routes(c *call) error {
	if err := c.known(nil); err != nil {
		return err
	}
	return a.tellRoutes(c)
}

func (a *API) tellRoutes(c *call) error {
	out := routeList{a.Site.Release, []siteRoute{}}
	for _, r := range a.Site.Routes {
		if slices.ContainsFunc(r.From, func(name string) bool { return seesSource(c.access, name) }) {
			one := routeOf(r)
			one.Paused = a.paused(handover.Pause{Route: r.Name})
			out.Routes = append(out.Routes, one)
		}
	}
	return c.writeJSON(out)
}

func routeOf(r config.Route) siteRoute {
	out := siteRoute{Name: r.Name, From: r.From, When: r.When, Key: r.Key}
	for _, t := range r.To {
		out.To = append(out.To, t.Name())
	}
	for _, f := range r.Filters {
		out.Filters = append(out.Filters, filter{f.Name, f.When, f.Why})
	}
	return out
}

// paused tells of a pause, if there is one.
func (a *API) paused(p handover.Pause) *deliver.Halt {
	if h, is := a.Deliveries.Paused(p); is {
		return &h
	}
	return nil
}

// seesSource reports whether anything of the source may be seen.
func seesSource(access handover.Access, name string) bool {
	return access.May(handover.Row{Source: name})
}
