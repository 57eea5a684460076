// Package converted brings what the converter makes of a message into the form
// of the comparison. It looks at its Bundle, which is what everybody sees.
package converted

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"handover"
	"handover/test/mapping/forest"
	"handover/transform/v2fhir"
)

// Trees returns the resources of the Bundle. An element that the message takes
// away, and that nothing else fills, has the value "(removed)".
func Trees(a handover.Assertions) ([]*forest.Resource, error) {
	n := 0
	data := v2fhir.Bundle(a, func(string, string, string) string { n++; return fmt.Sprint("r", n) })
	sources, err := Sources(data)
	if err != nil {
		return nil, err
	}
	for i := range sources {
		removed(&sources[i], a.Resources[i])
	}
	return forest.Read(sources)
}

func removed(s *forest.Source, r handover.ResourceAssertion) {
	has := map[string]bool{}
	for _, p := range s.Properties {
		has[p.Name] = true
	}
	for _, e := range r.Elements {
		if name := e.JSONProperty(); e.Removed && !has[name] {
			has[name] = true
			s.Properties = append(s.Properties, forest.Property{Name: name, Value: []byte(`"(removed)"`)})
		}
	}
}

// Sources takes a Bundle apart. Resources are named by the url of their
// request, or by their fullUrl.
func Sources(bundle []byte) ([]forest.Source, error) {
	var b struct {
		Entry []struct {
			FullURL  string `json:"fullUrl"`
			Resource map[string]json.RawMessage
			Request  struct{ URL string }
		}
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, err
	}
	var sources []forest.Source
	for _, e := range b.Entry {
		s := forest.Source{Name: e.Request.URL}
		if s.Name == "" {
			s.Name = e.FullURL
		}
		if err := json.Unmarshal(e.Resource["resourceType"], &s.Type); err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(e.Resource)) { // in one order, since equals are matched as they come
			if name != "resourceType" && name != "id" {
				s.Properties = append(s.Properties, forest.Property{Name: name, Value: e.Resource[name]})
			}
		}
		sources = append(sources, s)
	}
	return sources, nil
}
