package fhirpath

// fhirFunctions are what the FHIRPath page of FHIR R4 adds: extension(), hasValue(),
// getValue(), resolve(), memberOf() and conformsTo().
var fhirFunctions = map[string]*builtin{
	"extension":  {min: 1, max: 1, run: runExtension},
	"hasValue":   {run: runHasValue},
	"getValue":   {run: runGetValue},
	"resolve":    {run: runResolve},
	"memberOf":   {min: 1, max: 1, run: runMemberOf},
	"conformsTo": {min: 1, max: 1, run: runConformsTo},
}

// runExtension is extension.where(url = …).
func runExtension(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	url, known, err := evalString(ev, c.args[0], sc)
	if !known || err != nil {
		return dst, err
	}
	found, urls := ev.buffer(), ev.buffer()
	for i := 0; i < len(in) && err == nil; i++ {
		found, err = ev.children(c.pos, found, in[i], "extension")
	}
	for i := 0; i < len(found) && err == nil; i++ {
		if urls, err = ev.children(c.pos, emptied(urls), found[i], "url"); len(urls) == 1 {
			if v, ok := urls[0].Value(); ok && v == String(url) {
				dst = append(dst, found[i])
			}
		}
	}
	ev.giveBack(found)
	ev.giveBack(urls)
	return dst, err
}

// primitive is the value of a primitive: a complex element, even one that
// stands for a Quantity, has none.
func primitive(n Node) (Value, bool) {
	v, ok := n.Value()
	if !ok {
		return nil, false
	}
	if q, isQuantity := v.(Quantity); isQuantity {
		_, system := n.(Quantity)
		return q, system
	}
	return v, true
}

func runHasValue(_ *evaluation, _ *call, _ scope, in, dst Collection) (Collection, error) {
	has := len(in) == 1
	if has {
		_, has = primitive(in[0])
	}
	return append(dst, Boolean(has)), nil
}

func runGetValue(_ *evaluation, _ *call, _ scope, in, dst Collection) (Collection, error) {
	if len(in) == 1 {
		if v, ok := primitive(in[0]); ok {
			return append(dst, v), nil
		}
	}
	return dst, nil
}

// runResolve follows each References' reference, or uri; what does not lead
// anywhere is left out.
func runResolve(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	if ev.ctx.Resolve == nil && len(in) > 0 {
		return dst, c.errorf("references cannot be followed here: resolve() cannot be used")
	}
	refs := ev.buffer()
	defer func() { ev.giveBack(refs) }()
	for _, n := range in {
		v, ok := n.Value()
		if !ok {
			var err error
			if refs, err = ev.children(c.pos, emptied(refs), n, "reference"); err != nil {
				return dst, err
			}
			if len(refs) == 1 {
				v, _ = refs[0].Value()
			}
		}
		reference, ok := v.(String)
		if !ok {
			continue
		}
		target, err := ev.ctx.Resolve(string(reference))
		if err != nil {
			return dst, locate(c.pos, c.name, err)
		}
		if target != nil {
			dst = append(dst, target)
		}
	}
	return dst, ev.spend(c.pos, len(in))
}

func runMemberOf(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	return ask(ev, c, sc, in, dst, ev.ctx.MemberOf)
}

func runConformsTo(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	return ask(ev, c, sc, in, dst, ev.ctx.ConformsTo)
}

// ask puts a question about a single item to one of Context's callbacks.
func ask(ev *evaluation, c *call, sc scope, in, dst Collection, callback func(Node, string) (bool, error)) (Collection, error) {
	n, err := single(c.pos, in)
	if err != nil {
		return dst, err
	}
	url, known, err := evalString(ev, c.args[0], sc)
	if n == nil || !known || err != nil {
		return dst, err
	}
	if callback == nil {
		return dst, c.errorf("%s() cannot be answered here", c.name)
	}
	yes, err := callback(n, url)
	if err != nil {
		return dst, locate(c.pos, c.name, err)
	}
	return append(dst, Boolean(yes)), nil
}
