package fhirpath

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// boundaryFunctions are lowBoundary(), highBoundary(), precision() and
// comparable() of the later ballot.
var boundaryFunctions = map[string]*builtin{
	"lowBoundary":  {max: 1, run: boundary(false)},
	"highBoundary": {max: 1, run: boundary(true)},
	"precision":    {run: runPrecision},
	"comparable":   {min: 1, max: 1, run: runComparable},
}

// maxBoundaryDigits bounds a decimal's boundary, and defaultBoundaryDigits is
// its precision where none is asked for.
const (
	maxBoundaryDigits     = 28
	defaultBoundaryDigits = 8
)

// boundary makes the functions that return the least or greatest value that
// the input may stand for, given the precision it was written with.
func boundary(high bool) func(*evaluation, *call, scope, Collection, Collection) (Collection, error) {
	return func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
		v, err := singleValue(c.pos, in)
		if v == nil || err != nil {
			return dst, err
		}
		digits := -1
		if len(c.args) > 0 {
			var known bool
			if digits, known, err = evalInteger(ev, c.args[0], sc); err != nil || !known || digits < 0 {
				return dst, err
			}
		}
		bound, ok, err := boundaryOf(c, v, digits, high)
		if !ok || err != nil {
			return dst, err
		}
		return append(dst, bound), nil
	}
}

// boundaryOf is false where v cannot be had with so many digits; -1 stands for
// as many as its type usually has.
func boundaryOf(c *call, v Value, digits int, high bool) (bound Value, ok bool, err error) {
	if d, isNumber := asDecimal(v); isNumber {
		bound, ok = d.boundary(digits, high)
		return bound, ok, nil
	}
	switch v := v.(type) {
	case Quantity:
		v.Number, ok = v.Number.boundary(digits, high)
		return v, ok, nil
	case Date:
		m, ok := v.m.boundary(digits, 8, high)
		return Date{m}, ok, nil
	case DateTime:
		m, ok := v.m.boundary(digits, 17, high)
		return DateTime{m.inFarthestZone(high)}, ok, nil
	case Time:
		if digits >= 0 {
			digits += 8
		}
		m, ok := v.m.boundary(digits, 17, high)
		return Time{m}, ok && m.precision >= toHour, nil
	}
	return nil, false, c.errorf("%s() works on numbers, dates and times, got %s", c.name, v.Type())
}

// boundary is half a unit of the last digit away, rounded outwards.
func (d Decimal) boundary(digits int, high bool) (Decimal, bool) {
	if digits < 0 {
		digits = defaultBoundaryDigits
	}
	if digits > maxBoundaryDigits {
		return Decimal{}, false
	}
	half := Decimal{apd.New(5, min(d.Apd().Exponent, 0)-1)}
	op, mode := "-", downwards
	if high {
		op, mode = "+", upwards
	}
	bound, ok := decimalOp(op, d, half)
	return round(bound, int32(digits), mode), ok
}

// boundary cuts the moment to digits of YYYYMMDDhhmmssfff, or fills it up to
// them with the least or greatest parts.
func (m moment) boundary(digits, most int, high bool) (moment, bool) {
	if digits < 0 {
		digits = most
	}
	want, ok := precisionOf[digits]
	if !ok || digits > most {
		return m, false
	}
	if high {
		m = m.latest()
	}
	m.precision = want
	m.digits = 0
	if digits == 17 {
		m.nanos = m.nanos / 1e6 * 1e6
		m.digits = 3
	} else {
		m.nanos = 0
	}
	return m, true
}

// precisionOf is what a number of digits of YYYYMMDDhhmmssfff means.
var precisionOf = map[int]precision{4: toYear, 6: toMonth, 8: toDay, 10: toHour, 12: toMinute, 14: toSecond, 17: toSecond}

// latest fills what was not written with its greatest value, down to the
// millisecond.
func (m moment) latest() moment {
	if m.precision < toMonth {
		m.month = 12
	}
	if m.precision < toDay {
		m.day = uint8(daysIn(int(m.year), int(m.month)))
	}
	if m.precision < toHour {
		m.hour = 23
	}
	if m.precision < toMinute {
		m.minute = 59
	}
	if m.precision < toSecond {
		m.sec = 59
	}
	if m.digits < 3 {
		step := int32(time.Second)
		for range m.digits {
			step /= 10
		}
		m.nanos += step - int32(time.Millisecond)
	}
	return m
}

// inFarthestZone gives a time without an offset the one in which it comes
// first, +14:00, or last, -12:00.
func (m moment) inFarthestZone(high bool) moment {
	if m.precision < toHour {
		m.zoned, m.offset = false, 0
		return m
	}
	if !m.zoned {
		m.zoned, m.offset = true, 14*60
		if high {
			m.offset = -12 * 60
		}
	}
	return m
}

func runPrecision(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
	v, err := singleValue(c.pos, in)
	if v == nil || err != nil {
		return dst, err
	}
	if d, ok := asDecimal(v); ok {
		return append(dst, Integer(max(-d.Apd().Exponent, 0))), nil
	}
	var digits int
	switch v := v.(type) {
	case Date:
		digits = v.m.writtenDigits()
	case DateTime:
		digits = v.m.writtenDigits()
	case Time:
		digits = v.m.writtenDigits() - 8
	default:
		return dst, c.errorf("precision() works on Decimals, dates and times, got %s", v.Type())
	}
	return append(dst, Integer(digits)), nil
}

// writtenDigits counts the digits that the moment was written with.
func (m moment) writtenDigits() int {
	return [...]int{0, 4, 6, 8, 10, 12, 14}[m.precision] + int(m.digits)
}

// runComparable reports whether two quantities measure the same thing.
func runComparable(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	v, err := singleValue(c.pos, in)
	if err != nil {
		return dst, err
	}
	w, err := evalValue(ev, c.args[0], sc)
	if v == nil || w == nil || err != nil {
		return dst, err
	}
	a, okA := asQuantity(v)
	b, okB := asQuantity(w)
	if !okA || !okB {
		return dst, c.errorf("comparable() works on Quantities, got %s and %s", v.Type(), w.Type())
	}
	_, _, ok := ev.commonUnit(a, b)
	if !ok && ev.ctx.Convert == nil && !a.Calendar && !b.Calendar {
		return dst, c.errorf("different units cannot be compared here: no unit conversion")
	}
	return append(dst, Boolean(ok)), nil
}
