package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"handover"
	"handover/record"
)

// read gives the current version (FHIR R4 §3.1.0.2).
func (a *API) read(c *call) error {
	resourceType, id, err := c.instance()
	if err != nil {
		return err
	}
	if err := c.readForm(resourceType); err != nil {
		return err
	}
	var v record.Resource
	err = a.fromRecord(c, func(ctx context.Context) (err error) {
		v, err = a.Record.Read(ctx, c.access, c.atLeast, resourceType, id)
		return err
	})
	if err != nil {
		return err
	}
	one := []record.Resource{v}
	marked, err := a.mark(c, one)
	if err != nil {
		return err
	}
	c.tell(marked)
	c.w.Header().Set("Content-Location", a.versionURL(c, v))
	return a.answerVersion(c, one[0])
}

// vread gives one version (FHIR R4 §3.1.0.3).
func (a *API) vread(c *call) error {
	resourceType, id, err := c.instance()
	if err != nil {
		return err
	}
	version, err := c.version()
	if err != nil {
		return err
	}
	if err := c.readForm(resourceType); err != nil {
		return err
	}
	var v record.Resource
	err = a.fromRecord(c, func(ctx context.Context) (err error) {
		v, err = a.Record.VRead(ctx, c.access, c.atLeast, resourceType, id, version)
		return err
	})
	if err != nil {
		return err
	}
	return a.answerVersion(c, v)
}

// readForm reads the form of the answer where no other parameters are known.
func (c *call) readForm(resourceType string) (err error) {
	if !c.native(resourceType) {
		if c.format, err = readFormat(c.params, c.Header); err != nil {
			return err
		}
	}
	return c.only("_format", "_pretty")
}

// only refuses parameters beside these, unless the client lets them be passed
// over. _summary=false asks for nothing.
func (c *call) only(known ...string) error {
	if lenient(c.Header) {
		return nil
	}
	var faults []error
	for _, name := range sortedNames(c.params) {
		if slices.Contains(known, name) || name == "_summary" && c.params.Get(name) == "false" {
			continue
		}
		faults = append(faults, unsupportedParam(name, "this interaction does not know it"))
	}
	return joinFaults(faults)
}

func (a *API) versionURL(c *call, v record.Resource) string {
	return a.base(c.Request) + "/" + v.Type + "/" + v.ID + "/_history/" + strconv.FormatInt(v.Version, 10)
}

func etag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

func (a *API) answerVersion(c *call, v record.Resource) error {
	c.w.Header().Set("ETag", etag(v.Version))
	c.w.Header().Set("Last-Modified", v.LastUpdated.UTC().Format(http.TimeFormat))
	same, err := a.unchanged(c, v)
	if err != nil {
		return err
	}
	if same {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	switch {
	case c.native(v.Type):
		return a.answerNative(c, v)
	case v.Type == "Binary":
		return a.writeBinary(c, v)
	}
	return c.writeFHIR(http.StatusOK, v.Content)
}

// unchanged reports whether the client has this version already (RFC 9110
// §13.2.2: If-None-Match goes before If-Modified-Since).
func (a *API) unchanged(c *call, v record.Resource) (bool, error) {
	if tags := c.Header.Values("If-None-Match"); tags != nil {
		return matches(tags, etag(v.Version)), nil
	}
	since, err := http.ParseTime(c.Header.Get("If-Modified-Since"))
	second := v.LastUpdated.UTC().Truncate(time.Second)
	if err != nil || since.Before(second) {
		return false, nil
	}
	if since.After(second) || v.Version == 1 {
		return true, nil
	}
	// Last-Modified has whole seconds: the client may have an earlier version
	// of the same second.
	before, err := a.Record.VRead(c.Context(), c.access, 0, v.Type, v.ID, v.Version-1)
	if kind := handover.KindOf(err); err != nil && kind != handover.Gone && kind != handover.NotFound {
		return false, err
	}
	return err == nil && before.LastUpdated.Before(second), nil
}

// matches compares entity tags weakly (RFC 9110 §8.8.3.2).
func matches(headers []string, tag string) bool {
	opaque := strings.TrimPrefix(tag, "W/")
	for item := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		item = strings.TrimSpace(item)
		if item == "*" || strings.TrimPrefix(item, "W/") == opaque {
			return true
		}
	}
	return false
}
