package fhirpath

import (
	"errors"
	"time"
)

var (
	errDate     = errors.New("not a date (YYYY, YYYY-MM or YYYY-MM-DD)")
	errDateTime = errors.New("not a date and time (YYYY-MM-DDThh:mm:ss.fff+zz:zz, or less)")
	errTime     = errors.New("not a time (hh, hh:mm or hh:mm:ss.fff)")
)

// ParseDate reads YYYY, YYYY-MM or YYYY-MM-DD. The date must exist.
func ParseDate(s string) (Date, error) {
	var m moment
	if rest, ok := m.readDate(s); !ok || rest != "" {
		return Date{}, errDate
	}
	return Date{m}, nil
}

// ParseDateTime reads a FHIR dateTime or instant, or a FHIRPath DateTime, which
// may end anywhere ("2015", "2015-02T", "2015-02-04T14"). Digits of the
// fraction of a second beyond nine are dropped.
func ParseDateTime(s string) (DateTime, error) {
	var m moment
	rest, ok := m.readDate(s)
	if ok && rest == "" {
		return DateTime{m}, nil
	}
	if !ok || rest[0] != 'T' {
		return DateTime{}, errDateTime
	}
	if rest = rest[1:]; rest == "" {
		return DateTime{m}, nil
	}
	if m.precision != toDay {
		return DateTime{}, errDateTime
	}
	if rest, ok = m.readTime(rest); !ok {
		return DateTime{}, errDateTime
	}
	if rest, ok = m.readOffset(rest); !ok || rest != "" {
		return DateTime{}, errDateTime
	}
	return DateTime{m}, nil
}

// ParseTime reads hh, hh:mm or hh:mm:ss with any fraction.
func ParseTime(s string) (Time, error) {
	m := moment{month: 1, day: 1}
	if rest, ok := m.readTime(s); !ok || rest != "" {
		return Time{}, errTime
	}
	return Time{m}, nil
}

// readDate reads a date off the front of s and returns the rest.
func (m *moment) readDate(s string) (rest string, ok bool) {
	year, ok := digits(s, 4)
	if !ok || year == 0 {
		return s, false
	}
	m.year, m.month, m.day, m.precision = int16(year), 1, 1, toYear
	if s = s[4:]; len(s) < 3 || s[0] != '-' {
		return s, true
	}
	month, ok := digits(s[1:], 2)
	if !ok || month < 1 || month > 12 {
		return s, false
	}
	m.month, m.precision = uint8(month), toMonth
	if s = s[3:]; len(s) < 3 || s[0] != '-' {
		return s, true
	}
	day, ok := digits(s[1:], 2)
	if !ok || day < 1 || day > daysIn(year, month) {
		return s, false
	}
	m.day, m.precision = uint8(day), toDay
	return s[3:], true
}

// readTime reads a time off the front of s and returns the rest.
func (m *moment) readTime(s string) (rest string, ok bool) {
	hour, ok := digits(s, 2)
	if !ok || hour > 23 {
		return s, false
	}
	m.hour, m.precision = uint8(hour), toHour
	if s = s[2:]; len(s) < 3 || s[0] != ':' {
		return s, true
	}
	minute, ok := digits(s[1:], 2)
	if !ok || minute > 59 {
		return s, false
	}
	m.minute, m.precision = uint8(minute), toMinute
	if s = s[3:]; len(s) < 3 || s[0] != ':' {
		return s, true
	}
	sec, ok := digits(s[1:], 2)
	if !ok || sec > 60 { // FHIR allows a leap second
		return s, false
	}
	m.sec, m.precision = uint8(sec), toSecond
	return m.readFraction(s[3:]), true
}

func (m *moment) readFraction(s string) (rest string) {
	if len(s) < 2 || s[0] != '.' || s[1] < '0' || s[1] > '9' {
		return s
	}
	place := int32(100_000_000)
	s = s[1:]
	for len(s) > 0 && s[0] >= '0' && s[0] <= '9' {
		if m.digits < 9 {
			m.nanos += int32(s[0]-'0') * place
			place /= 10
			m.digits++
		}
		s = s[1:]
	}
	return s
}

// readOffset reads Z, +hh:mm or -hh:mm, or nothing.
func (m *moment) readOffset(s string) (rest string, ok bool) {
	if s == "" {
		return "", true
	}
	if s[0] == 'Z' {
		m.zoned = true
		return s[1:], true
	}
	if (s[0] != '+' && s[0] != '-') || len(s) < 6 || s[3] != ':' {
		return s, false
	}
	hours, okH := digits(s[1:], 2)
	minutes, okM := digits(s[4:], 2)
	if !okH || !okM || hours > 14 || minutes > 59 {
		return s, false
	}
	m.zoned, m.offset = true, int16(hours*60+minutes)
	if s[0] == '-' {
		m.offset = -m.offset
	}
	return s[6:], true
}

// digits reads exactly n digits off the front of s.
func digits(s string, n int) (int, bool) {
	if len(s) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
