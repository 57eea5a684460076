package fhirpath

import (
	"errors"
	"slices"
)

// kinds is what the checker knows of a collection: the types its items may
// have, and whether their order means something.
type kinds struct {
	types     []TypeName // nil: anything
	unordered bool
}

var anything = kinds{}

func kindOf(types ...TypeName) kinds { return kinds{types: types} }

// checker follows an expression through a model, without data, and reports
// what cannot be: an element that no possible type has, a subset of a
// collection without order, a criterion that is not a Boolean.
type checker struct {
	model     Model
	namespace string
	root      kinds
	errors    Errors
}

func check(root expression, opts Options) Errors {
	c := &checker{model: opts.Model, namespace: opts.namespace()}
	if opts.Root.Name != "" {
		c.root = kindOf(opts.Root)
	}
	c.infer(root, c.root)
	return c.errors
}

func (c *checker) fail(p pos, format string, args ...any) kinds {
	if e, ok := errors.AsType[*Error](p.errorf(format, args...)); ok && len(c.errors) < maxErrors {
		c.errors = append(c.errors, e)
	}
	return anything
}

// infer returns what x yields where $this is of the kinds this.
func (c *checker) infer(x expression, this kinds) kinds {
	switch x := x.(type) {
	case *literal:
		if x.value != nil {
			return kindOf(x.value.Type())
		}
	case *special:
		return map[string]kinds{"this": this, "index": kindOf(typeInteger)}[x.name]
	case *variable:
		if x.name == "context" {
			return c.root
		}
	case *member:
		return c.member(x, this)
	case *indexer:
		focus := c.infer(x.focus, this)
		c.infer(x.index, this)
		return c.ordered(x.pos, focus, "[]")
	case *call:
		return c.call(x, this)
	case *customCall:
		c.focus(x.focus, this)
		c.inferAll(x.args, this)
	case *negation:
		return c.infer(x.x, this)
	case *typeOperator:
		in := c.infer(x.x, this)
		if x.op == "is" {
			return kindOf(typeBoolean)
		}
		return c.narrow(in, x.wanted)
	default:
		return c.operator(x, this)
	}
	return anything
}

func (c *checker) inferAll(xs []expression, this kinds) {
	for _, x := range xs {
		c.infer(x, this)
	}
}

// operator infers what operators with two operands yield.
func (c *checker) operator(x expression, this kinds) kinds {
	switch x := x.(type) {
	case *union:
		return merge(c.infer(x.left, this), c.infer(x.right, this))
	case *arithmetic:
		c.inferAll([]expression{x.left, x.right}, this)
		return anything
	case *comparison:
		c.inferAll([]expression{x.left, x.right}, this)
	case *equality:
		c.inferAll([]expression{x.left, x.right}, this)
	case *membership:
		c.inferAll([]expression{x.left, x.right}, this)
	case *logic:
		c.inferAll([]expression{x.left, x.right}, this)
	}
	return kindOf(typeBoolean)
}

func merge(a, b kinds) kinds {
	if a.types == nil || b.types == nil {
		return kinds{unordered: a.unordered || b.unordered}
	}
	return kinds{slices.Concat(a.types, b.types), a.unordered || b.unordered}
}

func (c *checker) focus(x expression, this kinds) kinds {
	if x == nil {
		return this
	}
	return c.infer(x, this)
}

func (c *checker) member(m *member, this kinds) kinds {
	in := c.focus(m.focus, this)
	for _, t := range in.types {
		if m.typed && isA(c.model, t, TypeName{Name: m.name}) {
			return in
		}
	}
	return c.element(m.pos, in, m.name)
}

// element is what the element name of in yields.
func (c *checker) element(p pos, in kinds, name string) kinds {
	if in.types == nil {
		return in
	}
	out := kinds{unordered: in.unordered}
	found := false
	for _, t := range in.types {
		types, ok := c.model.Element(t, name)
		if !ok {
			continue
		}
		found = true
		if len(types) == 0 || slices.Contains(types, TypeName{}) {
			return kinds{unordered: in.unordered}
		}
		out.types = append(out.types, types...)
	}
	if !found {
		return c.fail(p, "%s has no element '%s'", in.types[0], name)
	}
	return out
}

