package fhirpath

// combineFunctions are N1 §5.4, and intersect() and exclude() of §5.3.
var combineFunctions = map[string]*builtin{
	"union":     {min: 1, max: 1, run: runUnion},
	"combine":   {min: 1, max: 1, run: runCombine},
	"intersect": {min: 1, max: 1, run: runIntersect},
	"exclude":   {min: 1, max: 1, run: runExclude},
}

// eval is x | y: what either has, once.
func (u *union) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	b, err := u.left.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return dst, err
	}
	if b, err = u.right.eval(ev, sc, b); err != nil {
		return dst, err
	}
	return newSet(ev, u.pos).appendNew(b, dst)
}

func runUnion(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	other, err := ev.argument(c, 0, sc)
	defer func() { ev.giveBack(other) }()
	if err != nil {
		return dst, err
	}
	set := newSet(ev, c.pos)
	if dst, err = set.appendNew(in, dst); err != nil {
		return dst, err
	}
	return set.appendNew(other, dst)
}

func runCombine(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	dst = append(dst, in...)
	if err := ev.spend(c.pos, len(in)); err != nil {
		return dst, err
	}
	return c.args[0].eval(ev, sc, dst)
}

// runIntersect keeps what is in both, once.
func runIntersect(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	return ev.filterBy(c, sc, in, dst, true)
}

// runExclude keeps what is not in the other, duplicates and order with it.
func runExclude(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	return ev.filterBy(c, sc, in, dst, false)
}

func (ev *evaluation) filterBy(c *call, sc scope, in, dst Collection, want bool) (Collection, error) {
	other, err := ev.argument(c, 0, sc)
	defer func() { ev.giveBack(other) }()
	if err != nil {
		return dst, err
	}
	set, seen := newSet(ev, c.pos), newSet(ev, c.pos)
	if err := set.addAll(other); err != nil {
		return dst, err
	}
	for _, n := range in {
		has, err := set.has(n)
		if err != nil {
			return dst, err
		}
		if has == want && want {
			if has, err = seen.add(n); err != nil {
				return dst, err
			}
		}
		if has == want {
			dst = append(dst, n)
		}
	}
	return dst, nil
}
