package app

import (
	"context"
	"fmt"
	"net/http"
)

// openHTTP binds the FHIR server and the admin API.
func (e *Engine) openHTTP(context.Context) error {
	d, err := listenHTTP(e.config.Site.HTTP, http.NotFoundHandler())
	if err != nil {
		return fmt.Errorf("listening for HTTP on %s: %w", e.config.Site.HTTP, err)
	}
	e.addDoor("", d)
	return nil
}

// HTTP returns the address of the FHIR server: host:port.
func (e *Engine) HTTP() string { return e.Addr("") }

// Addr returns where a source's listener is bound, or the FHIR server's where
// the name is "". It differs from the configuration where that says port 0.
func (e *Engine) Addr(source string) string {
	if a := e.addresses[source]; a != nil {
		return a.String()
	}
	return ""
}
