package fhir

import (
	"errors"
	"time"
)

// Range is a stretch of time from Low up to, but not including, High. A zero
// Low or High means that it is open at that end. It is what searching by date
// compares (FHIR R4 §3.1.1.4.6).
type Range struct{ Low, High time.Time }

var errNoDate = errors.New("is not a date: expected YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]] with Z or +zz:zz")

// DateRange returns what a date, dateTime or instant means: 2020-02 is all of
// February, and 10:30:05.12 a hundredth of a second. A date without offset is
// meant in zone. Beside FHIR's forms it reads what a search URL may have: hours
// and minutes without seconds, and a time without offset.
func DateRange(text string, zone *time.Location) (Range, error) {
	month, day := 1, 1
	step := func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }
	if len(text) < 4 || scanDigits(text[:4], 0) != 4 || text[:4] == "0000" {
		return Range{}, errNoDate
	}
	year := number(text[:4])
	rest := text[4:]
	if len(rest) >= 3 && rest[0] == '-' && twoDigits(rest, 1, 1, 12, &month) {
		step, rest = func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }, rest[3:]
		if len(rest) >= 3 && rest[0] == '-' && twoDigits(rest, 1, 1, daysIn(year, month), &day) {
			step, rest = func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, rest[3:]
			if len(rest) > 1 && rest[0] == 'T' {
				return timeRange(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), rest[1:], zone)
			}
		}
	}
	if rest != "" {
		return Range{}, errNoDate
	}
	low := time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
	return Range{low, step(low)}, nil
}

// timeRange reads the part after the T.
func timeRange(day time.Time, s string, zone *time.Location) (Range, error) {
	hour, minute, second, width := 0, 0, 0, time.Minute
	if len(s) < 5 || !twoDigits(s, 0, 0, 23, &hour) || s[2] != ':' || !twoDigits(s, 3, 0, 59, &minute) {
		return Range{}, errNoDate
	}
	rest, nanos := s[5:], 0
	if n := scanTime(s); n > 0 {
		second, width, rest = number(s[6:8]), time.Second, s[n:]
		if n > 9 {
			nanos, width = fraction(s[9:n])
		}
	}
	switch {
	case rest == "Z":
		zone = time.UTC
	case isZone(rest):
		offset := 60 * (60*number(rest[1:3]) + number(rest[4:6]))
		if rest[0] == '-' {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	case rest != "":
		return Range{}, errNoDate
	}
	low := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, nanos, zone)
	return Range{low, low.Add(width)}, nil
}

// fraction returns the nanoseconds of a fraction's digits, and how long the
// last of them is; digits beyond the ninth are cut.
func fraction(digits string) (nanos int, width time.Duration) {
	width = time.Second
	for i := range 9 {
		nanos *= 10
		if i < len(digits) {
			nanos += int(digits[i] - '0')
			width /= 10
		}
	}
	return nanos, width
}

// RangeOf returns when the node is: a date, dateTime, instant, Period, or a
// Timing from its first event or bound to its last. ok is false where it has no
// time that can be read.
func RangeOf(n *Node, zone *time.Location) (r Range, ok bool) {
	switch t := n.Def(); {
	case t == nil:
		return Range{}, false
	case t.Name == "date" || t.Name == "dateTime" || t.Name == "instant":
		r, err := DateRange(n.Text(), zone)
		return r, err == nil
	case t.Name == "Period":
		return periodRange(n, zone)
	case t.Name == "Timing":
		return timingRange(n, zone)
	}
	return Range{}, false
}

func periodRange(n *Node, zone *time.Location) (r Range, ok bool) {
	start, noStart := DateRange(n.Get("start").Text(), zone)
	end, noEnd := DateRange(n.Get("end").Text(), zone)
	unreadable := n.Get("start").HasValue() && noStart != nil || n.Get("end").HasValue() && noEnd != nil
	return Range{start.Low, end.High}, !unreadable && (noStart == nil || noEnd == nil)
}

func timingRange(n *Node, zone *time.Location) (r Range, ok bool) {
	for event := range n.Get("event").All() {
		e, err := DateRange(event.Text(), zone)
		if err != nil {
			continue
		}
		if !ok || e.Low.Before(r.Low) {
			r.Low = e.Low
		}
		if !ok || e.High.After(r.High) {
			r.High = e.High
		}
		ok = true
	}
	if ok {
		return r, true
	}
	if bounds := n.At("repeat.boundsPeriod"); bounds != nil {
		return periodRange(bounds, zone)
	}
	return Range{}, false
}
