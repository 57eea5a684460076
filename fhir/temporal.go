package fhir

// temporal is a date, dateTime or instant as it is written.
type temporal struct {
	year, month, day     int // month and day 0 where not given
	hour, minute, second int
	nanos                int // of the fraction; digits beyond the ninth are cut
	fraction             int // number of digits of the fraction
	hasTime, hasZone     bool
	offset               int // minutes east of UTC
}

// scanTemporal reads all of s; ok is false where it is not of the form of a
// FHIR dateTime, or names a day that does not exist.
func scanTemporal(s string) (t temporal, ok bool) {
	if len(s) < 4 || scanDigits(s, 0) != 4 {
		return t, false
	}
	t.year = number(s[:4])
	if t.year == 0 || len(s) == 4 {
		return t, t.year != 0
	}
	if len(s) < 7 || s[4] != '-' || !twoDigits(s, 5, 1, 12, &t.month) || len(s) == 7 {
		return t, len(s) == 7 && t.month != 0
	}
	if len(s) < 10 || s[7] != '-' || !twoDigits(s, 8, 1, daysIn(t.year, t.month), &t.day) || len(s) == 10 {
		return t, len(s) == 10 && t.day != 0
	}
	if s[10] != 'T' {
		return t, false
	}
	rest := s[11:]
	n := scanTime(rest)
	if n == 0 {
		return t, false
	}
	t.hasTime = true
	t.hour, t.minute, t.second = number(rest[:2]), number(rest[3:5]), number(rest[6:8])
	if n > 9 {
		t.fraction = n - 9
		t.nanos = nanoseconds(rest[9:n])
	}
	return t, t.zone(rest[n:])
}

// zone reads Z or an offset of at most 14 hours (FHIR R4 §2.24.0.1).
func (t *temporal) zone(s string) bool {
	if s == "Z" {
		t.hasZone = true
		return true
	}
	var h, m int
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' ||
		!twoDigits(s, 1, 0, 14, &h) || !twoDigits(s, 4, 0, 59, &m) || h == 14 && m > 0 {
		return false
	}
	t.hasZone, t.offset = true, 60*h+m
	if s[0] == '-' {
		t.offset = -t.offset
	}
	return true
}

// scanTime returns the length of the hh:mm:ss[.f] that s begins with, 0 if it
// begins with none. Second 60 is a leap second.
func scanTime(s string) int {
	var h, m, sec int
	if len(s) < 8 || !twoDigits(s, 0, 0, 23, &h) || s[2] != ':' ||
		!twoDigits(s, 3, 0, 59, &m) || s[5] != ':' || !twoDigits(s, 6, 0, 60, &sec) {
		return 0
	}
	if len(s) > 8 && s[8] == '.' {
		if n := scanDigits(s, 9); n > 9 {
			return n
		}
	}
	return 8
}

func checkTemporal(p primitive, s string) string {
	t, ok := scanTemporal(s)
	switch {
	case p == primDate && (!ok || t.hasTime):
		return "must be a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD"
	case p == primDateTime && !ok:
		return "must be a date that exists, as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"
	case p == primInstant && (!ok || !t.hasTime):
		return "must be an instant as YYYY-MM-DDThh:mm:ss.sss+zz:zz"
	}
	return ""
}

func twoDigits(s string, i, low, high int, to *int) bool {
	if len(s) < i+2 || !isDigit(s[i]) || !isDigit(s[i+1]) {
		return false
	}
	n := number(s[i : i+2])
	if n < low || n > high {
		return false
	}
	*to = n
	return true
}

// number reads digits; the caller has seen that there is nothing else.
func number(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		n = 10*n + int(s[i]-'0')
	}
	return n
}

func nanoseconds(fraction string) int {
	n := 0
	for i := range 9 {
		n *= 10
		if i < len(fraction) {
			n += int(fraction[i] - '0')
		}
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
