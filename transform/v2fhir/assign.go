package v2fhir

import (
	"strings"

	"handover/transform/v2fhir/internal/mapfile"
)

// part is a compiled part of an assigned value.
type setPart struct {
	literal string
	ref     *ref
	fn      function
	args    []argument
}

// argument is what a function of a map takes: an address or a literal.
type argument struct {
	literal string
	ref     *ref
	name    string // as it stands
}

// parts compiles what a rule assigns, once for all places of a data type map.
func (c *compiler) parts(m *mapfile.Map, src *mapfile.Rule, id string) []setPart {
	if done, ok := c.sets[src]; ok {
		return done
	}
	var out []setPart
	for _, p := range src.Set {
		switch {
		case p.Func != "":
			fn := functions[p.Func]
			if fn == nil {
				c.fail(id, "there is no function %s", p.Func)
			}
			out = append(out, setPart{fn: fn, args: arguments(p.Args, m.Source)})
		case p.Ref != "":
			a := compileRef(p.Ref, m.Source)
			out = append(out, setPart{ref: &a})
		default:
			out = append(out, setPart{literal: p.Literal})
		}
	}
	c.sets[src] = out
	return out
}

func arguments(args []string, source string) []argument {
	var out []argument
	for _, a := range args {
		if text, ok := strings.CutPrefix(a, `"`); ok {
			out = append(out, argument{literal: strings.TrimSuffix(text, `"`)})
			continue
		}
		if strings.ContainsAny(a, "[") { // ref(Patient[1])
			out = append(out, argument{name: a})
			continue
		}
		r := compileRef(a, source)
		out = append(out, argument{ref: &r, name: a})
	}
	return out
}

// fix makes the constants of a rule and of the rules below it.
func (rl *rule) fix(scribe *run) {
	rl.form = formOf(rl.typ)
	if rl.isConstant() {
		for _, p := range rl.set {
			rl.constant += p.literal
		}
		if !rl.isTime() && rl.table == nil {
			rl.constantJSON, _ = scribe.convert(rl, rl.constant)
		}
	}
	if rl.by != nil {
		for i := range rl.by.rules {
			rl.by.rules[i].fix(scribe)
		}
	}
}

// isConstant reports whether the rule assigns a text of its own.
func (rl *rule) isConstant() bool {
	for _, p := range rl.set {
		if p.ref != nil || p.fn != nil {
			return false
		}
	}
	return len(rl.set) > 0
}

func (rl *rule) isTime() bool { return rl.form == formTime || rl.form == formTimeOfDay }

// join puts the parts together. A literal between two addresses is written only
// where both are valued, so that no separator is left hanging; "^" counts parts,
// and stands for an empty one between two that are valued: ADT^^ADT_A01.
func join(parts []setPart, c *context) (text string, ok bool) {
	var b strings.Builder
	pending, valued, refs := "", 0, 0
	for i, p := range parts {
		if p.ref == nil {
			if i == 0 {
				b.WriteString(p.literal)
			} else {
				pending += p.literal
			}
			continue
		}
		refs++
		v := p.ref.at(c)
		if !v.IsValued() {
			if strings.Trim(pending, "^") != "" {
				pending = ""
			}
			continue
		}
		if valued > 0 {
			b.WriteString(pending)
		}
		pending = ""
		valued++
		b.WriteString(primary(v).Text())
	}
	return b.String(), refs == 0 || valued > 0
}
