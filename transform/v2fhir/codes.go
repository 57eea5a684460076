package v2fhir

import (
	"handover/hl7v2"
)

// translate writes a single code: through the rule's table into a code, a
// Coding or a CodeableConcept.
func (r *run) translate(rl *rule, v hl7v2.Value, at *spot, pos position) {
	first := primary(v)
	text := first.Text()
	if text == "" {
		return
	}
	r.translateText(rl, text, "", at, pos)
}

func (r *run) translateText(rl *rule, text, system string, at *spot, pos position) {
	found, listed := r.find(rl.table, text, system)
	switch rl.coded {
	case concept:
		r.writeCodings(rl, found, text, "", system, at, pos)
		return
	case coding:
		r.writeCoding(rl, found, text, "", system, at, pos)
		return
	case codeInside:
		r.insideCoding(rl, found, text, at, pos)
		return
	}
	if len(found) > 0 {
		r.putFrom(rl, found[0].id, found[0].Code, at, pos)
		return
	}
	if !listed && rl.codes == nil && rl.typ != "boolean" && rl.typ != "code" {
		r.put(rl, text, at, pos, true) // a text that the table has nothing to say of
		return
	}
	for _, t := range r.site(system, text) {
		if rl.codes == nil || inSet(rl, t.Code) {
			r.put(rl, t.Code, at, pos, true)
			return
		}
	}
	if rl.codes != nil && inSet(rl, text) && !listed && rl.table == nil {
		r.put(rl, text, at, pos, true)
		return
	}
	r.leave(pos, "no-code: no table leads from this code to one of the element's")
}

func inSet(rl *rule, code string) bool {
	in, known := rl.codes.Has("", code)
	return in || !known
}

// find looks a code up. listed says that the table has the code, though perhaps
// with nothing on the FHIR side.
func (r *run) find(t *table, code, system string) (found []translation, listed bool) {
	if t == nil || !t.covers(system) {
		return nil, false
	}
	found, listed = t.codes[code]
	return found, listed
}

// site asks the site's own tables.
func (r *run) site(system, code string) []Coding {
	if r.c.config.Translate == nil {
		return nil
	}
	return r.c.config.Translate(system, code)
}

// putFrom writes a text that a table gave; its line joins the rule.
func (r *run) putFrom(rl *rule, line, text string, at *spot, pos position) {
	json, reason := r.convert(rl, text)
	if json == nil {
		r.leave(pos, reason)
		return
	}
	if n := r.node(at); n != nil {
		if n.text != nil && n.real && string(n.text) != string(json) {
			r.leave(n.from, "replaced: another field says the same element")
		}
		n.text, n.rule, n.line, n.from, n.real = json, rl.id, line, pos, true
	}
}

// insideCoding writes a code into a Coding, and beside it the system and
// display that the table gives.
func (r *run) insideCoding(rl *rule, found []translation, text string, at *spot, pos position) {
	if len(found) == 0 {
		r.put(rl, text, at, pos, true)
		r.leave(pos, "no-code: the table does not have this code; it is kept without a code system")
		return
	}
	t := found[0]
	r.putFrom(rl, t.id, t.Code, at, pos)
	parent := *at
	parent.steps, parent.made = at.steps[:len(at.steps)-1], nil
	if len(parent.steps) == 0 {
		return
	}
	if n := r.node(&parent); n != nil {
		r.beside(n, systemStep, t.System, rl.id, t.id, pos)
		r.beside(n, displayStep, t.Display, rl.id, t.id, pos)
	}
}

// beside writes a text element of a node, by a rule and the line of a table.
func (r *run) beside(n *node, s *step, text, rule, line string, pos position) {
	if text == "" {
		return
	}
	k := r.child(n, s, 0)
	k.text, k.rule, k.line, k.from, k.real = r.quote(text), rule, line, pos, true
}

// codings writes a coded value of up to three codes.
func (r *run) codings(rl *rule, ctx *context, v hl7v2.Value, depth int, at *spot, pos position) {
	p, mark := rl.by.coding, len(r.parts)
	value := r.cut(v, depth)
	if p.single {
		r.oneCoding(rl, &p.triplets[1], &value, at, pos)
	} else {
		for i := 1; i <= 3; i++ {
			if t := &p.triplets[i]; t.code.n > 0 && t.code.n <= value.size() {
				r.triplet(rl, t, i, &value, at, pos)
			}
		}
		if n := p.text.n; n > 0 && value.part(n).IsValued() {
			if to := r.node(at); to != nil {
				r.beside(to, textStep, value.text(n), p.text.rule, "", pos.down(depth, n, 0))
			}
		}
	}
	r.unused(rl.by, rl.by.uses, &value, pos)
	r.parts = r.parts[:mark]
}

