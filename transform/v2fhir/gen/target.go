package main

import (
	"strings"

	"handover/fhir"
	"handover/transform/v2fhir/internal/mapfile"
)

// target reads the FHIR side of a row. Some rows carry the assignment in the
// attribute; some do not close their parentheses.
func (g *generator) target(m *mapfile.Map, id string, r *row, rule *mapfile.Rule) {
	text := r.attribute
	if path, value, ok := strings.Cut(text, "="); ok {
		g.note(m.ID(), id, "to", text, path, "the assignment stands in the attribute's column")
		text = strings.TrimSpace(path)
		if r.set == "" {
			r.set = value
		}
	}
	if open := strings.Count(text, "(") - strings.Count(text, ")"); open > 0 {
		closed := text + strings.Repeat(")", open)
		g.note(m.ID(), id, "to", text, closed, "a parenthesis is not closed")
		text = closed
	}
	for _, drift := range [][2]string{{".(", "("}, {".uri", ".url"}} {
		if strings.Contains(text, drift[0]) && (drift[0] != ".uri" || strings.Contains(text, "extension")) {
			fixed := strings.Replace(text, drift[0], drift[1], 1)
			g.note(m.ID(), id, "to", text, fixed, "not a path")
			text = fixed
		}
	}
	t, err := mapfile.ParseTarget(text)
	if err != nil {
		g.fail(m.ID(), id, "%v", err)
	}
	rule.To = t
}

// resolve holds the path against the definitions of R4: names, choices, which
// elements repeat, which resources a reference may mean.
func (g *generator) resolve(m *mapfile.Map, rule *mapfile.Rule) {
	typ := g.defs.Type(m.Target)
	if typ == nil {
		g.fail(m.ID(), rule.ID, "R4 has no type %s", m.Target)
		return
	}
	last := g.walk(m.ID(), rule.ID, typ, rule.To.Steps)
	if last == nil {
		return
	}
	if last.Name == "Reference" && rule.By != "" {
		g.referTo(rule)
		return
	}
	if last.Kind == fhir.KindResource && rule.By == "" && len(rule.Set) == 0 && len(rule.To.Steps) > 0 {
		g.fail(m.ID(), rule.ID, "%s: a resource needs a map", rule.To)
	}
}

// referTo adds the resource that a reference means, where only the data type
// map says it.
func (g *generator) referTo(rule *mapfile.Rule) {
	for key := range g.datatypes {
		if mapName(key) != rule.By {
			continue
		}
		_, target, _ := strings.Cut(strings.TrimSuffix(key, "]"), "[")
		target, _, _ = strings.Cut(target, "-")
		if g.defs.IsResource(target) && len(rule.To.Steps) > 0 {
			rule.To.Steps[len(rule.To.Steps)-1].Resource = target
		}
	}
}

// walk returns the type at the end of the path, nil after a problem.
func (g *generator) walk(mapID, id string, typ *fhir.Type, steps []mapfile.Step) *fhir.Type {
	for i := range steps {
		s := &steps[i]
		p := property(typ, s, i+1 == len(steps) && s.Resource == "")
		if p == nil {
			g.fail(mapID, id, "%s has no element %s", typ.Name, s.Name)
			return nil
		}
		if s.Index != 0 && !p.Element.IsList() {
			g.note(mapID, id, "to", s.Name+"[n]", s.Name, typ.Name+"."+s.Name+" does not repeat")
			s.Index = 0
		}
		if s.Index == 1 {
			s.Index = 0 // [1] and no number mean the same instance
		}
		if s.Number == 1 {
			s.Number = 0
		}
		typ = p.Type
		if s.Resource == "" {
			continue
		}
		if typ.Name != "Reference" || !g.refers(p.Element, s.Resource) {
			g.fail(mapID, id, "%s cannot refer to %s", s.Name, s.Resource)
			return nil
		}
		if typ = g.defs.Type(s.Resource); typ == nil {
			g.fail(mapID, id, "R4 has no resource %s", s.Resource)
			return nil
		}
	}
	return typ
}

// property finds the element of a step, and takes choices apart: valueQuantity
// is value[Quantity].
func property(typ *fhir.Type, s *mapfile.Step, last bool) *fhir.Property {
	if p := typ.Property(s.JSONName()); p != nil {
		if p.Element.IsChoice() && s.Choice == "" {
			base := p.Element.BaseName()
			s.Name, s.Choice = base, strings.TrimPrefix(s.Name, base)
		}
		return p
	}
	if e := typ.Element(s.Name + "[x]"); e != nil && s.Resource != "" {
		s.Choice = "Reference"
		return typ.Property(s.JSONName())
	}
	return nil
}

func (g *generator) refers(e *fhir.Element, resource string) bool {
	for _, t := range e.Types {
		if t.Type.Name != "Reference" {
			continue
		}
		if len(t.Targets) == 0 {
			return true
		}
		for _, target := range t.Targets {
			if target == resource || target == "Resource" {
				return true
			}
		}
	}
	return false
}

// extensionNumbers gives extensions with different URLs different numbers: the
// sheets use some numbers twice.
func (g *generator) extensionNumbers(m *mapfile.Map) {
	owner, next := map[string]string{}, map[string]int{} // parent and number → the url there
	for i := range m.Rules {
		r := &m.Rules[i]
		if n := len(r.To.Steps); n == 0 || r.To.Steps[n-1].Name != "url" || len(r.Set) == 0 {
			continue
		}
		at := len(r.To.Steps) - 2
		url, parent := r.Set[0].Literal, mapfile.Target{Steps: r.To.Steps[:at]}.String()
		number := r.To.Steps[at].Index
		key := parent + "#" + itoa(number)
		if old, taken := owner[key]; !taken || old == url {
			owner[key] = url
			continue
		}
		next[parent] = max(next[parent], 20) + 1
		g.renumber(m, r.From, r.To.Steps[:at+1], next[parent])
		owner[parent+"#"+itoa(next[parent])] = url
	}
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

// renumber changes the extension's number in every rule of the same field.
func (g *generator) renumber(m *mapfile.Map, from string, path []mapfile.Step, number int) {
	at, old := len(path)-1, path[len(path)-1].Index
	prefix := mapfile.Target{Steps: path}.String()
	for i := range m.Rules {
		r := &m.Rules[i]
		if r.From != from || len(r.To.Steps) <= at || r.To.Steps[at].Index != old ||
			(mapfile.Target{Steps: r.To.Steps[:at+1]}).String() != prefix && r.From != from {
			continue
		}
		if r.To.Steps[at].Name == "extension" && r.To.Steps[at].Index == old {
			was := r.To.String()
			steps := append([]mapfile.Step{}, r.To.Steps...)
			steps[at].Index = number
			r.To.Steps = steps
			g.note(m.ID(), r.ID, "to", was, r.To.String(), "the number is used for another extension too")
		}
	}
}
