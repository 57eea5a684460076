package fhirpath

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// mathFunctions are N1 §5.7. They take Integers and Decimals; abs() and the
// roundings take Quantities too.
var mathFunctions = map[string]*builtin{
	"abs":      {run: runAbs},
	"ceiling":  {run: rounding(upwards)},
	"floor":    {run: rounding(downwards)},
	"truncate": {run: rounding(towardsZero)},
	"round":    {max: 1, run: runRound},
	"exp":      onNumber(func(r, x *apd.Decimal) (apd.Condition, error) { return guarded.Exp(r, x) }),
	"ln":       onNumber(func(r, x *apd.Decimal) (apd.Condition, error) { return guarded.Ln(r, x) }),
	"sqrt":     onNumber(func(r, x *apd.Decimal) (apd.Condition, error) { return guarded.Sqrt(r, x) }),
	"log":      onNumbers(logarithm),
	"power":    {min: 1, max: 1, run: runPower},
}

// guarded calculates with more digits than results have, so that log(16, 2)
// is 4 and not 3.999….
var guarded = apd.Context{Precision: 50, MaxExponent: maxDecimalExponent, MinExponent: -maxDecimalExponent, Rounding: apd.RoundHalfEven}

// numberInput is the input of a function of a single number; nil where empty.
func numberInput(c *call, in Collection) (Value, error) {
	v, err := singleValue(c.pos, in)
	if v == nil || err != nil {
		return nil, err
	}
	switch v.(type) {
	case Integer, Decimal, Quantity:
		return v, nil
	}
	return nil, c.errorf("%s() works on a number, got %s", c.name, v.Type())
}

// transcend calculates with guard digits and rounds; false where there is no
// result, as for the logarithm of 0.
func transcend(op func(r *apd.Decimal) (apd.Condition, error)) (Decimal, bool) {
	d, ok := calculate(op)
	if !ok {
		return d, false
	}
	d, ok = calculate(func(r *apd.Decimal) (apd.Condition, error) { return decimals.Round(r, d.Apd()) })
	if !ok {
		return d, false
	}
	return plain(d), true
}

// onNumber makes a function of one that maps a number to a Decimal.
func onNumber(f func(r, x *apd.Decimal) (apd.Condition, error)) *builtin {
	return &builtin{run: func(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		v, err := numberInput(c, in)
		if v == nil || err != nil {
			return dst, err
		}
		x, ok := asDecimal(v)
		if !ok {
			return dst, c.errorf("%s() works on a number, got %s", c.name, v.Type())
		}
		d, ok := transcend(func(r *apd.Decimal) (apd.Condition, error) { return f(r, x.Apd()) })
		if !ok {
			return dst, ev.spend(c.pos, transcendSteps)
		}
		return append(dst, d), ev.spend(c.pos, transcendSteps)
	}}
}

// transcendSteps is what one such calculation costs.
const transcendSteps = 1000

// onNumbers is onNumber with a second number as argument.
func onNumbers(f func(r, x, y *apd.Decimal) (apd.Condition, error)) *builtin {
	return &builtin{min: 1, max: 1, run: func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
		x, y, err := twoNumbers(ev, c, sc, in)
		if x == nil || y == nil || err != nil {
			return dst, err
		}
		a, _ := asDecimal(x)
		b, _ := asDecimal(y)
		d, ok := transcend(func(r *apd.Decimal) (apd.Condition, error) { return f(r, a.Apd(), b.Apd()) })
		if !ok {
			return dst, ev.spend(c.pos, transcendSteps)
		}
		return append(dst, d), ev.spend(c.pos, transcendSteps)
	}}
}

