package fhirpath

import (
	"slices"
)

// filterFunctions are N1 §5.2 and §5.3, aggregate() of §7 and iif() of §5.5.1.
var filterFunctions = map[string]*builtin{
	"where":     {min: 1, max: 1, run: runWhere},
	"select":    {min: 1, max: 1, run: runSelect},
	"repeat":    {min: 1, max: 1, run: runRepeat},
	"single":    {run: runSingle},
	"first":     {run: part(func(n, _ int) (int, int) { return 0, min(n, 1) })},
	"last":      {run: part(func(n, _ int) (int, int) { return max(n-1, 0), n })},
	"tail":      {run: part(func(n, _ int) (int, int) { return min(n, 1), n })},
	"skip":      {min: 1, max: 1, run: part(func(n, k int) (int, int) { return min(max(k, 0), n), n })},
	"take":      {min: 1, max: 1, run: part(func(n, k int) (int, int) { return 0, min(max(k, 0), n) })},
	"iif":       {min: 2, max: 3, run: runIif},
	"aggregate": {min: 1, max: 2, run: runAggregate},
	"sort":      {max: 8, run: runSort},
}

func runWhere(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	err := ev.each(c, sc, in, func(i int, t truth) bool {
		if t == isTrue {
			dst = append(dst, in[i])
		}
		return true
	})
	return dst, err
}

func runSelect(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	var err error
	for i, n := range in {
		if dst, err = c.args[0].eval(ev, scope{this: n, index: i, total: sc.total}, dst); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// runRepeat applies the projection to what it yields, as long as that is new.
func runRepeat(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	seen := newSet(ev, c.pos)
	queue := slices.Clone(in)
	for i := 0; i < len(queue); i++ {
		b, err := c.args[0].eval(ev, scope{this: queue[i], index: i, total: sc.total}, ev.buffer())
		if err == nil {
			before := len(dst)
			dst, err = seen.appendNew(b, dst)
			queue = append(queue, dst[before:]...)
		}
		ev.giveBack(b)
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func runSingle(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	n, err := single(c.pos, in)
	if n == nil || err != nil {
		return dst, err
	}
	return append(dst, n), nil
}

// part makes a function that returns in[from:to]; bounds is given the number
// of items and the argument.
func part(bounds func(n, k int) (from, to int)) func(*evaluation, *call, scope, Collection, Collection) (Collection, error) {
	return func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
		k := 0
		if len(c.args) > 0 {
			var known bool
			var err error
			if k, known, err = evalInteger(ev, c.args[0], sc); err != nil || !known {
				return dst, err
			}
		}
		from, to := bounds(len(in), k)
		return append(dst, in[from:to]...), nil
	}
}

// runIif evaluates only the branch that is asked for. Its arguments see the
// input, which is at most one item, as $this.
func runIif(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	if c.focus != nil {
		n, err := single(c.pos, in)
		if err != nil {
			return dst, err
		}
		sc.this, sc.index = n, 0
	}
	t, err := evalTruth(ev, c.args[0], sc)
	switch {
	case err != nil:
		return dst, err
	case t == isTrue:
		return c.args[1].eval(ev, sc, dst)
	case len(c.args) == 3:
		return c.args[2].eval(ev, sc, dst)
	}
	return dst, nil
}

func runAggregate(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	var total Collection
	var err error
	if len(c.args) > 1 {
		if total, err = c.args[1].eval(ev, sc, nil); err != nil {
			return dst, err
		}
	}
	for i, n := range in {
		if total, err = c.args[0].eval(ev, scope{this: n, index: i, total: total}, nil); err != nil {
			return dst, err
		}
	}
	return append(dst, total...), nil
}

// sortKey is an item with what it is sorted by; an empty key goes first.
type sortKey struct {
	item Node
	keys []Value
}

// runSort sorts by the values that the arguments yield, or by the items; a
// minus before an argument turns its order round, whatever its type.
func runSort(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	rows := make([]sortKey, len(in))
	selectors, down := sortSelectors(c)
	for i, n := range in {
		rows[i] = sortKey{n, make([]Value, len(selectors))}
		for k, x := range selectors {
			v, err := evalValue(ev, x, scope{this: n, index: i, total: sc.total})
			if err != nil {
				return dst, err
			}
			rows[i].keys[k] = v
		}
	}
	var failed error
	slices.SortStableFunc(rows, func(a, b sortKey) int {
		for k := range selectors {
			sign, err := ev.compareKeys(c.pos, a.keys[k], b.keys[k], down[k])
			if err != nil {
				failed = err
			}
			if sign != 0 {
				return sign
			}
		}
		return 0
	})
	for _, r := range rows {
		dst = append(dst, r.item)
	}
	return dst, failed
}

func sortSelectors(c *call) (selectors []expression, down []bool) {
	for _, x := range c.args {
		n, minus := x.(*negation)
		minus = minus && n.minus
		if minus {
			x = n.x
		}
		selectors, down = append(selectors, x), append(down, minus)
	}
	if len(selectors) == 0 {
		return []expression{&special{c.pos, "this"}}, []bool{false}
	}
	return selectors, down
}

func (ev *evaluation) compareKeys(p pos, a, b Value, down bool) (int, error) {
	switch {
	case a == nil && b == nil:
		return 0, ev.spend(p, 1)
	case a == nil:
		return -1, ev.spend(p, 1)
	case b == nil:
		return 1, ev.spend(p, 1)
	}
	sign, _, ok := ev.compareValues(a, b)
	if !ok {
		return 0, p.errorf("%s and %s have no order", a.Type(), b.Type())
	}
	if down {
		sign = -sign
	}
	return sign, ev.spend(p, 1)
}
