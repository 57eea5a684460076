package fhir

import (
	"fmt"
	"sync"
	"time"

	"handover/fhirpath"
)

// IndexValue is one value that a search parameter finds in a resource. Which
// fields are filled in follows from the parameter's type (FHIR R4 §3.1.1.4).
type IndexValue struct {
	// token: system and code; System is "" where the element has none, and for
	// a code that of its required value set. quantity: the unit's.
	System, Code string
	// string and uri: the text. token: display or text. quantity: the unit as
	// people read it. reference: a canonical or other uri as it stands.
	Text string
	// reference; System and Code are then those of its identifier.
	Reference Reference
	// date.
	Range Range
	// number and quantity: the decimal with its digits.
	Number string
	// composite: the values of each component.
	Parts [][]IndexValue
}

// indexer is a search parameter's compiled expression.
type indexer struct {
	once  sync.Once
	expr  *fhirpath.Expr
	parts []*fhirpath.Expr
	err   error
}

// compile compiles the expressions when they are first needed.
func (p *SearchParameter) compile() error {
	p.index.once.Do(func() {
		options := fhirpath.Options{Model: Model(), AsFilters: true}
		if p.index.expr, p.index.err = fhirpath.Compile(p.Expression, options); p.index.err != nil {
			return
		}
		for _, c := range p.Components {
			part, err := fhirpath.Compile(c.Expression, options)
			if err != nil {
				p.index.err = err
				return
			}
			p.index.parts = append(p.index.parts, part)
		}
	})
	if p.index.err != nil {
		return fmt.Errorf("search parameter %s of %s: %w", p.Code, p.Base, p.index.err)
	}
	return nil
}

// IndexNodes returns what the parameter's expression yields for the resource.
// A parameter without an expression (_content, _filter ...) yields nothing.
//
// resolve() does not look anything up: what it yields knows only the type that
// the reference names, which is what search parameters ask, or is the contained
// resource.
func (r *Resource) IndexNodes(p *SearchParameter) (fhirpath.Collection, error) {
	if p.Expression == "" {
		return nil, nil
	}
	if err := p.compile(); err != nil {
		return nil, err
	}
	return r.evaluate(p, p.index.expr, r.Root())
}

func (r *Resource) evaluate(p *SearchParameter, e *fhirpath.Expr, from fhirpath.Node) (fhirpath.Collection, error) {
	found, err := e.Evaluate(fhirpath.Context{Root: from, Resource: r.Root(), Resolve: r.typeOf})
	if err != nil {
		return nil, fmt.Errorf("search parameter %s of %s: %w", p.Code, p.Base, err)
	}
	return found, nil
}

// typeOf is resolve() for search parameters.
func (r *Resource) typeOf(reference string) (fhirpath.Node, error) {
	ref, ok := ParseReference(reference)
	switch {
	case !ok:
		return nil, nil
	case ref.Local:
		for c := range r.Root().Get("contained").All() {
			if c.Get("id").Text() == ref.Fragment {
				return c, nil
			}
		}
		return nil, nil
	case ref.Type == "":
		return nil, nil
	}
	return bare(Definitions().Type(ref.Type)), nil
}

// bare returns a resource of that type without anything in it.
func bare(t *Type) *Node {
	r := &Resource{text: "{}", nodes: []Node{{typ: t, kind: kindObject, end: 2, next: 1}}}
	r.nodes[0].doc = r
	return r.Root()
}

// IndexValues returns the values by which the parameter finds the resource.
// Dates without offset are meant in zone. What cannot be indexed as the
// parameter's type (a date that is no date) is left out.
func (r *Resource) IndexValues(p *SearchParameter, zone *time.Location) ([]IndexValue, error) {
	found, err := r.IndexNodes(p)
	if err != nil {
		return nil, err
	}
	var values []IndexValue
	for _, n := range found {
		if p.Type == "composite" {
			v, err := r.composite(p, n, zone)
			if err != nil {
				return nil, err
			}
			values = append(values, v...)
			continue
		}
		values = appendIndex(values, p.Type, n, zone)
	}
	return values, nil
}

// composite returns one value with a part for each component, nothing where a
// part is empty, as then no search can find it.
func (r *Resource) composite(p *SearchParameter, n fhirpath.Node, zone *time.Location) ([]IndexValue, error) {
	var v IndexValue
	for i, c := range p.Components {
		found, err := r.evaluate(p, p.index.parts[i], n)
		if err != nil {
			return nil, err
		}
		of := Definitions().SearchParameter(p.Base, c.Code)
		if of == nil {
			return nil, fmt.Errorf("search parameter %s of %s: there is no component %s", p.Code, p.Base, c.Code)
		}
		var part []IndexValue
		for _, one := range found {
			part = appendIndex(part, of.Type, one, zone)
		}
		if len(part) == 0 {
			return nil, nil
		}
		v.Parts = append(v.Parts, part)
	}
	return []IndexValue{v}, nil
}
