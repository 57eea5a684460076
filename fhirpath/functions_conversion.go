package fhirpath

import (
	"regexp"
	"strconv"
	"strings"
)

// conversionFunctions are N1 §5.5 without iif(). What does not convert yields
// nothing.
var conversionFunctions = map[string]*builtin{
	"toBoolean": converting(toBoolean), "convertsToBoolean": converts(toBoolean),
	"toInteger": converting(toInteger), "convertsToInteger": converts(toInteger),
	"toDecimal": converting(toDecimal), "convertsToDecimal": converts(toDecimal),
	"toString": converting(toText), "convertsToString": converts(toText),
	"toDate": converting(toDate), "convertsToDate": converts(toDate),
	"toDateTime": converting(toDateTime), "convertsToDateTime": converts(toDateTime),
	"toTime": converting(toTime), "convertsToTime": converts(toTime),
	"toQuantity":         {max: 1, run: runToQuantity},
	"convertsToQuantity": {max: 1, run: runConvertsToQuantity},
}

type conversion func(v Value) (Value, bool)

func converting(f conversion) *builtin {
	return &builtin{run: func(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		v, ok, err := convertInput(c, in, f)
		if !ok || err != nil {
			return dst, err
		}
		return append(dst, v), nil
	}}
}

func converts(f conversion) *builtin {
	return &builtin{run: func(_ *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		_, ok, err := convertInput(c, in, f)
		if len(in) == 0 || err != nil {
			return dst, err
		}
		return append(dst, Boolean(ok)), nil
	}}
}

func convertInput(c *call, in Collection, f conversion) (Value, bool, error) {
	n, err := single(c.pos, in)
	if n == nil || err != nil {
		return nil, false, err
	}
	v, ok := n.Value()
	if !ok {
		return nil, false, nil
	}
	v, ok = f(v)
	return v, ok, nil
}

func toBoolean(v Value) (Value, bool) {
	switch v := v.(type) {
	case Boolean:
		return v, true
	case Integer:
		return Boolean(v == 1), v == 0 || v == 1
	case Decimal:
		one := v.Apd().Cmp(intDecimal(1).Apd()) == 0
		return Boolean(one), one || v.Apd().IsZero()
	case String:
		switch strings.ToLower(string(v)) {
		case "true", "t", "yes", "y", "1", "1.0":
			return Boolean(true), true
		case "false", "f", "no", "n", "0", "0.0":
			return Boolean(false), true
		}
	}
	return nil, false
}

var (
	integerText = regexp.MustCompile(`^[+-]?[0-9]+$`)
	decimalText = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)
	// quantityText is N1 §5.5.7's pattern.
	quantityText = regexp.MustCompile(`^([+-]?[0-9]+(?:\.[0-9]+)?)\s*(?:'([^']+)'|([a-zA-Z]+))?$`)
)

func toInteger(v Value) (Value, bool) {
	switch v := v.(type) {
	case Integer:
		return v, true
	case Boolean:
		if v {
			return Integer(1), true
		}
		return Integer(0), true
	case String:
		if !integerText.MatchString(string(v)) {
			return nil, false
		}
		i, err := strconv.ParseInt(string(v), 10, 32)
		return Integer(i), err == nil
	}
	return nil, false
}

func toDecimal(v Value) (Value, bool) {
	switch v := v.(type) {
	case Decimal:
		return v, true
	case Integer:
		return intDecimal(v), true
	case Boolean:
		text := "0.0"
		if v {
			text = "1.0"
		}
		d, err := ParseDecimal(text)
		return d, err == nil
	case String:
		if !decimalText.MatchString(string(v)) {
			return nil, false
		}
		d, err := ParseDecimal(strings.TrimPrefix(string(v), "+"))
		return d, err == nil
	}
	return nil, false
}

func toText(v Value) (Value, bool) { return String(v.Text()), true }

func toDate(v Value) (Value, bool) {
	switch v := v.(type) {
	case Date:
		return v, true
	case DateTime:
		m := v.m
		return Date{moment{year: m.year, month: m.month, day: m.day, precision: min(m.precision, toDay)}}, true
	case String:
		if d, err := ParseDate(string(v)); err == nil {
			return d, true
		}
		if d, err := ParseDateTime(string(v)); err == nil {
			return toDate(d)
		}
	}
	return nil, false
}

func toDateTime(v Value) (Value, bool) {
	switch v := v.(type) {
	case DateTime:
		return v, true
	case Date:
		return DateTime(v), true
	case String:
		d, err := ParseDateTime(string(v))
		return d, err == nil
	}
	return nil, false
}

func toTime(v Value) (Value, bool) {
	switch v := v.(type) {
	case Time:
		return v, true
	case String:
		t, err := ParseTime(strings.TrimPrefix(string(v), "T"))
		return t, err == nil
	}
	return nil, false
}

func toQuantity(v Value) (Value, bool) {
	if q, ok := asQuantity(v); ok {
		return q, true
	}
	switch v := v.(type) {
	case Boolean:
		d, ok := toDecimal(v)
		return newQuantity(d.(Decimal), "1"), ok
	case String:
		return parseQuantity(string(v))
	}
	return nil, false
}

func parseQuantity(s string) (Value, bool) {
	m := quantityText.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	d, ok := toDecimal(String(m[1]))
	if !ok {
		return nil, false
	}
	if m[3] == "" {
		return newQuantity(d.(Decimal), m[2]), true
	}
	unit, plural, ok := calendarUnit(m[3])
	return Quantity{d.(Decimal), unit, true, plural}, ok
}

// quantityInput is the input as a Quantity, in the unit of the argument.
func quantityInput(ev *evaluation, c *call, sc scope, in Collection) (Value, bool, error) {
	v, ok, err := convertInput(c, in, toQuantity)
	if !ok || err != nil || len(c.args) == 0 {
		return v, ok, err
	}
	unit, known, err := evalString(ev, c.args[0], sc)
	if err != nil || !known {
		return nil, false, err
	}
	q := v.(Quantity)
	want := newQuantity(intDecimal(1), unit)
	if name, plural, ok := calendarUnit(unit); ok {
		want = Quantity{intDecimal(1), name, true, plural}
	}
	number, ok := ev.express(q, want)
	want.Number = number
	return want, ok, nil
}

// express returns q's number in the unit of want.
func (ev *evaluation) express(q, want Quantity) (Decimal, bool) {
	if q.Unit == want.Unit && q.Calendar == want.Calendar {
		return q.Number, true
	}
	from, okFrom := q.span()
	to, okTo := want.span()
	if okFrom && okTo && from.base == to.base {
		d, ok := scale(q.Number, from.factor)
		if !ok {
			return d, false
		}
		return decimalOp("/", d, intDecimal64(to.factor))
	}
	if ev.ctx.Convert == nil || q.Calendar || want.Calendar {
		return Decimal{}, false
	}
	c, ok := ev.ctx.Convert(q, want.Unit)
	return c.Number, ok
}

func runToQuantity(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	v, ok, err := quantityInput(ev, c, sc, in)
	if !ok || err != nil {
		return dst, err
	}
	return append(dst, v), nil
}

func runConvertsToQuantity(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
	_, ok, err := quantityInput(ev, c, sc, in)
	if len(in) == 0 || err != nil {
		return dst, err
	}
	return append(dst, Boolean(ok)), nil
}
