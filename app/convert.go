package app

import (
	"handover"
	"handover/config"
	"handover/hl7v2"
	"handover/route"
	"handover/transform/v2fhir"
)

// Conversion is what one message makes, without a server.
type Conversion struct {
	Decision handover.Decision
	Bundle   []byte // FHIR transaction; nil where the message does not go to the record
	Explain  string // field and rule of every value, and what was left
	Left     []handover.Left
}

// Convert turns a message of the source into a FHIR transaction. Ids are made
// under the key; the record gives the same where nothing else was said before.
func Convert(source config.Source, key []byte, m *hl7v2.Message) Conversion {
	a, problems := converterOf(source).Convert(m)
	return Conversion{
		Decision: handover.Decision{State: handover.StateRouted, Problems: problems},
		Bundle: v2fhir.Bundle(a, func(resourceType, authority, value string) string {
			return handover.ResourceID(key, resourceType, authority, value)
		}),
		Explain: v2fhir.Explain(a),
		Left:    a.Left,
	}
}

// Try does to a message of a source what the site's configuration would do:
// route it, and convert it if it goes to the record.
func Try(site *config.Site, table *route.Table, source config.Source, m *hl7v2.Message) Conversion {
	way := table.Decide(source.Name, m)
	if !way.Record {
		return Conversion{Decision: way.Decision}
	}
	c := Convert(source, TestKey, m)
	way.Problems = append(way.Problems, c.Decision.Problems...)
	c.Decision = way.Decision
	return c
}

// Routes compiles the site's routes. Ordering keys are marked under the site key.
func Routes(site *config.Site, key []byte) (*route.Table, error) {
	c := route.Config{Authorities: map[string][]string{}, Mark: func(text string) string { return handover.OrderKey(key, text) }}
	for _, s := range site.Sources {
		c.Authorities[s.Name] = s.Authorities
	}
	for _, r := range site.Routes {
		rule := route.Rule{Name: r.Name, From: r.From, When: r.When, Key: r.Key}
		for _, t := range r.To {
			rule.To = append(rule.To, route.Target{Destination: t.Destination, Hold: t.Hold})
		}
		for _, f := range r.Filters {
			rule.Filters = append(rule.Filters, route.Filter{Name: f.Name, When: f.When})
		}
		c.Rules = append(c.Rules, rule)
	}
	return route.New(c)
}

func converterOf(s config.Source) *v2fhir.Converter {
	return v2fhir.New(v2fhir.Config{Source: s.Name, Zone: s.Zone, Authorities: s.Authorities, Snapshots: s.Snapshots})
}
