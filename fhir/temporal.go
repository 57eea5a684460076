package fhir

// scanTemporal reads all of s as a FHIR dateTime of any precision. ok is false
// where it is of another form or names a day that does not exist.
func scanTemporal(s string) (hasTime, ok bool) {
	if len(s) < 4 || scanDigits(s[:4], 0) != 4 || s[:4] == "0000" {
		return false, false
	}
	month, day := 0, 0
	switch {
	case len(s) == 4:
		return false, true
	case len(s) < 7 || s[4] != '-' || !twoDigits(s, 5, 1, 12, &month):
		return false, false
	case len(s) == 7:
		return false, true
	case len(s) < 10 || s[7] != '-' || !twoDigits(s, 8, 1, daysIn(number(s[:4]), month), &day):
		return false, false
	case len(s) == 10:
		return false, true
	case s[10] != 'T':
		return false, false
	}
	n := scanTime(s[11:])
	return true, n > 0 && isZone(s[11+n:])
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

// isZone reports whether s is Z or an offset of at most 14 hours.
func isZone(s string) bool {
	var h, m int
	return s == "Z" || len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':' &&
		twoDigits(s, 1, 0, 14, &h) && twoDigits(s, 4, 0, 59, &m) && (h < 14 || m == 0)
}

func checkTemporal(p primitive, s string) string {
	hasTime, ok := scanTemporal(s)
	switch {
	case p == primDate && (!ok || hasTime):
		return "must be a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD"
	case p == primDateTime && !ok:
		return "must be a date that exists, as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"
	case p == primInstant && (!ok || !hasTime):
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
