package api

import (
	"bytes"
	"slices"

	"handover/alert"
	"handover/internal/rawjson"
	"handover/record"
)

// staleHeader names the sources of which an answer may lack something: `lab; silence`.
const staleHeader = "X-Handover-Stale"

// staleSystem is the system of the tags that name such sources.
const staleSystem = "urn:x-handover-code-system:stale-source"

// stale lists the alerts of sources that are silent or behind, as far as the reader may
// know of the source.
func (a *API) stale(c *call) []alert.Listed {
	return slices.DeleteFunc(a.Alerts.Now(), func(l alert.Listed) bool {
		return l.Kind != alert.Silence && l.Kind != alert.Behind || !seesSource(c.access, l.Subject)
	})
}

// mark puts a tag into every resource whose patient a source has spoken of that is silent
// or behind now, and returns those alerts that any of them depends on.
func (a *API) mark(c *call, list []record.Resource) (marked []alert.Listed, err error) {
	all := a.stale(c)
	if len(all) == 0 || len(list) == 0 {
		return nil, nil
	}
	spoke, err := a.Record.Spoke(c.Context(), list)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		depends := false
		for i := range list {
			if slices.Contains(spoke[i], l.Subject) {
				list[i].Content = tagged(list[i].Content, l)
				depends = true
			}
		}
		if depends {
			marked = append(marked, l)
		}
	}
	return marked, nil
}

// tell names the alerts in the answer's header.
func (c *call) tell(marked []alert.Listed) {
	for _, l := range marked {
		c.w.Header().Add(staleHeader, l.Subject+"; "+l.Kind)
	}
}

// tagged returns a copy of a resource, which has a meta, with one more of meta.tag.
func tagged(content []byte, l alert.Listed) []byte {
	tag := encode(map[string]string{"system": staleSystem, "code": l.Subject, "display": l.Text})
	var meta, tags []byte
	rawjson.Members(content, func(name, value []byte) {
		if string(name) == "meta" {
			meta = value
		}
	})
	rawjson.Members(meta, func(name, value []byte) {
		if string(name) == "tag" {
			tags = value
		}
	})
	switch {
	case len(meta) < 2:
		return content // a Binary as it is, or nothing at all
	case len(tags) > 2:
		return insert(content, rawjson.Offset(content, tags)+len(tags)-1, append([]byte{','}, tag...))
	}
	at := rawjson.Offset(content, meta) + len(meta) - 1
	comma := ","
	if len(meta) == 2 {
		comma = ""
	}
	return insert(content, at, slices.Concat([]byte(comma+`"tag":[`), tag, []byte{']'}))
}

func insert(b []byte, at int, what []byte) []byte {
	return bytes.Join([][]byte{b[:at], what, b[at:]}, nil)
}
