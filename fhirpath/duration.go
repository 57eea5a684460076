package fhirpath

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// durationUnit is a unit that dates are shifted by, and the precision that it
// needs.
type durationUnit struct {
	needs precision
	ms    int64 // length, where it has a fixed one
}

// durationUnits are FHIRPath's calendar durations, and the UCUM units that are
// the same up to the week. UCUM's month and year are means and shift no date.
var durationUnits = map[string]durationUnit{
	"year": {needs: toYear}, "month": {needs: toMonth},
	"week": {toDay, 7 * 86_400_000}, "wk": {toDay, 7 * 86_400_000},
	"day": {toDay, 86_400_000}, "d": {toDay, 86_400_000},
	"hour": {toHour, 3_600_000}, "h": {toHour, 3_600_000},
	"minute": {toMinute, 60_000}, "min": {toMinute, 60_000},
	"second": {toSecond, 1000}, "s": {toSecond, 1000},
	"millisecond": {toSecond, 1}, "ms": {toSecond, 1},
}

// shift adds q to a Date, DateTime or Time, or takes it off (N1 §6.7).
func shift(p pos, v Value, q Quantity, back bool) (Value, error) {
	unit, ok := durationUnits[q.Unit]
	if !ok {
		return nil, p.errorf("the unit shifts no date or time: use years, months, weeks, days, hours, minutes, seconds or milliseconds")
	}
	if back {
		q.Number = Decimal{new(apd.Decimal).Neg(q.Number.Apd())}
	}
	var m moment
	switch v := v.(type) {
	case Date:
		if unit.needs > toDay {
			return nil, p.errorf("a Date is shifted by years, months, weeks or days")
		}
		m = v.m
	case DateTime:
		m = v.m
	case Time:
		if unit.needs <= toDay {
			return nil, p.errorf("a Time is shifted by hours, minutes, seconds or milliseconds")
		}
		m = v.m
		m.year = 2000 // so that midnight may be crossed; a Time forgets it
	}
	shifted, ok := m.shift(q.Number, unit)
	if !ok {
		return nil, p.errorf("date is shifted beyond the years 1 to 9999")
	}
	switch v.(type) {
	case Date:
		return Date{shifted}, nil
	case Time:
		shifted.year, shifted.month, shifted.day = 0, 1, 1
		return Time{shifted}, nil
	}
	return DateTime{shifted}, nil
}

// maxShift is ten thousand years in milliseconds.
const maxShift = 10_000 * 366 * 86_400_000

// shift is false where the result is out of range. Parts of a unit count only
// from seconds down; a unit finer than m is written is first turned into what
// m is written to (N1 §6.7.1: a month is 30 days there, a year 365).
func (m moment) shift(number Decimal, unit durationUnit) (moment, bool) {
	if unit.needs < toSecond {
		number = round(number, 0, towardsZero)
	}
	if unit.ms == 0 {
		n, err := round(number, 0, towardsZero).Apd().Int64()
		if err != nil || n > 200_000 || n < -200_000 {
			return m, false
		}
		if unit.needs == toYear {
			n *= 12
		}
		if m.precision == toYear {
			n = n / 12 * 12
		}
		return m.shiftMonths(n)
	}
	exact, ok := scale(number, unit.ms)
	if !ok {
		return m, false
	}
	ms, err := round(exact, 0, towardsZero).Apd().Int64()
	if err != nil || ms > maxShift || ms < -maxShift {
		return m, false
	}
	return m.shiftMillis(ms)
}

func (m moment) shiftMillis(ms int64) (moment, bool) {
	days := ms / 86_400_000
	switch m.precision {
	case toYear:
		return m.shiftMonths(days / 365 * 12)
	case toMonth:
		return m.shiftMonths(days / 30)
	case toDay:
		ms -= ms % 86_400_000
	case toHour:
		ms -= ms % 3_600_000
	case toMinute:
		ms -= ms % 60_000
	case toSecond:
		if ms%1000 != 0 {
			m.digits = max(m.digits, 3)
		}
	}
	// time.Duration holds 292 years: days go through the calendar.
	t := m.time().AddDate(0, 0, int(ms/86_400_000)).Add(time.Duration(ms%86_400_000) * time.Millisecond)
	return m.set(t), t.Year() >= 1 && t.Year() <= 9999
}

// shiftMonths keeps the day, or takes the month's last where there is no such
// day.
func (m moment) shiftMonths(n int64) (moment, bool) {
	months := int64(m.year)*12 + int64(m.month) - 1 + n
	year, month := months/12, int(months%12)+1
	if months < 12 || year > 9999 {
		return m, false
	}
	m.year, m.month = int16(year), uint8(month)
	m.day = min(m.day, uint8(daysIn(int(year), month)))
	return m, true
}
