package v2fhir

import (
	"handover/fhir"
	"handover/transform/v2fhir/internal/cond"
	"handover/transform/v2fhir/internal/mapfile"
)

// once keeps what is the same in every place where a data type map is used, so
// that it is compiled and kept once.
type once struct {
	conditions map[string]compiledCondition
	paths      map[pathKey]compiledPath
	sets       map[*mapfile.Rule][]setPart
	reasons    map[string]*partReasons
}

func newOnce() once {
	return once{
		conditions: map[string]compiledCondition{}, paths: map[pathKey]compiledPath{},
		sets: map[*mapfile.Rule][]setPart{}, reasons: map[string]*partReasons{},
	}
}

// pathKey is the path of a rule from a type on.
type pathKey struct {
	rule *mapfile.Rule
	base *fhir.Type
}

type compiledPath struct {
	steps []step
	each  bool
	end   *end
}

type compiledCondition struct {
	expr *cond.Expr
	when condition
}

// path compiles the path of a rule, once for all places of a data type map.
func (c *compiler) path(r *rule, m *mapfile.Map, src *mapfile.Rule, id string, base *fhir.Type) *end {
	if m.Kind != mapfile.Datatype {
		return c.steps(r, src, id, base) // attach makes it this rule's own
	}
	key := pathKey{src, base}
	p, done := c.paths[key]
	if !done {
		p.end = c.steps(r, src, id, base)
		p.steps, p.each = r.steps, r.each
		c.paths[key] = p
	}
	r.steps, r.each = p.steps, p.each
	return p.end
}

// compiled compiles a condition, once for all rules that have it.
func (c *compiler) compiled(text, source string) (compiledCondition, error) {
	key := source + ": " + text
	if done, ok := c.conditions[key]; ok {
		return done, nil
	}
	e, err := cond.Parse(text)
	if err != nil {
		return compiledCondition{}, err
	}
	c.conditions[key] = compiledCondition{e, compileCondition(e, source)}
	return c.conditions[key], nil
}