// twoNumbers are input and argument, each an Integer or Decimal, nil if empty.
func twoNumbers(ev *evaluation, c *call, sc scope, in Collection) (x, y Value, err error) {
	if x, err = numberInput(c, in); err != nil {
		return nil, nil, err
	}
	if y, err = evalValue(ev, c.args[0], sc); err != nil {
		return nil, nil, err
	}
	for _, v := range [...]Value{x, y} {
		if v == nil {
			continue
		}
		if _, ok := asDecimal(v); !ok {
			return nil, nil, c.errorf("%s() works on numbers, got %s", c.name, v.Type())
		}
	}
	return x, y, nil
}

func logarithm(r, x, base *apd.Decimal) (apd.Condition, error) {
	top, bottom := new(apd.Decimal), new(apd.Decimal)
	c1, err := guarded.Ln(top, x)
	if err != nil {
		return c1, err
	}
	c2, err := guarded.Ln(bottom, base)
	if err != nil {
		return c2, err
	}
	c3, err := guarded.Quo(r, top, bottom)
	return c1 | c2 | c3, err
}

// runPower yields an Integer for Integers where it is one, else a Decimal, and
// nothing where there is no real result.
func runPower(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	x, y, err := twoNumbers(ev, c, sc, in)
	if x == nil || y == nil || err != nil {
		return dst, err
	}
	a, _ := asDecimal(x)
	b, _ := asDecimal(y)
	d, ok := transcend(func(r *apd.Decimal) (apd.Condition, error) { return guarded.Pow(r, a.Apd(), b.Apd()) })
	if err := ev.spend(c.pos, transcendSteps); err != nil || !ok {
		return dst, err
	}
	_, intX := x.(Integer)
	_, intY := y.(Integer)
	if i, ok := wholeNumber(d); intX && intY && ok {
		return append(dst, i), nil
	}
	return append(dst, d), nil
}

// wholeNumber is d as an Integer, false where it has a fraction or is too big.
func wholeNumber(d Decimal) (Integer, bool) {
	i, err := d.Apd().Int64()
	return Integer(i), err == nil && i >= math.MinInt32 && i <= math.MaxInt32
}

func runAbs(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	v, err := numberInput(c, in)
	if v == nil || err != nil {
		return dst, err
	}
	switch n := v.(type) {
	case Integer:
		if n == math.MinInt32 {
			return dst, nil // overflow
		}
		return append(dst, max(n, -n)), nil
	case Decimal:
		v = Decimal{new(apd.Decimal).Abs(n.Apd())}
	case Quantity:
		n.Number = Decimal{new(apd.Decimal).Abs(n.Number.Apd())}
		v = n
	}
	return append(dst, v), nil
}

// rounding makes ceiling(), floor() and truncate(), which yield an Integer; a
// number beyond Integers stays a Decimal, a Quantity a Quantity.
func rounding(mode rounder) func(*evaluation, *call, scope, Collection, Collection) (Collection, error) {
	return func(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		v, err := numberInput(c, in)
		if v == nil || err != nil {
			return dst, err
		}
		switch n := v.(type) {
		case Decimal:
			d := round(n, 0, mode)
			v = d
			if i, ok := wholeNumber(d); ok {
				v = i
			}
		case Quantity:
			n.Number = round(n.Number, 0, mode)
			v = n
		}
		return append(dst, v), nil
	}
}

// runRound rounds a half away from zero.
func runRound(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	v, err := numberInput(c, in)
	if v == nil || err != nil {
		return dst, err
	}
	digits := 0
	if len(c.args) > 0 {
		var known bool
		if digits, known, err = evalInteger(ev, c.args[0], sc); err != nil || !known {
			return dst, err
		}
		if digits < 0 {
			return dst, c.args[0].at().errorf("round() takes a number of digits from 0 up")
		}
	}
	digits = min(digits, maxDecimalExponent)
	switch n := v.(type) {
	case Integer:
		v = intDecimal(n)
	case Decimal:
		if -n.Apd().Exponent > int32(digits) {
			n = round(n, int32(digits), halfUp)
		}
		v = n
	case Quantity:
		n.Number = round(n.Number, int32(digits), halfUp)
		v = n
	}
	return append(dst, v), nil
}
