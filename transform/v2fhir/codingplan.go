package v2fhir

import (
	"strings"

	"handover/transform/v2fhir/internal/mapfile"
)

// codingPlan says which components of a coded data type make the codings of a
// CodeableConcept (or the one Coding), and its text. It is read from the map's
// own rules: coding[2].code of CWE.4 and so on. The three are handled together,
// because a table translates a code and its system at once.
type codingPlan struct {
	single   bool       // the map makes a Coding
	triplets [4]triplet // 1 to 3
	text     slot
}

// under puts the way that led here before the rules.
func (p *codingPlan) under(way string) {
	p.text.rule = way + ":" + p.text.rule
	for i := range p.triplets {
		t := &p.triplets[i]
		for _, c := range []*slot{&t.code, &t.display, &t.system, &t.oid, &t.version} {
			if c.n > 0 {
				c.rule = way + ":" + c.rule
			}
		}
	}
}

// triplet is one code with its name, system and version.
type triplet struct {
	code, display, system, oid, version slot
}

// slot is a component and the rule that maps it.
type slot struct {
	n    int
	rule string
}

// text returns the text of the slot's component; "" where there is none.
func (s slot) text(v *cut) string {
	if s.n == 0 {
		return ""
	}
	return v.text(s.n)
}

// codingOf reads a data type map as a codingPlan; nil if it makes anything else.
func codingOf(m *mapfile.Map) *codingPlan {
	p := &codingPlan{}
	for i := range m.Rules {
		if !p.add(m, &m.Rules[i]) {
			return nil
		}
	}
	if p.triplets[1].code.n == 0 {
		return nil
	}
	return p
}

func (p *codingPlan) add(m *mapfile.Map, r *mapfile.Rule) bool {
	steps := r.To.Steps
	if r.When != "" || r.By != "" || r.Table != "" || len(steps) == 0 || r.To.Instance > 0 {
		return false
	}
	for _, part := range r.Set {
		if part.Func != "codesystem" {
			return false
		}
	}
	at := slot{component(r.From, m.Source), r.ID}
	last := steps[len(steps)-1]
	if last.Name == "text" && len(steps) == 1 {
		p.text = at
		return at.n > 0
	}
	n := 1
	switch {
	case len(steps) == 1 && m.Target == "Coding":
		p.single = true
	case len(steps) == 2 && steps[0].Name == "coding":
		n = max(1, steps[0].Index)
	default:
		return false
	}
	if n > 3 || at.n == 0 {
		return false
	}
	return p.triplets[n].add(last.Name, at, r, m.Source)
}

func (t *triplet) add(name string, at slot, r *mapfile.Rule, source string) bool {
	switch name {
	case "code":
		t.code = at
	case "display":
		t.display = at
	case "system":
		t.system = at
		if len(r.Set) == 1 && len(r.Set[0].Args) == 2 {
			t.oid = slot{component(r.Set[0].Args[1], source), r.ID}
		}
		return strings.HasPrefix(r.From, source+".")
	case "version":
		t.version = at
	default:
		return false
	}
	return true
}
