package fhirpath

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// decimals is how decimal arithmetic rounds: exact up to 40 digits, which is
// more than the 28 that N1 asks for, then half up.
var decimals = apd.Context{Precision: 40, MaxExponent: maxDecimalExponent, MinExponent: -maxDecimalExponent, Rounding: apd.RoundHalfUp}

// calculate runs one decimal operation; it is false where there is no result
// (division by zero, overflow), which N1 §6.6 leaves empty.
func calculate(op func(result *apd.Decimal) (apd.Condition, error)) (Decimal, bool) {
	r := new(apd.Decimal)
	const bad = apd.Overflow | apd.DivisionByZero | apd.DivisionUndefined | apd.DivisionImpossible | apd.InvalidOperation | apd.SystemOverflow | apd.SystemUnderflow
	if c, err := op(r); err != nil || c&bad != 0 || r.Form != apd.Finite {
		return Decimal{}, false
	}
	return NewDecimal(r)
}

// equivalentDecimals compares at the precision of the less precise one,
// trailing zeros not counting (N1 §6.1.2).
func equivalentDecimals(a, b Decimal) bool {
	a, b = plain(a), plain(b)
	n := -max(a.Apd().Exponent, b.Apd().Exponent)
	return round(a, n, halfUp).Apd().Cmp(round(b, n, halfUp).Apd()) == 0
}

func (a *arithmetic) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	left, right, err := evalOperands(ev, &a.binary, sc)
	if err != nil {
		return dst, err
	}
	if a.op == "&" {
		return a.concatenate(ev, left, right, dst)
	}
	if left == nil || right == nil {
		return dst, nil
	}
	v, ok, err := a.apply(ev, left, right)
	if !ok || err != nil {
		return dst, err
	}
	return append(dst, v), nil
}

// concatenate takes an empty side as the empty string (N1 §6.6.7).
func (a *arithmetic) concatenate(ev *evaluation, left, right Value, dst Collection) (Collection, error) {
	var text string
	for _, v := range [...]Value{left, right} {
		s, ok := v.(String)
		if v != nil && !ok {
			return dst, a.errorf("& joins Strings, got %s", v.Type())
		}
		text += string(s)
	}
	return append(dst, String(text)), ev.checkText(a.pos, len(text))
}

// checkText bounds the strings that an expression makes, and charges for them.
func (ev *evaluation) checkText(p pos, n int) error {
	if n > maxText {
		return p.errorf("text grows beyond %d bytes", maxText)
	}
	return ev.spend(p, n/textPerStep)
}

// apply calculates; ok is false where the result is empty.
func (a *arithmetic) apply(ev *evaluation, left, right Value) (v Value, ok bool, err error) {
	x, isInt := left.(Integer)
	y, bothInt := right.(Integer)
	if isInt && bothInt && a.op != "/" {
		v, ok = integers(a.op, int64(x), int64(y))
		return v, ok, nil
	}
	dx, okX := asDecimal(left)
	dy, okY := asDecimal(right)
	if okX && okY {
		d, ok := decimalOp(a.op, dx, dy)
		return d, ok, nil
	}
	switch l := left.(type) {
	case String:
		if r, ok := right.(String); ok && a.op == "+" {
			return l + r, true, ev.checkText(a.pos, len(l)+len(r))
		}
	case Date, DateTime, Time:
		if q, ok := right.(Quantity); ok && (a.op == "+" || a.op == "-") {
			v, err = shift(a.pos, l, q, a.op == "-")
			return v, err == nil, err
		}
	}
	qx, okX := asQuantity(left)
	qy, okY := asQuantity(right)
	if okX && okY && a.op != "div" && a.op != "mod" {
		q, ok := ev.quantities(a.op, qx, qy)
		return q, ok, nil
	}
	return nil, false, a.errorf("'%s' is not defined for %s and %s", a.op, left.Type(), right.Type())
}

// integers is false on overflow and division by zero.
func integers(op string, x, y int64) (Integer, bool) {
	if y == 0 && (op == "div" || op == "mod") {
		return 0, false
	}
	var r int64
	switch op {
	case "+":
		r = x + y
	case "-":
		r = x - y
	case "*":
		r = x * y
	case "div":
		r = x / y
	case "mod":
		r = x % y
	}
	return Integer(r), r >= math.MinInt32 && r <= math.MaxInt32
}

func decimalOp(op string, x, y Decimal) (Decimal, bool) {
	a, b := x.Apd(), y.Apd()
	switch op {
	case "+":
		return calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Add(r, a, b) })
	case "-":
		return calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Sub(r, a, b) })
	case "*":
		return calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Mul(r, a, b) })
	case "/":
		d, ok := calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Quo(r, a, b) })
		return plain(d), ok
	case "div":
		return calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.QuoInteger(r, a, b) })
	}
	return calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Rem(r, a, b) })
}

// quantities calculates with units: products and quotients only where one side has no unit or both have the same. It is false
// where that would take a new unit.
func (ev *evaluation) quantities(op string, a, b Quantity) (Quantity, bool) {
	var d Decimal
	var ok bool
	switch op {
	case "+", "-":
		return ev.sum(op, a, b)
	case "*":
		if a.Unit == "1" {
			a, b = b, a
		}
		if b.Unit != "1" {
			return Quantity{}, false
		}
		d, ok = decimalOp(op, a.Number, b.Number)
		return Quantity{d, a.Unit, a.Calendar, a.plural}, ok
	}
	d, ok = decimalOp(op, a.Number, b.Number)
	switch {
	case b.Unit == "1":
		return Quantity{d, a.Unit, a.Calendar, a.plural}, ok
	case a.Unit == b.Unit && a.Calendar == b.Calendar:
		return Quantity{Number: d, Unit: "1"}, ok
	}
	return Quantity{}, false
}

// sum adds or subtracts in the finer of two units of time, else in the left
// unit.
func (ev *evaluation) sum(op string, a, b Quantity) (Quantity, bool) {
	x, y, ok := ev.commonUnit(a, b)
	if !ok {
		return Quantity{}, false
	}
	d, ok := decimalOp(op, x, y)
	sa, timeA := a.span()
	sb, timeB := b.span()
	if a.Unit == b.Unit && a.Calendar == b.Calendar || !timeA || !timeB || !ok {
		return Quantity{d, a.Unit, a.Calendar, a.plural}, ok
	}
	if sb.factor < sa.factor {
		a, sa = b, sb
	}
	d, ok = decimalOp("/", d, intDecimal64(sa.factor))
	return Quantity{d, a.Unit, a.Calendar, a.plural}, ok
}

// negate returns -v; false where v is not a number.
func negate(v Value) (Value, bool) {
	switch v := v.(type) {
	case Integer:
		return -v, v != math.MinInt32
	case Decimal:
		return Decimal{new(apd.Decimal).Neg(v.Apd())}, true
	case Quantity:
		v.Number = Decimal{new(apd.Decimal).Neg(v.Number.Apd())}
		return v, true
	}
	return nil, false
}

func (n *negation) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	v, err := evalValue(ev, n.x, sc)
	if v == nil || err != nil {
		return dst, err
	}
	minus, ok := negate(v)
	switch {
	case !ok && v == Integer(math.MinInt32):
		return dst, ev.spend(n.pos, 1) // overflow
	case !ok:
		return dst, n.errorf("%s has no sign", v.Type())
	case n.minus:
		v = minus
	}
	return append(dst, v), ev.spend(n.pos, 1)
}
