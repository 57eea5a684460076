package fhirpath

// typeFunctions are N1 §5.2.4 and §6.3, and type() of §10.2.
var typeFunctions = map[string]*builtin{
	"is": {typed: true, run: func(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		return ev.is(c.pos, in, c.wanted, dst)
	}},
	"as": {typed: true, run: func(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		return ev.as(c.pos, in, c.wanted, dst)
	}},
	"ofType": {typed: true, run: func(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		return ev.ofType(in, c.wanted, dst), nil
	}},
	"type": {run: runType},
}

func runType(_ *evaluation, _ *call, _ scope, in, dst Collection) (Collection, error) {
	for _, n := range in {
		dst = append(dst, typeInfo{n.Type()})
	}
	return dst, nil
}

// typeInfo is what type() yields: an element with namespace and name.
type typeInfo struct{ of TypeName }

func (typeInfo) Name() string { return "" }

func (typeInfo) Type() TypeName { return systemType("SimpleTypeInfo") }

func (typeInfo) Value() (Value, bool) { return nil, false }

func (t typeInfo) Children(dst []Node, name string) []Node {
	if name == "namespace" || name == "" {
		dst = append(dst, String(t.of.Namespace))
	}
	if name == "name" || name == "" {
		dst = append(dst, String(t.of.Name))
	}
	return dst
}
