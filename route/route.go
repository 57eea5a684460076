// Package route says where a message goes, and nothing else: which routes take
// it, which named rule takes it out, or that nothing takes it. It is pure and
// decides the same for the same message and the same rules; what follows from
// the decision is left to others.
package route

import (
	"fmt"

	"handover"
	"handover/fhirpath"
	v2 "handover/fhirpath/v2"
	"handover/hl7v2"
)

// Rule is one route.
type Rule struct {
	Name    string
	From    []string
	When    string // FHIRPath over the message; "": every message
	Filters []Filter
	To      []string
}

// Filter takes out messages for which When is true.
type Filter struct{ Name, When string }

// Table is a set of compiled rules.
type Table struct{ rules []compiled }

type compiled struct {
	name    string
	from    map[string]bool
	when    *fhirpath.Expr // nil: always
	filters []compiledFilter
	to      []string
}

type compiledFilter struct {
	name string
	when *fhirpath.Expr
}

// New compiles the rules. The error names the rule and the place in its
// expression.
func New(rules []Rule) (*Table, error) {
	t := &Table{}
	for _, r := range rules {
		c := compiled{name: r.Name, from: map[string]bool{}, to: r.To}
		for _, source := range r.From {
			c.from[source] = true
		}
		var err error
		if c.when, err = compile(r.When); err != nil {
			return nil, fmt.Errorf("compiling route %s: %w", r.Name, err)
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

// Way is where one message goes.
type Way struct {
	handover.Decision
	To []string // targets of all routes that took it, each once
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
		w.add(r.to)
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

func (w *Way) add(targets []string) {
	for _, to := range targets {
		if !w.Goes(to) {
			w.To = append(w.To, to)
		}
	}
}

// Goes reports whether the message goes to the target.
func (w Way) Goes(target string) bool {
	for _, to := range w.To {
		if to == target {
			return true
		}
	}
	return false
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
