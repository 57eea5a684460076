package api

import (
	"context"
	"net/http"

	"handover"
	"handover/record"
)

// lineage says of each element of one version where it came from.
type lineage struct {
	Type     string           `json:"type"`
	ID       string           `json:"id"`
	Version  int64            `json:"version"`
	Message  handover.Offset  `json:"message"` // that made this version
	Written  handover.Offset  `json:"written"` // the fact that keeps it
	Elements []elementLineage `json:"elements"`
}

type elementLineage struct {
	Element  string            `json:"element"`
	Part     string            `json:"part,omitempty"` // absent: the element as a whole
	Source   string            `json:"source"`
	Message  handover.Offset   `json:"message"`  // in which the source said it
	Asserted handover.Offset   `json:"asserted"` // the fact that keeps what it said
	Origins  []handover.Origin `json:"origins"`
}

var instanceParams = []param{
	{"type", "path", "the resource type", ""},
	{"id", "path", "the resource's id", ""},
}

var aboutLineage = about{
	summary: "Where each element of a resource came from: source, message, field, rule",
	params:  instanceParams, answer: lineage{}, waits: true,
	errors: []int{http.StatusNotFound, http.StatusGone},
}

var aboutLineageOf = about{
	summary: "Where each element of one version of a resource came from",
	params:  append(instanceParams[:2:2], param{"version", "path", "the version, from 1", "integer"}),
	answer:  lineage{}, waits: true, errors: []int{http.StatusNotFound, http.StatusGone},
}

func (a *API) lineage(c *call) error {
	if err := c.known(nil); err != nil {
		return err
	}
	resourceType, id, err := c.instance()
	if err != nil {
		return err
	}
	var version int64 // the current one
	if c.path == "/api/v1/lineage/{type}/{id}/{version}" {
		if version, err = c.version(); err != nil {
			return err
		}
	}
	var found record.Lineage
	err = a.fromRecord(c, func(ctx context.Context) (err error) {
		found, err = a.Record.Lineage(ctx, c.access, c.atLeast, resourceType, id, version)
		return err
	})
	if err != nil {
		return err
	}
	return c.writeJSON(lineageOf(found))
}

func lineageOf(l record.Lineage) lineage {
	out := lineage{l.Type, l.ID, l.Version, l.Message, l.Written, []elementLineage{}}
	for _, e := range l.Elements {
		origins := e.Origins
		if origins == nil {
			origins = []handover.Origin{}
		}
		out.Elements = append(out.Elements, elementLineage{e.Element, e.Part, e.Source, e.Message, e.Asserted, origins})
	}
	return out
}
