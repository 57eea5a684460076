package record

import (
	"slices"
	"strings"

	"handover/fhir"
)

// paths returns the type's parameters, compiled when first asked for.
func (x *standard) paths(resourceType string) []paramPath {
	x.mu.RLock()
	p, ok := x.types[resourceType]
	x.mu.RUnlock()
	if ok {
		return p
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if p, ok = x.types[resourceType]; !ok {
		p = compileParams(resourceType)
		x.types[resourceType] = p
	}
	return p
}

func compileParams(resourceType string) []paramPath {
	defs := fhir.Definitions()
	var out []paramPath
	for _, code := range IndexedParams {
		sp := defs.SearchParameter(resourceType, code)
		if sp == nil {
			continue
		}
		p, ok := compileParam(defs, resourceType, sp)
		if !ok || code == "patient" && sameAsSubject(out, p) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// sameAsSubject reports whether subject is indexed and goes the same way.
func sameAsSubject(done []paramPath, p paramPath) bool {
	i := slices.IndexFunc(done, func(d paramPath) bool { return d.code == "subject" })
	return i >= 0 && slices.EqualFunc(done[i].paths, p.paths, func(a, b []step) bool {
		return slices.EqualFunc(a, b, func(s, t step) bool { return slices.Equal(s, t) })
	})
}

var paramKinds = map[string]ParamKind{"token": TokenParam, "date": DateParam, "reference": ReferenceParam}

// compileParam compiles the forms of expression that the indexed parameters
// have: unions of paths, with "as" or a resolve() filter at the end. ok is false
// for any other form.
func compileParam(defs *fhir.Defs, resourceType string, sp *fhir.SearchParameter) (p paramPath, ok bool) {
	p = paramPath{code: sp.Code, kind: paramKinds[sp.Type]}
	for _, part := range strings.Split(sp.Expression, "|") {
		part = strings.Trim(strings.TrimSpace(part), "()")
		path, as, _ := strings.Cut(part, " as ")
		if rest, target, filtered := strings.Cut(path, ".where(resolve() is "); filtered {
			path, p.only = rest, target
		}
		names := strings.Split(path, ".")
		if names[0] != resourceType {
			continue
		}
		steps, found := compilePath(defs.Type(resourceType), names[1:], as)
		if !found {
			return p, false
		}
		p.paths = append(p.paths, steps)
	}
	return p, p.kind != 0 && len(p.paths) > 0
}

func compilePath(t *fhir.Type, names []string, as string) ([]step, bool) {
	var out []step
	for i, name := range names {
		if t == nil {
			return nil, false
		}
		props := propertiesOf(t, name)
		if i == len(names)-1 && as != "" {
			props = slices.DeleteFunc(props, func(p *fhir.Property) bool { return p.Type.Name != as })
		}
		if len(props) == 0 {
			return nil, false
		}
		out = append(out, props)
		t = props[0].Type
	}
	return out, len(out) > 0
}

// propertiesOf returns the JSON properties of the element, several for a choice.
func propertiesOf(t *fhir.Type, name string) step {
	for _, e := range t.Elements {
		if e.BaseName() != name {
			continue
		}
		if !e.IsChoice() {
			return step{t.Property(name)}
		}
		var out step
		for _, et := range e.Types {
			if p := t.Property(name + strings.ToUpper(et.Type.Name[:1]) + et.Type.Name[1:]); p != nil {
				out = append(out, p)
			}
		}
		return out
	}
	return nil
}
