package v2fhir

import (
	"errors"
	"fmt"
	"maps"
	"sort"
	"strconv"
	"strings"

	"handover/fhir"
	"handover/hl7v2"
	"handover/transform/v2fhir/internal/mapfile"
)

// segmentPlan is a compiled segment map.
type segmentPlan struct {
	name   string
	source string // the segment
	target string // the resource type
	// identify tells by what the resource is known; nil: the map does not say.
	identify func(*builder, hl7v2.Segment)
	scope    uint32
	rules    []rule
	fields   []int16  // by rule: the field without which it does not apply, 0: it may always
	named    fieldSet // some rule is about the field
}

// datatypePlan is a data type map in one place: each use has its own, so that
// each rule knows the whole way that led to it.
type datatypePlan struct {
	rules   []rule
	parts   []uint8     // by rule: the part without which it does not apply, 0: it may always
	coding  *codingPlan // for maps that make a CodeableConcept or a Coding
	uses    uint64      // components that some rule reads, bit n for component n
	asks    uint64      // components that only conditions read
	onlyOne *rule       // the map is one rule: the value itself, without condition
	reasons *partReasons
}

// rule is one compiled rule.
type rule struct {
	id           string // "segment/PID-Patient:7 > XPN-HumanName:4"
	field        int    // for segments; 0: the whole segment
	comp, sub    int    // below the field, or of the data type
	when         condition
	whenPerRep   bool // the condition reads the repetition at hand
	whenDecides  bool // the condition reads the source itself, so an empty source does not settle it
	instance     int
	steps        []step
	each         bool // one of the steps is [each]
	room         bool // there is a place for each repetition
	typ          string
	form         form
	codes        *fhir.ValueSet // the required binding of a code, nil if none
	by           *datatypePlan
	table        *table
	set          []setPart
	constant     string // what set is, where it is the same for every message
	constantJSON []byte // the same as the element's primitive, nil if it depends on the message
	null         bool   // it takes the element back: = ""
	whole        bool   // text with separators belongs to the value (OBX-5 as text)
	scope        uint32
	coded        codedAs
	reads        uint64 // the components it reads, bit 0 for the whole value
	leads        bool   // the path begins with an element of the resource
}

// codedAs says how a value with a table is written.
type codedAs uint8

const (
	plainText  codedAs = iota
	codeInside         // a code in a Coding: the system goes beside it
	coding             // a whole Coding
	concept            // a whole CodeableConcept
)

type compiler struct {
	*library
	once
	source map[string]*mapfile.Map // by ID
	scopes uint32                  // data type maps in their places, numbered
	names  map[string]int32        // of properties, numbered
	errs   []error
}

// compile compiles every map that a message uses.
func compile(source map[string]*mapfile.Map) (*library, error) {
	l := &library{
		defs: fhir.Definitions(), segments: map[string]*segmentPlan{},
		tables: map[string]*table{}, messages: map[string]*messagePlan{},
		resources: map[string]*resourceKind{}, kinds: map[string]*segmentKind{},
	}
	c := &compiler{library: l, once: newOnce(), source: source, names: maps.Clone(fixedNames)}
	if m := source["table/CodeSystems"]; m != nil {
		l.addTable(m)
	}
	var ids []string
	for id := range source {
		ids = append(ids, id)
	}
	sort.Strings(ids) // scopes are numbered in a fixed order
	for _, id := range ids {
		if m := source[id]; m.Kind == mapfile.Message {
			c.message(m)
		}
	}
	l.segmentKinds()
	return l, errors.Join(c.errs...)
}

