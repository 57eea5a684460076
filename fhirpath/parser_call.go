package fhirpath

// call reads the arguments of a function whose name was just taken.
func (p *parser) call(focus expression, name token) expression {
	if custom, ok := p.opts.Functions[name.text]; ok {
		return p.customCall(focus, name, custom)
	}
	fn, ok := builtins[name.text]
	if !ok {
		p.fail(name.pos, "no function '%s'", name.text)
		p.arguments()
		return &literal{pos: name.pos}
	}
	c := &call{pos: name.pos, focus: focus, name: name.text, function: fn}
	if fn.typed {
		p.expect("(")
		c.wanted = p.typeName()
		p.expect(")")
		return c
	}
	c.args = p.arguments()
	if !p.count(name, len(c.args), fn.min, fn.max) {
		return c
	}
	if fn.prepare != nil {
		if err := fn.prepare(c); err != nil {
			p.fail(c.args[0].at(), "%s: %v", name.text, err)
		}
	}
	return c
}

func (p *parser) customCall(focus expression, name token, fn Function) expression {
	c := &customCall{pos: name.pos, focus: focus, name: name.text, call: fn.Call}
	c.args = p.arguments()
	if !p.count(name, len(c.args), fn.Min, fn.Max) || fn.Prepare == nil {
		return c
	}
	values := make([]Value, len(c.args))
	for i, arg := range c.args {
		l, ok := arg.(*literal)
		if !ok || l.value == nil {
			return c
		}
		values[i] = l.value
	}
	var err error
	if c.prepared, err = fn.Prepare(values); err != nil {
		at := name.pos
		if len(c.args) > 0 {
			at = c.args[0].at()
		}
		p.fail(at, "%s: %v", name.text, err)
	}
	return c
}

// count reports whether n arguments are as many as the function takes.
func (p *parser) count(name token, n, least, most int) bool {
	if n >= least && n <= most {
		return true
	}
	switch {
	case most == 0:
		p.fail(name.pos, "%s takes no argument", name.text)
	case least == most:
		p.fail(name.pos, "%s takes %d argument(s), not %d", name.text, least, n)
	default:
		p.fail(name.pos, "%s takes %d to %d arguments, not %d", name.text, least, most, n)
	}
	return false
}

func (p *parser) arguments() []expression {
	p.expect("(")
	if p.peek().is(")") {
		p.take()
		return nil
	}
	args := []expression{p.expression(bindImplies)}
	for p.peek().is(",") {
		p.take()
		args = append(args, p.expression(bindImplies))
	}
	p.expect(")")
	return args
}