// read returns code, display, v2 system, FHIR system and version of a triplet.
func (r *run) read(t *triplet, v *cut) (code, display, system, uri, version string) {
	code, display, system, version = t.code.text(v), t.display.text(v), t.system.text(v), t.version.text(v)
	if system != "" || t.oid.n > 0 {
		uri = r.c.maps.systemURI(system, t.oid.text(v), r.c.config.Source)
	}
	return code, display, system, uri, version
}

func (r *run) oneCoding(rl *rule, t *triplet, v *cut, at *spot, pos position) {
	code, display, system, uri, version := r.read(t, v)
	found, _ := r.find(rl.table, code, system)
	n := r.node(at)
	if n == nil || code == "" && display == "" {
		return
	}
	r.fill(n, rl, t, found, code, display, uri, version, pos, v.depth)
	if rl.table != nil && len(found) == 0 && code != "" && rl.table.covers(system) {
		r.leave(pos.down(v.depth, t.code.n, 0), "no-code: no table leads from this code; it is kept as sent")
	}
}

// triplet writes one code of a CodeableConcept: each translation of the table
// is a coding of its own; a code without one is kept as sent.
func (r *run) triplet(rl *rule, t *triplet, i int, v *cut, at *spot, pos position) {
	depth := v.depth
	code, display, system, uri, version := r.read(t, v)
	if code == "" && display == "" {
		if system != "" {
			r.leave(pos.down(depth, t.system.n, 0), "no-room: a code system without a code")
		}
		return
	}
	found, _ := r.find(rl.table, code, system)
	base := r.node(at)
	if base == nil {
		r.leave(pos, "no-room: FHIR has room for one value here")
		return
	}
	if len(found) == 0 {
		r.fill(r.codingNode(base, rl, i, 0), rl, t, nil, code, display, uri, version, pos, depth)
		if rl.table != nil && code != "" && rl.table.covers(system) {
			r.leave(pos.down(depth, t.code.n, 0), "no-code: no table leads from this code; it is kept as sent")
		}
	}
	for j := range found {
		r.fill(r.codingNode(base, rl, i, j), rl, t, found[j:j+1], code, display, uri, version, pos, depth)
	}
	for j, s := range r.site(uri, code) {
		n := r.codingNode(base, rl, i, 8+j)
		r.fillTranslated(n, "site's table", translation{Coding: s}, pos)
	}
}

func (r *run) codingNode(base *node, rl *rule, i, j int) *node {
	return r.child(base, codingStep, uint64(rl.scope)<<36|uint64(rl.field)<<20|uint64(i)<<8|uint64(j)+1)
}

// fill writes the parts of a Coding.
func (r *run) fill(n *node, rl *rule, t *triplet, found []translation, code, display, uri, version string, pos position, depth int) {
	if len(found) > 0 {
		r.fillTranslated(n, t.code.rule, found[0], pos.down(depth, t.code.n, 0))
		return
	}
	r.beside(n, systemStep, uri, t.system.rule, "", pos.down(depth, t.system.n, 0))
	r.beside(n, versionStep, version, t.version.rule, "", pos.down(depth, t.version.n, 0))
	r.beside(n, codeStep, code, t.code.rule, "", pos.down(depth, t.code.n, 0))
	r.beside(n, displayStep, display, t.display.rule, "", pos.down(depth, t.display.n, 0))
}

// writeCodings writes a code without a data type map into a CodeableConcept.
func (r *run) writeCodings(rl *rule, found []translation, code, display, uri string, at *spot, pos position) {
	base := r.node(at)
	if base == nil {
		return
	}
	if len(found) == 0 {
		n := r.codingNode(base, rl, 1, 0)
		r.beside(n, systemStep, uri, rl.id, "", pos)
		r.beside(n, codeStep, code, rl.id, "", pos)
		if rl.table != nil {
			r.leave(pos, "no-code: no table leads from this code; it is kept as sent")
		}
	}
	for j, f := range found {
		r.fillTranslated(r.codingNode(base, rl, 1, j), rl.id, f, pos)
	}
}

func (r *run) writeCoding(rl *rule, found []translation, code, display, uri string, at *spot, pos position) {
	n := r.node(at)
	if n == nil {
		return
	}
	if len(found) > 0 {
		r.fillTranslated(n, rl.id, found[0], pos)
		return
	}
	r.beside(n, systemStep, uri, rl.id, "", pos)
	r.beside(n, codeStep, code, rl.id, "", pos)
	if rl.table != nil {
		r.leave(pos, "no-code: no table leads from this code; it is kept as sent")
	}
}

// fillTranslated writes what a table gave.
func (r *run) fillTranslated(n *node, rule string, f translation, pos position) {
	r.beside(n, systemStep, f.System, rule, f.id, pos)
	r.beside(n, codeStep, f.Code, rule, f.id, pos)
	r.beside(n, displayStep, f.Display, rule, f.id, pos)
}