// narrow keeps of the types those that may be want.
func (c *checker) narrow(in kinds, want TypeName) kinds {
	if want.Namespace == "" {
		for _, t := range in.types {
			if t.Name == want.Name {
				want = t
			}
		}
	}
	if want.Namespace == "" && !isSystemType(want) {
		want.Namespace = c.namespace
	}
	if want.Namespace == "" || isSystemType(want) {
		return kinds{unordered: in.unordered} // Quantity may be the model's or System's
	}
	return kinds{[]TypeName{want}, in.unordered}
}

func (c *checker) ordered(p pos, in kinds, what string) kinds {
	if in.unordered {
		return c.fail(p, "%s depends on an order, which children() and descendants() do not have", what)
	}
	return in
}

// arguments infers a function's arguments: some see the items of the input as
// $this, the others what stands around the call.
func (c *checker) arguments(x *call, in, this kinds) {
	for i, arg := range x.args {
		switch x.name {
		case "where", "select", "all", "exists", "repeat", "sort", "iif":
			if x.focus != nil || x.name != "iif" {
				c.infer(arg, kinds{types: in.types})
				continue
			}
		case "aggregate", "trace":
			if (i == 0) == (x.name == "aggregate") {
				c.infer(arg, kinds{types: in.types})
				continue
			}
		}
		c.infer(arg, this)
	}
}

func (c *checker) call(x *call, this kinds) kinds {
	in := c.focus(x.focus, this)
	c.arguments(x, in, this)
	switch x.name {
	case "first", "last", "tail", "skip", "take":
		return c.ordered(x.pos, in, x.name+"()")
	case "where", "single", "distinct", "intersect", "exclude", "trace":
		return in
	case "sort":
		return kinds{types: in.types}
	case "as", "ofType":
		return c.narrow(in, x.wanted)
	case "children", "descendants":
		return kinds{unordered: true}
	case "select":
		out := c.quiet(x.args[0], kinds{types: in.types})
		return kinds{out.types, in.unordered || out.unordered}
	case "union", "combine":
		return merge(in, c.quiet(x.args[0], this))
	case "extension":
		return c.element(x.pos, in, "extension")
	case "iif":
		if l, ok := x.args[0].(*literal); ok && l.value != nil && l.value.Type() != typeBoolean {
			return c.fail(l.pos, "iif() takes a Boolean criterion, not %s", l.value.Type())
		}
		return anything
	}
	return resultOf(x.name)
}

// quiet infers again what was inferred before, without reporting twice.
func (c *checker) quiet(x expression, this kinds) kinds {
	before := len(c.errors)
	k := c.infer(x, this)
	c.errors = c.errors[:min(before, len(c.errors))]
	return k
}

// resultOf is what functions yield whose result does not depend on their
// input; anything for the others.
func resultOf(name string) kinds {
	switch name {
	case "empty", "exists", "not", "all", "allTrue", "allFalse", "anyTrue", "anyFalse", "subsetOf", "supersetOf",
		"isDistinct", "is", "hasValue", "memberOf", "conformsTo", "startsWith", "endsWith", "contains", "matches",
		"matchesFull", "comparable", "toBoolean", "convertsToBoolean", "convertsToInteger", "convertsToDecimal",
		"convertsToString", "convertsToDate", "convertsToDateTime", "convertsToTime", "convertsToQuantity":
		return kindOf(typeBoolean)
	case "count", "length", "indexOf", "lastIndexOf", "precision", "toInteger":
		return kindOf(typeInteger)
	case "upper", "lower", "trim", "substring", "replace", "replaceMatches", "toChars", "split", "join", "encode",
		"decode", "escape", "unescape", "toString":
		return kindOf(typeString)
	case "toDecimal", "exp", "ln", "log", "sqrt":
		return kindOf(typeDecimal)
	case "toDate", "today":
		return kindOf(typeDate)
	case "toDateTime", "now":
		return kindOf(typeDateTime)
	case "toTime", "timeOfDay":
		return kindOf(typeTime)
	case "toQuantity":
		return kindOf(typeQuantity)
	}
	return anything
}
