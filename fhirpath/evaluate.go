package fhirpath

import "strings"

func (l *literal) eval(ev *evaluation, _ scope, dst Collection) (Collection, error) {
	if l.value == nil {
		return dst, nil
	}
	return append(dst, l.value), ev.spend(l.pos, 1)
}

func (s *special) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	switch s.name {
	case "index":
		return append(dst, Integer(sc.index)), ev.spend(s.pos, 1)
	case "total":
		return append(dst, sc.total...), ev.spend(s.pos, 1+len(sc.total))
	}
	if sc.this == nil {
		return dst, nil
	}
	return append(dst, sc.this), ev.spend(s.pos, 1)
}

// The code systems that every expression can name (N1 §9).
var wellKnown = map[string]String{
	"ucum":  "http://unitsofmeasure.org",
	"sct":   "http://snomed.info/sct",
	"loinc": "http://loinc.org",
}

func (v *variable) eval(ev *evaluation, _ scope, dst Collection) (Collection, error) {
	c, ok := ev.ctx.Variables[v.name]
	if ok {
		return append(dst, c...), ev.spend(v.pos, 1+len(c))
	}
	var n Node
	switch name := v.name; {
	case name == "context":
		n = ev.ctx.Root
	case name == "resource":
		n = first(ev.ctx.Resource, ev.ctx.Root)
	case name == "rootResource":
		n = first(ev.ctx.RootResource, ev.ctx.Resource, ev.ctx.Root)
	case wellKnown[name] != "":
		n = wellKnown[name]
	case strings.HasPrefix(name, "vs-"):
		n = String("http://hl7.org/fhir/ValueSet/" + name[len("vs-"):])
	case strings.HasPrefix(name, "ext-"):
		n = String("http://hl7.org/fhir/StructureDefinition/" + name[len("ext-"):])
	default:
		return dst, v.errorf("no variable '%%%s'", name)
	}
	if n == nil {
		return dst, nil
	}
	return append(dst, n), ev.spend(v.pos, 1)
}

func first(nodes ...Node) Node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

func (m *member) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	if m.focus == nil {
		switch {
		case sc.this == nil:
			return dst, nil
		case m.typed && ev.isA(sc.this, TypeName{Name: m.name}):
			return append(dst, sc.this), ev.spend(m.pos, 1)
		}
		return ev.children(m.pos, dst, sc.this, m.name)
	}
	in, err := m.focus.eval(ev, sc, ev.buffer())
	for i := 0; i < len(in) && err == nil; i++ {
		dst, err = ev.children(m.pos, dst, in[i], m.name)
	}
	ev.giveBack(in)
	return dst, err
}

func (x *indexer) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	in, err := x.focus.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(in) }()
	if err != nil {
		return dst, err
	}
	i, known, err := evalInteger(ev, x.index, sc)
	if err != nil || !known || i < 0 || i >= len(in) {
		return dst, err
	}
	return append(dst, in[i]), ev.spend(x.pos, 1)
}

func (c *call) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	if err := ev.spend(c.pos, 1); err != nil {
		return dst, err
	}
	in, err := ev.input(c.focus, sc)
	if err == nil {
		dst, err = c.function.run(ev, c, sc, in, dst)
	}
	ev.giveBack(in)
	return dst, err
}

func (c *customCall) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	if err := ev.spend(c.pos, 1); err != nil {
		return dst, err
	}
	in, err := ev.input(c.focus, sc)
	defer func() { ev.giveBack(in) }()
	if err != nil {
		return dst, err
	}
	before := len(dst)
	if c.prepared != nil {
		dst, err = c.prepared(dst, in)
	} else {
		args := make([]Collection, len(c.args))
		for i, arg := range c.args {
			if args[i], err = arg.eval(ev, sc, nil); err != nil {
				return dst, err
			}
		}
		dst, err = c.call(dst, in, args)
	}
	if err != nil {
		return dst, locate(c.pos, c.name, err)
	}
	return dst, ev.spend(c.pos, len(dst)-before)
}

func (t *typeOperator) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	in, err := t.x.eval(ev, sc, ev.buffer())
	if err == nil {
		if t.op == "is" {
			dst, err = ev.is(t.pos, in, t.wanted, dst)
		} else {
			dst, err = ev.as(t.pos, in, t.wanted, dst)
		}
	}
	ev.giveBack(in)
	return dst, err
}

// is appends whether the single item of in is of the type; nothing where there
// is no item (N1 §6.3.1; empty in, empty out).
func (ev *evaluation) is(p pos, in Collection, want TypeName, dst Collection) (Collection, error) {
	n, err := single(p, in)
	if n == nil || err != nil {
		return dst, err
	}
	return append(dst, Boolean(ev.isA(n, want))), nil
}

// as appends the single item of in where it is of the type (N1 §6.3.3).
func (ev *evaluation) as(p pos, in Collection, want TypeName, dst Collection) (Collection, error) {
	if ev.expr.asFilters {
		return ev.ofType(in, want, dst), nil
	}
	n, err := single(p, in)
	if n == nil || err != nil || !ev.isA(n, want) {
		return dst, err
	}
	return append(dst, n), nil
}

func (ev *evaluation) ofType(in Collection, want TypeName, dst Collection) Collection {
	for _, n := range in {
		if ev.isA(n, want) {
			dst = append(dst, n)
		}
	}
	return dst
}

// evalInteger evaluates what has to be a single Integer; known is false where
// it is empty.
func evalInteger(ev *evaluation, x expression, sc scope) (i int, known bool, err error) {
	b, err := x.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return 0, false, err
	}
	v, err := singleValue(x.at(), b)
	if v == nil || err != nil {
		return 0, false, err
	}
	n, ok := v.(Integer)
	if !ok {
		return 0, false, x.at().errorf("expected an Integer, got %s", v.Type())
	}
	return int(n), true, nil
}

// evalString evaluates what has to be a single String; known is false where it
// is empty.
func evalString(ev *evaluation, x expression, sc scope) (s string, known bool, err error) {
	if l, ok := x.(*literal); ok {
		if s, ok := l.value.(String); ok {
			return string(s), true, nil
		}
	}
	b, err := x.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return "", false, err
	}
	v, err := singleValue(x.at(), b)
	if v == nil || err != nil {
		return "", false, err
	}
	text, ok := v.(String)
	if !ok {
		return "", false, x.at().errorf("expected a String, got %s", v.Type())
	}
	return string(text), true, nil
}
