// Package route says where a message goes, and nothing else: which routes take
// it, which named rule takes it out, or that nothing takes it. It is pure and
// decides the same for the same message and the same rules; what follows from
// the decision is left to others.
package route

import (
	"fmt"
	"slices"

	"handover"
	"handover/fhirpath"
	v2 "handover/fhirpath/v2"
	"handover/hl7v2"
)

// Config says what a table is made of.
type Config struct {
	Rules []Rule
	// Authorities lists for each source the authorities of identifiers, most
	// trusted first: of several identifiers the first is the ordering key.
	Authorities map[string][]string
	// Mark turns an ordering key, which may be a patient's identifier, into one
	// that says nothing of it: handover.OrderKey.
	Mark func(key string) string
}

// Rule is one route.
type Rule struct {
	Name    string
	From    []string
	When    string // FHIRPath over the message; "": every message
	Filters []Filter
	Key     string // v2 address of the ordering key of what goes to destinations
	To      []Target
}

// Target is one place where a route leads.
type Target struct {
	Destination string // "": the record
	Hold        bool   // what is parked there holds up later messages of its key
}

// Filter takes out messages for which When is true.
type Filter struct{ Name, When string }

// Table is a set of compiled rules.
type Table struct {
	rules       []compiled
	authorities map[string][]string
	mark        func(key string) string
	patient     keying
}

type compiled struct {
	name    string
	from    map[string]bool
	when    *fhirpath.Expr // nil: always
	filters []compiledFilter
	key     keying
	to      []Target
}

type compiledFilter struct {
	name string
	when *fhirpath.Expr
}

// New compiles the rules. The error names the rule and the place in its
// expression.
func New(config Config) (*Table, error) {
	t := &Table{authorities: config.Authorities, mark: config.Mark}
	t.patient, _ = t.keyingAt("PID-3") // an address that can be read
	for _, r := range config.Rules {
		c := compiled{name: r.Name, from: map[string]bool{}, to: r.To}
		for _, source := range r.From {
			c.from[source] = true
		}
		var err error
		if c.when, err = compile(r.When); err != nil {
			return nil, fmt.Errorf("compiling route %s: %w", r.Name, err)
		}
		if c.key, err = t.keyingAt(r.Key); err != nil {
			return nil, fmt.Errorf("reading the key of route %s: %w", r.Name, err)
		}
		for _, f := range r.Filters {
			when, err := compile(f.When)
			if err != nil {
				return nil, fmt.Errorf("compiling filter %s of route %s: %w", f.Name, r.Name, err)
			}
			c.filters = append(c.filters, compiledFilter{f.Name, when})
		}
		t.rules = append(t.rules, c)
	}
	return t, nil
}

func compile(expression string) (*fhirpath.Expr, error) {
	if expression == "" {
		return nil, nil
	}
	return v2.Compile(expression)
}

// Way is where one message goes. Of several routes that lead to one destination
// the first counts.
type Way struct {
	handover.Decision
	Record bool // it goes to the record
}

// Decide says where a message of the source goes. A condition that cannot be
// evaluated on the message makes it wait for a person, naming the route, since
// to pass it on or to leave it out would both be guesses.
func (t *Table) Decide(source string, m *hl7v2.Message) Way {
	var w Way
	var filtered string
	for _, r := range t.rules {
		if !r.from[source] {
			continue
		}
		took, err := holds(r.when, m)
		if err != nil {
			return waiting("route-failed", r.name, err)
		}
		if !took {
			continue
		}
		filter, err := r.filteredBy(m)
		if err != nil {
			return waiting("filter-failed", r.name, err)
		}
		if filter != "" {
			filtered = r.name + "/" + filter
			continue
		}
		w.Routes = append(w.Routes, r.name)
		w.add(r, source, m)
	}
	switch {
	case len(w.Routes) > 0:
		w.State = handover.StateRouted
	case filtered != "":
		w.State, w.Reason = handover.StateFiltered, filtered
	default:
		w.State, w.Reason = handover.StateWaiting, "no-route"
	}
	return w
}

// add sends the message where a route leads that took it.
func (w *Way) add(r compiled, source string, m *hl7v2.Message) {
	var keys []string
	for _, t := range r.to {
		if t.Destination == "" {
			w.Record = true
			continue
		}
		if w.goes(t.Destination) {
			continue
		}
		if keys == nil {
			keys = r.key.of(source, m)
		}
		w.Deliveries = append(w.Deliveries, handover.Delivery{To: t.Destination, Route: r.name, Keys: keys, Hold: t.Hold})
	}
}

func (w *Way) goes(destination string) bool {
	return slices.ContainsFunc(w.Deliveries, func(d handover.Delivery) bool { return d.To == destination })
}

func waiting(reason, route string, err error) Way {
	return Way{Decision: handover.Decision{
		State: handover.StateWaiting, Reason: reason, Routes: []string{route},
		Problems: []handover.Problem{{Where: "route " + route, Text: err.Error()}},
	}}
}

func (r compiled) filteredBy(m *hl7v2.Message) (string, error) {
	for _, f := range r.filters {
		if hit, err := holds(f.when, m); err != nil || hit {
			return f.name, err
		}
	}
	return "", nil
}

// holds reports whether the condition is true; unknown counts as not.
func holds(e *fhirpath.Expr, m *hl7v2.Message) (bool, error) {
	if e == nil {
		return true, nil
	}
	value, _, err := e.Bool(fhirpath.Context{Root: v2.Message(m)})
	return value, err
}
