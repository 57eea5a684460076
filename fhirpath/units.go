package fhirpath

import "github.com/cockroachdb/apd/v3"

// newQuantity returns a quantity in a UCUM unit; "" is the unit 1.
func newQuantity(number Decimal, unit string) Quantity {
	if unit == "" {
		unit = "1"
	}
	return Quantity{Number: number, Unit: unit}
}

// NewQuantity returns a quantity in a UCUM unit, "1" or "" for none.
func NewQuantity(number Decimal, unit string) Quantity { return newQuantity(number, unit) }

// asDecimal is the implicit conversion of numbers (N1 §5.5).
func asDecimal(v Value) (Decimal, bool) {
	switch v := v.(type) {
	case Integer:
		return intDecimal(v), true
	case Decimal:
		return v, true
	}
	return Decimal{}, false
}

// asQuantity is the implicit conversion to Quantity: a number has the unit 1.
func asQuantity(v Value) (Quantity, bool) {
	if q, ok := v.(Quantity); ok {
		return q, true
	}
	d, ok := asDecimal(v)
	return Quantity{Number: d, Unit: "1"}, ok
}

// span says how a unit of time counts: in milliseconds, or in calendar months
// or UCUM's mean months, which convert to nothing else.
type span struct {
	base   string // "ms", "month" or "mo"
	factor int64
}

var calendarSpans = map[string]span{
	"year": {"month", 12}, "month": {"month", 1}, "week": {"ms", 7 * 86_400_000}, "day": {"ms", 86_400_000},
	"hour": {"ms", 3_600_000}, "minute": {"ms", 60_000}, "second": {"ms", 1000}, "millisecond": {"ms", 1},
}

var ucumSpans = map[string]span{
	"a": {"mo", 12}, "mo": {"mo", 1}, "wk": {"ms", 7 * 86_400_000}, "d": {"ms", 86_400_000},
	"h": {"ms", 3_600_000}, "min": {"ms", 60_000}, "s": {"ms", 1000}, "ms": {"ms", 1},
}

func (q Quantity) span() (span, bool) {
	if q.Calendar {
		s, ok := calendarSpans[q.Unit]
		return s, ok
	}
	s, ok := ucumSpans[q.Unit]
	return s, ok
}

// commonUnit expresses b's number in a's unit, or both in a unit they share;
// ok is false where that is not known.
func (ev *evaluation) commonUnit(a, b Quantity) (x, y Decimal, ok bool) {
	if a.Unit == b.Unit && a.Calendar == b.Calendar {
		return a.Number, b.Number, true
	}
	sa, okA := a.span()
	sb, okB := b.span()
	if okA && okB && sa.base == sb.base {
		x, okA = scale(a.Number, sa.factor)
		y, okB = scale(b.Number, sb.factor)
		return x, y, okA && okB
	}
	if ev.ctx.Convert == nil || a.Calendar || b.Calendar {
		return x, y, false
	}
	c, ok := ev.ctx.Convert(b, a.Unit)
	return a.Number, c.Number, ok
}

func scale(d Decimal, factor int64) (Decimal, bool) {
	return calculate(func(r *apd.Decimal) (apd.Condition, error) {
		return decimals.Mul(r, d.Apd(), apd.New(factor, 0))
	})
}

func (ev *evaluation) compareQuantities(a, b Quantity) (sign int, known bool) {
	x, y, ok := ev.commonUnit(a, b)
	if !ok {
		return 0, false
	}
	return x.Apd().Cmp(y.Apd()), true
}

// equivalentQuantities takes calendar durations as equivalent to UCUM's of the
// same name (N1 §6.1.2).
func (ev *evaluation) equivalentQuantities(p pos, a, b Quantity) (bool, error) {
	if a.Calendar != b.Calendar {
		a, b = a.definite(), b.definite()
	}
	x, y, ok := ev.commonUnit(a, b)
	if ok {
		return equivalentDecimals(x, y), nil
	}
	if ev.ctx.Convert == nil && !a.Calendar && !b.Calendar {
		return false, p.errorf("quantities of different units cannot be told equivalent here: no unit conversion")
	}
	return false, nil
}

// definite turns a calendar duration into UCUM's of the same name.
func (q Quantity) definite() Quantity {
	if !q.Calendar {
		return q
	}
	for code, s := range ucumSpans {
		c := calendarSpans[q.Unit]
		if s.factor == c.factor && (s.base == "ms") == (c.base == "ms") {
			return Quantity{Number: q.Number, Unit: code}
		}
	}
	return q
}
