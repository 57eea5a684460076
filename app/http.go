package app

import (
	"context"
	"fmt"
	"net"

	"handover/api"
	"handover/wire/mllp"
)

// openHTTP binds the FHIR server and the admin API.
func (e *Engine) openHTTP(context.Context) error {
	server, err := api.Server(api.Config{
		Record: e.record, Trace: e.trace, Journal: e.journal, Documents: documents{e}, Deliveries: outbox{e.deliveries, e}, Balance: e.balance, Alerts: e.alerts, Site: e.config.Site, Access: api.Local,
		Version: Version, Listeners: e.listenerCounts, Now: e.config.Now, Log: e.log, Beside: beside,
	})
	if err != nil {
		return err
	}
	server.Handler = e.operations(server.Handler)
	d, err := listenHTTP(e.config.Site.HTTP, server)
	if err != nil {
		return fmt.Errorf("listening for HTTP on %s: %w", e.config.Site.HTTP, err)
	}
	e.doors[""] = d
	return nil
}

// listenerCounts are what the MLLP listeners have seen, by source.
func (e *Engine) listenerCounts() map[string]mllp.Counts {
	counts := map[string]mllp.Counts{}
	for name, d := range e.doors {
		if s, ok := d.(*mllp.Server); ok {
			counts[name] = s.Counts()
		}
	}
	return counts
}

// HTTP returns the address of the FHIR server: host:port.
func (e *Engine) HTTP() string { return e.Addr("") }

// Addr returns where a source's listener is bound, or the FHIR server's where
// the name is "". It differs from the configuration where that says port 0.
func (e *Engine) Addr(source string) string {
	if bound, ok := e.doors[source].(interface{ Addr() net.Addr }); ok {
		return bound.Addr().String()
	}
	return ""
}
