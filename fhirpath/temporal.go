package fhirpath

import (
	"fmt"
	"time"
)

// precision says down to which part a date or time was written.
type precision uint8

const (
	toYear precision = iota + 1
	toMonth
	toDay
	toHour
	toMinute
	toSecond
)

// moment is what Date, DateTime and Time are made of. Parts below the
// precision hold their lowest value.
type moment struct {
	year              int16
	month, day        uint8
	hour, minute, sec uint8
	nanos             int32
	digits            uint8 // of the fraction of the second that were written, up to 9
	precision         precision
	zoned             bool  // an offset was written
	offset            int16 // minutes east of UTC
}

// Date is System.Date, written to the year, month or day.
type Date struct{ m moment }

// DateTime is System.DateTime, written to any part, with or without an offset.
type DateTime struct{ m moment }

// Time is System.Time, a time of day without an offset, from the hour on.
type Time struct{ m moment }

// DateTimeOf returns t as a DateTime to the millisecond, with t's offset.
func DateTimeOf(t time.Time) DateTime {
	_, seconds := t.Zone()
	return DateTime{moment{
		year: int16(t.Year()), month: uint8(t.Month()), day: uint8(t.Day()),
		hour: uint8(t.Hour()), minute: uint8(t.Minute()), sec: uint8(t.Second()),
		nanos: int32(t.Nanosecond() / 1e6 * 1e6), digits: 3,
		precision: toSecond, zoned: true, offset: int16(seconds / 60),
	}}
}

// Bounds returns the earliest and the latest instant that d may mean, the
// latest being exclusive; where d has no offset, as though in zone. It is
// what searching by date ranges needs.
func (d DateTime) Bounds(zone *time.Location) (from, before time.Time) { return d.m.bounds(zone) }

// Bounds returns the day, month or year that d means, in zone; the end is
// exclusive.
func (d Date) Bounds(zone *time.Location) (from, before time.Time) { return d.m.bounds(zone) }

func (m moment) bounds(zone *time.Location) (from, before time.Time) {
	if m.zoned {
		zone = time.FixedZone("", int(m.offset)*60)
	}
	from = time.Date(int(m.year), time.Month(m.month), int(m.day), int(m.hour), int(m.minute), int(m.sec), int(m.nanos), zone)
	switch m.precision {
	case toYear:
		return from, from.AddDate(1, 0, 0)
	case toMonth:
		return from, from.AddDate(0, 1, 0)
	case toDay:
		return from, from.AddDate(0, 0, 1)
	case toHour:
		return from, from.Add(time.Hour)
	case toMinute:
		return from, from.Add(time.Minute)
	}
	step := time.Second
	for range m.digits {
		step /= 10
	}
	return from, from.Add(step)
}

// Name is "".
func (Date) Name() string { return "" }

// Type is System.Date.
func (Date) Type() TypeName { return typeDate }

// Value is the value itself.
func (d Date) Value() (Value, bool) { return d, true }

// Children appends nothing.
func (Date) Children(dst []Node, _ string) []Node { return dst }

// Text is "2014-01-25", to the precision that was written.
func (d Date) Text() string { return d.m.dateText() }

func (Date) system() {}

// Name is "".
func (DateTime) Name() string { return "" }

// Type is System.DateTime.
func (DateTime) Type() TypeName { return typeDateTime }

// Value is the value itself.
func (d DateTime) Value() (Value, bool) { return d, true }

// Children appends nothing.
func (DateTime) Children(dst []Node, _ string) []Node { return dst }

// Text is "2014-01-25T14:30:14.559+02:00", to the precision that was written.
func (d DateTime) Text() string {
	if d.m.precision < toHour {
		return d.m.dateText()
	}
	return d.m.dateText() + "T" + d.m.timeText() + d.m.offsetText()
}

func (DateTime) system() {}

// Name is "".
func (Time) Name() string { return "" }

// Type is System.Time.
func (Time) Type() TypeName { return typeTime }

// Value is the value itself.
func (t Time) Value() (Value, bool) { return t, true }

// Children appends nothing.
func (Time) Children(dst []Node, _ string) []Node { return dst }

// Text is "14:30:14.559", to the precision that was written.
func (t Time) Text() string { return t.m.timeText() }

func (Time) system() {}

func (m moment) dateText() string {
	switch m.precision {
	case toYear:
		return fmt.Sprintf("%04d", m.year)
	case toMonth:
		return fmt.Sprintf("%04d-%02d", m.year, m.month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", m.year, m.month, m.day)
}

func (m moment) timeText() string {
	switch m.precision {
	case toHour:
		return fmt.Sprintf("%02d", m.hour)
	case toMinute:
		return fmt.Sprintf("%02d:%02d", m.hour, m.minute)
	}
	s := fmt.Sprintf("%02d:%02d:%02d", m.hour, m.minute, m.sec)
	if m.digits > 0 {
		s += fmt.Sprintf(".%09d", m.nanos)[:1+m.digits]
	}
	return s
}

func (m moment) offsetText() string {
	switch {
	case !m.zoned:
		return ""
	case m.offset == 0:
		return "Z"
	case m.offset < 0:
		return fmt.Sprintf("-%02d:%02d", -m.offset/60, -m.offset%60)
	}
	return fmt.Sprintf("+%02d:%02d", m.offset/60, m.offset%60)
}
