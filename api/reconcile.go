package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"handover"
	"handover/config"
	"handover/reconcile"
	"handover/record"
)

// The limits of an extract, which is held in memory while it is compared.
const (
	maxExtract     = 64 << 20
	extractArrives = 5 * time.Minute
	findingsShown  = 1000
)

var aboutReconciling = about{
	summary: "Hold a list that a source exported (the body: text/csv whose first line names the columns identifier and, if wanted, FHIRPath over the resource) against what the record heard from that source",
	params: []param{
		{"source", "query", "the source that exported the list", ""},
		{"type", "query", "the type of the resources that it lists; Patient if not given", ""},
		{"made", "query", "when the list was exported: a span back from now or a time. What the record heard later is not held against it", ""},
		{"since", "query", "the beginning of the span that the list covers: what the source spoke of only before need not be in it", ""},
		{"limit", "query", "how many findings are shown, 1000 if not given; 0: all. All are counted", "integer"},
	},
	answer: reconcile.Report{}, waits: true,
	errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable},
}

// reconcile compares. One list at a time is in memory.
func (a *API) reconcile(c *call) error {
	source, how, err := a.reconciling(c)
	if err != nil {
		return err
	}
	if !a.comparing.TryLock() {
		return &handover.Error{Op: "reconciling", Kind: handover.Unavailable, Err: errors.New("another list is being compared; try again when it is done")}
	}
	defer a.comparing.Unlock()
	_ = http.NewResponseController(c.w).SetReadDeadline(time.Now().Add(extractArrives)) // not all writers have one
	extract, err := reconcile.Read(http.MaxBytesReader(c.w, c.Body, maxExtract), cmp.Or(c.params.Get("type"), "Patient"))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return &statusError{http.StatusRequestEntityTooLarge, handover.TooLarge, "", fmt.Sprintf("a list has at most %d MB; send it in parts, each with its span (since)", maxExtract>>20)}
	}
	if err != nil {
		return err
	}
	comparison := extract.Compare(how)
	err = a.fromRecord(c, func(ctx context.Context) error {
		return a.Record.Heard(ctx, c.access, c.atLeast, extract.Type, source, func(h record.Heard) error {
			return comparison.Add(reconcile.Resource{ID: h.ID, Content: h.Content, LastUpdated: h.LastUpdated, Spoke: h.Spoke, Said: h.Said, Identifiers: h.Identifiers})
		})
	})
	if err != nil {
		return err
	}
	return c.writeJSON(comparison.Report(source))
}

// reconciling reads what is asked for.
func (a *API) reconciling(c *call) (source string, how reconcile.Config, err error) {
	if err := c.known(aboutReconciling.params); err != nil {
		return "", how, err
	}
	if media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || media != "text/csv" {
		return "", how, &statusError{http.StatusUnsupportedMediaType, handover.Unsupported, "Content-Type", "a list is sent as text/csv"}
	}
	source = c.params.Get("source")
	known := slices.ContainsFunc(a.Site.Sources, func(s config.Source) bool { return s.Name == source })
	if !known || !seesSource(c.access, source) {
		return "", how, &statusError{http.StatusNotFound, handover.NotFound, "source", "there is no such source; /api/v1/sources lists them"}
	}
	how.Limit = findingsShown
	if asked := c.params.Get("limit"); asked != "" {
		if how.Limit, err = strconv.Atoi(asked); err != nil || how.Limit < 0 {
			return "", how, invalid("limit", "it is a whole number that is not negative")
		}
	}
	if how.Made, err = c.moment("made", a.Now()); err != nil {
		return "", how, err
	}
	how.Since, err = c.moment("since", a.Now())
	return source, how, err
}
