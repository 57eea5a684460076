package fhirpath

// truth is a Boolean that may be unknown (N1 §6.5).
type truth uint8

const (
	unknown truth = iota
	isTrue
	isFalse
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) not() truth {
	switch t {
	case isTrue:
		return isFalse
	case isFalse:
		return isTrue
	}
	return unknown
}

// append appends the Boolean, or nothing where it is unknown.
func (t truth) append(dst Collection) Collection {
	if t == unknown {
		return dst
	}
	return append(dst, Boolean(t == isTrue))
}

// decider is an expression that knows its truth without making a Collection.
type decider interface {
	truth(ev *evaluation, sc scope) (truth, error)
}

// evalTruth evaluates x as a Boolean (N1 §4.5).
func evalTruth(ev *evaluation, x expression, sc scope) (truth, error) {
	if d, ok := x.(decider); ok {
		return d.truth(ev, sc)
	}
	b, err := x.eval(ev, sc, ev.buffer())
	if err != nil {
		ev.giveBack(b)
		return unknown, err
	}
	t, err := truthOfCollection(x.at(), b)
	ev.giveBack(b)
	return t, err
}

// truthOfCollection is singleton evaluation: a single item that is not a
// Boolean counts as true.
func truthOfCollection(p pos, c Collection) (truth, error) {
	n, err := single(p, c)
	if n == nil || err != nil {
		return unknown, err
	}
	if v, ok := n.Value(); ok {
		if b, ok := v.(Boolean); ok {
			return truthOf(bool(b)), nil
		}
	}
	return isTrue, nil
}

func evalDecider(d decider, ev *evaluation, sc scope, dst Collection) (Collection, error) {
	t, err := d.truth(ev, sc)
	if err != nil {
		return dst, err
	}
	return t.append(dst), nil
}

func (l *logic) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	return evalDecider(l, ev, sc, dst)
}

// truth does not look at the right side where the left decides, which N1 §6.5
// allows.
func (l *logic) truth(ev *evaluation, sc scope) (truth, error) {
	if err := ev.spend(l.pos, 1); err != nil {
		return unknown, err
	}
	a, err := evalTruth(ev, l.left, sc)
	if err != nil || l.decides(a) {
		return l.combine(a, unknown), err
	}
	b, err := evalTruth(ev, l.right, sc)
	if err != nil {
		return unknown, err
	}
	return l.combine(a, b), nil
}

// decides reports whether the left operand alone gives the result.
func (l *logic) decides(a truth) bool {
	switch l.op {
	case "and", "implies":
		return a == isFalse
	case "or":
		return a == isTrue
	}
	return a == unknown
}

func (l *logic) combine(a, b truth) truth {
	switch l.op {
	case "and":
		return both(a, b)
	case "or":
		return both(a.not(), b.not()).not()
	case "implies":
		return both(a, b.not()).not()
	}
	if a == unknown || b == unknown {
		return unknown
	}
	return truthOf(a != b)
}

func both(a, b truth) truth {
	switch {
	case a == isFalse || b == isFalse:
		return isFalse
	case a == isTrue && b == isTrue:
		return isTrue
	}
	return unknown
}
