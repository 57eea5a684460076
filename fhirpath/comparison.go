package fhirpath

import (
	"cmp"
	"time"
)

func (c *comparison) eval(ev *evaluation, sc scope, dst Collection) (Collection, error) {
	return evalDecider(c, ev, sc, dst)
}

func (c *comparison) truth(ev *evaluation, sc scope) (truth, error) {
	a, b, err := evalOperands(ev, &c.binary, sc)
	if a == nil || b == nil || err != nil {
		return unknown, err
	}
	sign, known, ok := ev.compareValues(a, b)
	switch {
	case !ok:
		return unknown, c.errorf("%s and %s cannot be compared", a.Type(), b.Type())
	case !known:
		return unknown, nil
	}
	switch c.op {
	case "<":
		return truthOf(sign < 0), nil
	case "<=":
		return truthOf(sign <= 0), nil
	case ">":
		return truthOf(sign > 0), nil
	}
	return truthOf(sign >= 0), nil
}

// evalOperands evaluates both sides to single values, nil where empty.
func evalOperands(ev *evaluation, b *binary, sc scope) (left, right Value, err error) {
	if err := ev.spend(b.pos, 1); err != nil {
		return nil, nil, err
	}
	if left, err = evalValue(ev, b.left, sc); err != nil {
		return nil, nil, err
	}
	right, err = evalValue(ev, b.right, sc)
	return left, right, err
}

// evalValue evaluates to a single System value, nil where empty.
func evalValue(ev *evaluation, x expression, sc scope) (Value, error) {
	if l, ok := x.(*literal); ok {
		return l.value, nil
	}
	b, err := x.eval(ev, sc, ev.buffer())
	defer func() { ev.giveBack(b) }()
	if err != nil {
		return nil, err
	}
	return singleValue(x.at(), b)
}

// compareValues orders a and b: known is false where it cannot be told (dates
// of different precision, units that cannot be converted), ok is false where
// the types do not compare.
func (ev *evaluation) compareValues(a, b Value) (sign int, known, ok bool) {
	switch a := a.(type) {
	case String:
		if b, ok := b.(String); ok {
			return cmp.Compare(a, b), true, true
		}
		return 0, false, false
	case Integer:
		if b, ok := b.(Integer); ok {
			return cmp.Compare(a, b), true, true
		}
	case Time:
		if b, ok := b.(Time); ok {
			sign, known := compareMoments(a.m, b.m)
			return sign, known, true
		}
		return 0, false, false
	}
	if x, ok := calendarMoment(a); ok {
		if y, ok := calendarMoment(b); ok {
			sign, known := compareMoments(x, y)
			return sign, known, true
		}
		return 0, false, false
	}
	if x, ok := asDecimal(a); ok {
		if y, ok := asDecimal(b); ok {
			return x.Apd().Cmp(y.Apd()), true, true
		}
	}
	x, okX := asQuantity(a)
	y, okY := asQuantity(b)
	if !okX || !okY {
		return 0, false, false
	}
	sign, known = ev.compareQuantities(x, y)
	return sign, known, true
}

// calendarMoment is what a Date or DateTime is made of: a Date converts to a
// DateTime of its precision (N1 §5.5).
func calendarMoment(v Value) (moment, bool) {
	switch v := v.(type) {
	case Date:
		return v.m, true
	case DateTime:
		return v.m, true
	}
	return moment{}, false
}

// compareMoments goes from the year downwards; where all shared parts are the
// same and one goes further, it cannot be told (N1 §6.2).
func compareMoments(a, b moment) (sign int, known bool) {
	if a.precision >= toHour && b.precision >= toHour {
		if a.zoned != b.zoned {
			return compareAcrossZones(a, b)
		}
		if a.offset != b.offset {
			a, b = a.utc(), b.utc()
		}
	}
	for p := toYear; p <= min(a.precision, b.precision); p++ {
		if sign := cmp.Compare(a.part(p), b.part(p)); sign != 0 {
			return sign, true
		}
	}
	return 0, a.precision == b.precision
}

// compareAcrossZones compares a time with an offset with one without: the
// latter is somewhere between 14 hours ahead of and 12 behind UTC, so they are
// ordered only where they lie further apart.
func compareAcrossZones(a, b moment) (sign int, known bool) {
	if b.zoned {
		sign, known = compareAcrossZones(b, a)
		return -sign, known
	}
	fromA, beforeA := a.bounds(nil)
	fromB, beforeB := b.bounds(time.UTC)
	switch {
	case !beforeA.After(fromB.Add(-14 * time.Hour)):
		return -1, true
	case !fromA.Before(beforeB.Add(12 * time.Hour)):
		return 1, true
	}
	return 0, false
}

// part returns the moment's number at a precision; for seconds in nanoseconds.
func (m moment) part(p precision) int64 {
	switch p {
	case toYear:
		return int64(m.year)
	case toMonth:
		return int64(m.month)
	case toDay:
		return int64(m.day)
	case toHour:
		return int64(m.hour)
	case toMinute:
		return int64(m.minute)
	}
	return int64(m.sec)*1e9 + int64(m.nanos)
}

// time is the moment as though it were UTC, parts not written at their lowest.
func (m moment) time() time.Time {
	return time.Date(int(m.year), time.Month(m.month), int(m.day), int(m.hour), int(m.minute), int(m.sec), int(m.nanos), time.UTC)
}

// set takes the parts of t, keeping precision and offset.
func (m moment) set(t time.Time) moment {
	m.year, m.month, m.day = int16(t.Year()), uint8(t.Month()), uint8(t.Day())
	m.hour, m.minute, m.sec, m.nanos = uint8(t.Hour()), uint8(t.Minute()), uint8(t.Second()), int32(t.Nanosecond())
	return m
}

func (m moment) utc() moment {
	m = m.set(m.time().Add(-time.Duration(m.offset) * time.Minute))
	m.offset = 0
	return m
}
