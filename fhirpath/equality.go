package fhirpath

import (
	"slices"
	"strings"
	"unicode"
)

func (e *equality) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	return evalDecider(e, ev, sc, dst)
}

func (e *equality) truth(ev *evaluation, sc scope) (truth, error) {
	a, err := e.left.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(a) }()
	if err != nil {
		return unknown, err
	}
	b, err := e.right.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return unknown, err
	}
	var t truth
	if e.op == "=" || e.op == "!=" {
		t, err = ev.equal(e.pos, a, b)
	} else {
		var same bool
		same, err = ev.equivalent(e.pos, a, b)
		t = truthOf(same)
	}
	if err != nil {
		return unknown, err
	}
	if e.op[0] == '!' {
		t = t.not()
	}
	return t, nil
}

// equal compares item by item, in order; unknown where either is empty (N1
// §6.1.1).
func (ev *evaluation) equal(p pos, a, b Collection) (truth, error) {
	switch {
	case len(a) == 0 || len(b) == 0:
		return unknown, nil
	case len(a) != len(b):
		return isFalse, nil
	}
	result := isTrue
	for i := range a {
		t, err := ev.equalNodes(p, a[i], b[i], 0)
		if err != nil || t == isFalse {
			return t, err
		}
		result = both(result, t)
	}
	return result, nil
}

// maxTreeDepth bounds how deep two elements are compared.
const maxTreeDepth = 200

func (ev *evaluation) equalNodes(p pos, a, b Node, depth int) (truth, error) {
	if err := ev.spend(p, 1); err != nil {
		return unknown, err
	}
	va, okA := a.Value()
	vb, okB := b.Value()
	switch {
	case okA && okB:
		return ev.equalValues(va, vb), nil
	case okA != okB:
		return isFalse, nil
	case a == b:
		return isTrue, nil
	case depth > maxTreeDepth:
		return unknown, p.errorf("elements are nested deeper than %d levels", maxTreeDepth)
	}
	return ev.equalChildren(p, a, b, depth)
}

// equalChildren compares two complex elements: the same children by name, the
// order of names being without meaning.
func (ev *evaluation) equalChildren(p pos, a, b Node, depth int) (truth, error) {
	ca, cb := ev.namedChildren(a), ev.namedChildren(b)
	defer func() { ev.giveBack(ca); ev.giveBack(cb) }()
	if len(ca) != len(cb) {
		return isFalse, nil
	}
	result := isTrue
	for i := range ca {
		if ca[i].Name() != cb[i].Name() {
			return isFalse, nil
		}
		t, err := ev.equalNodes(p, ca[i], cb[i], depth+1)
		if err != nil || t == isFalse {
			return t, err
		}
		result = both(result, t)
	}
	return result, nil
}

// namedChildren returns all children of n, in the order of their names.
func (ev *evaluation) namedChildren(n Node) Collection {
	c := Collection(n.Children(ev.buffer(), ""))
	slices.SortStableFunc(c, func(x, y Node) int { return strings.Compare(x.Name(), y.Name()) })
	return c
}

func (ev *evaluation) equalValues(a, b Value) truth {
	switch a := a.(type) {
	case String:
		if b, ok := b.(String); ok {
			return truthOf(a == b)
		}
		return isFalse
	case Boolean:
		if b, ok := b.(Boolean); ok {
			return truthOf(a == b)
		}
		return isFalse
	}
	c, known, ok := ev.compareValues(a, b)
	switch {
	case !ok:
		return isFalse
	case !known:
		return unknown
	}
	return truthOf(c == 0)
}

// equivalent compares without regard to order (N1 §6.1.2). It is never
// unknown, but an error where units would have to be converted.
func (ev *evaluation) equivalent(p pos, a, b Collection) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	return ev.matchAll(p, a, b, 0)
}

// matchAll finds for each item of a one of its own in b.
func (ev *evaluation) matchAll(p pos, a, b Collection, depth int) (bool, error) {
	used := make([]bool, len(b))
	for _, x := range a {
		found := false
		for i, y := range b {
			if used[i] {
				continue
			}
			same, err := ev.equivalentNodes(p, x, y, depth)
			if err != nil {
				return false, err
			}
			if same {
				used[i], found = true, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

func (ev *evaluation) equivalentNodes(p pos, a, b Node, depth int) (bool, error) {
	if err := ev.spend(p, 1); err != nil {
		return false, err
	}
	va, okA := a.Value()
	vb, okB := b.Value()
	switch {
	case okA && okB:
		return ev.equivalentValues(p, va, vb)
	case okA != okB || a.Name() != b.Name() && depth > 0:
		return false, nil
	case a == b:
		return true, nil
	case depth > maxTreeDepth:
		return false, p.errorf("elements are nested deeper than %d levels", maxTreeDepth)
	}
	ca, cb := ev.namedChildren(a), ev.namedChildren(b)
	defer func() { ev.giveBack(ca); ev.giveBack(cb) }()
	return ev.matchByName(p, ca, cb, depth+1)
}

// matchByName is matchAll within each run of children of one name.
func (ev *evaluation) matchByName(p pos, a, b Collection, depth int) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	for from := 0; from < len(a); {
		to := from
		for to < len(a) && a[to].Name() == a[from].Name() {
			if b[to].Name() != a[from].Name() {
				return false, nil
			}
			to++
		}
		same, err := ev.matchAll(p, a[from:to], b[from:to], depth)
		if err != nil || !same {
			return false, err
		}
		from = to
	}
	return true, nil
}

func (ev *evaluation) equivalentValues(p pos, a, b Value) (bool, error) {
	switch a := a.(type) {
	case String:
		b, ok := b.(String)
		return ok && equivalentText(string(a), string(b)), nil
	case Boolean:
		b, ok := b.(Boolean)
		return ok && a == b, nil
	case Quantity:
		if b, ok := asQuantity(b); ok {
			return ev.equivalentQuantities(p, a, b)
		}
		return false, nil
	}
	if b, ok := b.(Quantity); ok {
		a, ok := asQuantity(a)
		if !ok {
			return false, nil
		}
		return ev.equivalentQuantities(p, a, b)
	}
	if x, ok := asDecimal(a); ok {
		y, ok := asDecimal(b)
		return ok && equivalentDecimals(x, y), nil
	}
	c, known, ok := ev.compareValues(a, b)
	return ok && known && c == 0, nil
}

// equivalentText ignores case, and takes all white space characters as one.
func equivalentText(a, b string) bool {
	if a == b {
		return true
	}
	return strings.EqualFold(plainSpace(a), plainSpace(b))
}

func plainSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
}

// contains reports whether c has an item that equals n.
func (ev *evaluation) contains(p pos, c Collection, n Node) (bool, error) {
	for _, other := range c {
		if t, err := ev.equalNodes(p, other, n, 0); err != nil || t == isTrue {
			return t == isTrue, err
		}
	}
	return false, nil
}

func (m *membership) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	return evalDecider(m, ev, sc, dst)
}

func (m *membership) truth(ev *evaluation, sc scope) (truth, error) {
	item, set := m.left, m.right
	if m.op == "contains" {
		item, set = set, item
	}
	a, err := item.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(a) }()
	if err != nil {
		return unknown, err
	}
	b, err := set.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return unknown, err
	}
	n, err := single(item.at(), a)
	if n == nil || err != nil {
		return unknown, err
	}
	has, err := ev.contains(m.pos, b, n)
	return truthOf(has), err
}
