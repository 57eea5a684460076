package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"handover"
	"handover/record"
)

// maxForm is how many bytes a posted search may have.
const maxForm = 32 << 10

// search finds resources of a type by the parameters of the URL (FHIR R4
// §3.1.0.11).
func (a *API) search(c *call) error {
	resourceType, err := c.resourceType()
	if err != nil {
		return err
	}
	posted := c.params.Has("_page")
	if posted {
		if c.params, err = a.openPage(resourceType, c.params.Get("_page")); err != nil {
			return err
		}
	}
	return a.find(c, resourceType, posted)
}

// postedSearch finds by the parameters of the URL and of the form in the body.
// What it asks for stands in no URL, and so neither in the link to the next
// page.
func (a *API) postedSearch(c *call) error {
	resourceType, err := c.resourceType()
	if err != nil {
		return err
	}
	form, err := readPosted(c)
	if err != nil {
		return err
	}
	for name, values := range form {
		c.params[name] = append(c.params[name], values...)
	}
	return a.find(c, resourceType, true)
}

func readPosted(c *call) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, maxForm))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return nil, &statusError{http.StatusRequestEntityTooLarge, handover.TooLarge, "", "a posted search has at most 32 KB"}
	}
	if err != nil {
		return nil, &statusError{http.StatusRequestTimeout, handover.Invalid, "", "the form did not arrive whole, or not in time"}
	}
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if len(body) > 0 && (err != nil || media != "application/x-www-form-urlencoded") {
		return nil, &statusError{http.StatusUnsupportedMediaType, handover.Unsupported, "Content-Type",
			"a search is posted as application/x-www-form-urlencoded"}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &statusError{http.StatusBadRequest, handover.Invalid, "", "the form is not well-formed: check its % escapes"}
	}
	return form, nil
}

func (a *API) find(c *call, resourceType string, posted bool) (err error) {
	if c.format, err = readFormat(c.params, c.Header); err != nil {
		return err
	}
	q, err := a.params.ask(resourceType, c.params, lenient(c.Header))
	if err != nil {
		return err
	}
	q.AtLeast = c.atLeast
	var page record.Page
	err = a.fromRecord(c, func(ctx context.Context) (err error) {
		page, err = a.Record.Search(ctx, c.access, q.Query)
		return err
	})
	if err != nil && handover.KindOf(err) == handover.Unsupported {
		return joinFaults([]error{err}) // 400, as for what ask refuses
	}
	if err != nil {
		return err
	}
	if _, err := a.mark(c, page.Resources); err != nil {
		return err
	}
	c.tell(a.stale(c)) // what is not found may be what did not come
	b := bundle{kind: "searchset", total: page.Total, links: a.links(c, q, page.Next, posted)}
	if !q.countOnly {
		b.entries = page.Resources
	}
	if b.total < 0 && page.Next == "" && q.After == "" {
		b.total = len(b.entries)
	}
	return c.writeFHIR(http.StatusOK, b.appendTo(nil, a.base(c.Request)))
}

// links are self, with the parameters that counted, and next.
func (a *API) links(c *call, q question, next string, posted bool) []link {
	path := a.base(c.Request) + "/" + q.Type
	out := []link{{"self", withQuery(path, q.kept)}}
	if next == "" || q.countOnly {
		return out
	}
	params := url.Values{}
	for name, values := range q.kept {
		params[name] = values
	}
	params.Set("_cursor", next)
	if posted {
		params = url.Values{"_page": {a.sealPage(q.Type, params)}}
	}
	return append(out, link{"next", withQuery(path, params)})
}
