package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"handover"
	"handover/record"
)

// history gives the versions of one resource, newest first (FHIR R4 §3.1.0.10).
func (a *API) history(c *call) error {
	resourceType, id, err := c.instance()
	if err != nil {
		return err
	}
	if c.format, err = readFormat(c.params, c.Header); err != nil {
		return err
	}
	if err := c.only("_format", "_pretty", "_count", "_cursor"); err != nil {
		return err
	}
	count, err := readCount(c.params)
	if err != nil {
		return err
	}
	var page record.Page
	err = a.fromRecord(c, func(ctx context.Context) (err error) {
		page, err = a.Record.History(ctx, c.access, c.atLeast, resourceType, id, count, c.params.Get("_cursor"))
		return err
	})
	if err != nil {
		return err
	}
	base := a.base(c.Request)
	kept := url.Values{}
	for _, name := range []string{"_format", "_pretty", "_count", "_cursor"} {
		if c.params.Has(name) {
			kept.Set(name, c.params.Get(name))
		}
	}
	self := base + "/" + resourceType + "/" + id + "/_history"
	b := bundle{kind: "history", total: -1, entries: page.Resources, links: []link{{"self", withQuery(self, kept)}}}
	if page.Next != "" {
		kept.Set("_cursor", page.Next)
		b.links = append(b.links, link{"next", withQuery(self, kept)})
	} else if !c.params.Has("_cursor") {
		b.total = len(page.Resources)
	}
	return c.writeFHIR(http.StatusOK, b.appendTo(nil, base))
}

func readCount(params url.Values) (int, error) {
	if !params.Has("_count") {
		return 0, nil
	}
	n, err := strconv.Atoi(params.Get("_count"))
	if err != nil || n < 1 {
		return 0, &statusError{http.StatusBadRequest, handover.Invalid, "_count", "it is a whole number from 1"}
	}
	return n, nil
}

func withQuery(path string, params url.Values) string {
	if len(params) == 0 {
		return path
	}
	return path + "?" + params.Encode()
}
