package app

import (
	"context"
	"fmt"

	"handover/api"
	"handover/wire/mllp"
)

// openHTTP binds the FHIR server and the admin API.
func (e *Engine) openHTTP(context.Context) error {
	server, err := api.Server(api.Config{
		Record: e.record, Trace: e.trace, Journal: e.journal, Documents: documents{e}, Deliveries: outbox{e.deliveries, e}, Balance: e.balance, Alerts: e.alerts, Site: e.config.Site, Access: api.Local,
		Version: Version, Listeners: e.listenerCounts, Now: e.config.Now, Log: e.log, Beside: beside, Collectors: e.traces.Collectors(),
	})
	if err != nil {
		return err
	}
	server.Handler = e.operations(server.Handler)
	if e.api, err = listenHTTP(e.config.Site.HTTP, server); err != nil {
		return fmt.Errorf("listening for HTTP on %s: %w", e.config.Site.HTTP, err)
	}
	return nil
}

// listenerCounts are what the MLLP listeners have seen, by source.
func (e *Engine) listenerCounts() map[string]mllp.Counts {
	counts := map[string]mllp.Counts{}
	for name, g := range e.gates {
		if c, known := g.counts(); known {
			counts[name] = c
		}
	}
	return counts
}

// HTTP returns the address of the FHIR server: host:port.
func (e *Engine) HTTP() string { return e.api.Addr().String() }

// Addr returns where a source's listener is bound, which differs from the configuration
// where that says port 0; "" while nothing is bound.
func (e *Engine) Addr(source string) string {
	if g := e.gates[source]; g != nil && g.Addr() != nil {
		return g.Addr().String()
	}
	return ""
}

// doors are all ways in.
func (e *Engine) doors() (all []listener) {
	for _, g := range e.gates {
		all = append(all, g)
	}
	if e.api != nil {
		all = append(all, e.api)
	}
	return all
}