func (c *compiler) fail(where, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

func (c *compiler) nextScope() uint32 {
	c.scopes++
	return c.scopes
}

func (c *compiler) segment(name string) *segmentPlan {
	if p := c.segments[name]; p != nil {
		return p
	}
	m := c.source["segment/"+name]
	if m == nil {
		c.fail("segment/"+name, "there is no such map")
		return nil
	}
	p := &segmentPlan{name: name, source: m.Source, target: m.Target, scope: c.nextScope()}
	if !m.Silent {
		if p.identify = identityRules[m.Name]; p.identify == nil {
			p.identify = identityRules[m.Source+" "+m.Target]
		}
	}
	c.segments[name] = p
	base := c.defs.Type(m.Target)
	if base == nil {
		c.fail(m.ID(), "R4 has no type %s", m.Target)
		return p
	}
	shared, scribe := sharedLists(m), &run{scratch: &scratch{}}
	p.rules = make([]rule, len(m.Rules))
	for i := range m.Rules {
		r := &p.rules[i]
		*r = c.rule(m, &m.Rules[i], m.ID()+":"+m.Rules[i].ID, base, p.scope)
		attach(r, &m.Rules[i], shared)
		p.named.add(r.field)
		p.fields = append(p.fields, int16(r.needs(r.field)))
		r.fix(scribe)
	}
	c.resource(m.Target)
	return p
}

// needs returns the number of the field or part without which the rule does not
// apply: the one it is about, unless its condition looks at that.
func (rl *rule) needs(about int) int {
	if rl.whenDecides || rl.each || rl.null {
		return 0
	}
	return about
}

// datatype compiles a data type map for one place.
func (c *compiler) datatype(name, id string, base *fhir.Type) *datatypePlan {
	m := c.source["datatype/"+name]
	if m == nil {
		c.fail(id, "there is no map datatype/%s", name)
		return nil
	}
	p := &datatypePlan{rules: make([]rule, len(m.Rules)), reasons: c.partReasons(name)}
	if p.coding = codingOf(m); p.coding != nil {
		p.coding.under(id + " > " + name)
	}
	scope := c.nextScope()
	for i := range m.Rules {
		r := &p.rules[i]
		*r = c.rule(m, &m.Rules[i], id+" > "+name+":"+m.Rules[i].ID, base, scope)
		r.room = true
		p.parts = append(p.parts, uint8(r.needs(r.comp)))
		for _, ref := range refsOf(&m.Rules[i]) {
			if n := component(ref, m.Source); n > 0 {
				r.reads |= 1 << n
			} else if ref == m.Source {
				r.reads |= 1
			}
		}
		p.uses |= r.reads
		p.asks |= c.askedBy(&m.Rules[i], m.Source)
	}
	if name == "CWE-code" {
		p.asks |= 1<<2 | 1<<3 // name and system of a code that is one of FHIR's
	}
	if len(p.rules) == 1 && len(p.rules[0].steps) == 0 && p.rules[0].when == nil && p.rules[0].instance == 0 {
		p.onlyOne = &p.rules[0]
	}
	return p
}

// askedBy returns the components that the condition of a rule reads, besides
// the rule's own.
func (c *compiler) askedBy(r *mapfile.Rule, source string) (bits uint64) {
	if r.When == "" {
		return 0
	}
	compiled, err := c.compiled(r.When, source)
	if err != nil {
		return 0
	}
	compiled.expr.Refs(func(ref string) {
		if n := component(ref, source); n > 0 && ref != r.From {
			bits |= 1 << n
		}
	})
	return bits
}

// refsOf lists the addresses that a rule reads for its value.
func refsOf(r *mapfile.Rule) []string {
	refs := []string{r.From}
	for _, part := range r.Set {
		refs = append(refs, part.Ref)
		refs = append(refs, part.Args...)
	}
	return refs
}

// component returns n of CX.n, 0 for other addresses.
func component(ref, source string) int {
	rest, ok := strings.CutPrefix(ref, source+".")
	if !ok {
		return 0
	}
	first, _, _ := strings.Cut(rest, ".")
	n, _ := strconv.Atoi(first)
	return n
}

func (c *compiler) rule(m *mapfile.Map, src *mapfile.Rule, id string, base *fhir.Type, scope uint32) rule {
	r := rule{id: id, instance: src.To.Instance, scope: scope, leads: m.Kind == mapfile.Segment}
	r.field, r.comp, r.sub = c.address(m, src, id)
	last := c.path(&r, m, src, id, base)
	if last == nil {
		return r
	}
	r.typ = last.typ.Name
	if src.When != "" {
		c.condition(m, &r, src)
	}
	if r.null = src.IsNull(); r.null {
		return r
	}
	r.set = c.parts(m, src, id)
	if src.Table != "" {
		r.table = c.table(src.Table, id)
	}
	if last.element != nil && last.element.Strength == "required" && last.typ.Name == "code" {
		r.codes = c.defs.ValueSet(last.element.ValueSet)
	}
	if src.By != "" {
		r.by = c.datatype(src.By, id, last.typ)
		c.handDown(&r)
	}
	r.coded = codedHow(&r, last)
	r.whole = src.From == "OBX-5" && r.by == nil && (r.typ == "string" || r.typ == "markdown")
	return r
}

// end is where a path ends.
type end struct {
	typ     *fhir.Type
	element *fhir.Element
	parent  *fhir.Type
}

func (c *compiler) address(m *mapfile.Map, src *mapfile.Rule, id string) (field, comp, sub int) {
	if src.From == m.Source {
		return 0, 0, 0
	}
	rest := src.From[len(m.Source)+1:]
	numbers := [3]int{}
	for i, s := range strings.Split(rest, ".") {
		n, err := strconv.Atoi(s)
		if err != nil || i > 2 {
			c.fail(id, "%s is not an address", src.From)
			break
		}
		numbers[i] = n
	}
	if m.Kind == mapfile.Datatype {
		return 0, numbers[0], numbers[1]
	}
	return numbers[0], numbers[1], numbers[2]
}

func (c *compiler) steps(r *rule, src *mapfile.Rule, id string, base *fhir.Type) *end {
	at := end{typ: base}
	for _, s := range src.To.Steps {
		p := at.typ.Property(s.JSONName())
		if p == nil {
			c.fail(id, "%s has no element %s", at.typ.Name, s.JSONName())
			return nil
		}
		step := newStep(s.JSONName(), c.nameID(s.JSONName()))
		step.top, step.list, step.slots, step.index = s.Name, p.Element.IsList(), slotsOf(p), s.Index
		step.prim, step.resource, step.number = p.Type.Kind == fhir.KindPrimitive, s.Resource, s.Number
		r.steps = append(r.steps, *step)
		r.each = r.each || s.Index == mapfile.Each
		at = end{p.Type, p.Element, at.typ}
		if s.Resource != "" {
			at = end{typ: c.defs.Type(s.Resource)}
			c.resource(s.Resource)
		}
	}
	return &at
}

// handDown gives the table and the code set of a rule to the rules of its data
// type map that write the value itself. A map that is only that is left out.
func (c *compiler) handDown(r *rule) {
	if r.by == nil {
		return
	}
	for i := range r.by.rules {
		inner := &r.by.rules[i]
		switch {
		case len(inner.steps) == 0 && inner.by == nil:
			inner.typ, inner.codes = r.typ, r.codes
			if inner.table == nil && r.table != nil {
				inner.table = r.table
			}
		case inner.typ == "code" && inner.set == nil && inner.table == nil && r.table != nil && r.by.coding == nil:
			inner.table, inner.coded = r.table, codeInside
		}
	}
	if only := r.by.onlyOne; only != nil && only.set == nil && only.by == nil {
		r.by, r.comp, r.sub = nil, max(r.comp, only.comp), max(r.sub, only.sub)
	}
}

// codedHow decides how a value with a code is written.
func codedHow(r *rule, last *end) codedAs {
	switch {
	case r.by != nil || len(r.set) > 0 && r.table == nil:
	case last.typ.Name == "Coding":
		return coding
	case last.typ.Name == "CodeableConcept":
		return concept
	case last.typ.Name == "code" && last.parent != nil && last.parent.Name == "Coding" && r.table != nil:
		return codeInside
	}
	return plainText
}

// sharedLists finds the repeating elements at the front of paths that several
// fields of the map write into: contact of NK1-2, NK1-3 ...
func sharedLists(m *mapfile.Map) map[string]bool {
	owner, shared := map[string]string{}, map[string]bool{}
	for i := range m.Rules {
		r := &m.Rules[i]
		field, _, _ := strings.Cut(r.From, ".")
		for n := range r.To.Steps {
			key := mapfile.Target{Steps: plain(r.To.Steps[:n+1])}.String()
			if old, ok := owner[key]; ok && old != field {
				shared[key] = true
			}
			owner[key] = field
		}
	}
	return shared
}

// plain drops the resource of the last step, so that the element's path is the
// same whatever it refers to.
func plain(steps []mapfile.Step) []mapfile.Step {
	out := append([]mapfile.Step{}, steps...)
	out[len(out)-1].Resource, out[len(out)-1].Number = "", 0
	return out
}

// attach decides at which step each repetition of a field makes another
// instance: the first repeating element that only this field writes, else the
// last step if it repeats. Where there is none, only the first repetition has
// room.
func attach(r *rule, src *mapfile.Rule, shared map[string]bool) {
	for i := range r.steps {
		if r.steps[i].index == mapfile.Each {
			r.steps[i].attach, r.room = true, true
			return
		}
	}
	for i := range r.steps {
		if r.steps[i].list && !shared[mapfile.Target{Steps: plain(src.To.Steps[:i+1])}.String()] {
			r.steps[i].attach, r.room = true, true
			return
		}
	}
	if n := len(r.steps); n > 0 && r.steps[n-1].list {
		r.steps[n-1].attach, r.room = true, true
	}
	r.room = r.room || len(r.steps) == 0
}

// condition compiles a condition and notes what it depends on.
func (c *compiler) condition(m *mapfile.Map, r *rule, src *mapfile.Rule) {
	compiled, err := c.compiled(src.When, m.Source)
	if err != nil {
		c.fail(r.id, "condition: %v", err)
		return
	}
	r.when = compiled.when
	field, _, _ := strings.Cut(src.From, ".")
	compiled.expr.Refs(func(ref string) {
		at, _, below := strings.Cut(ref, ".")
		r.whenPerRep = r.whenPerRep || r.each || m.Kind == mapfile.Segment && at == field && below
		r.whenDecides = r.whenDecides || ref == src.From && len(src.Set) > 0
	})
}
