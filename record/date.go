package record

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The ends of time, for ranges that are open.
const (
	beginning = math.MinInt64
	end       = math.MaxInt64
)

// span reads a FHIR date, dateTime or instant of any precision, and what search
// allows beyond (no seconds), as the range of microseconds that it covers, the
// second end excluded. Without an offset it counts as UTC. FHIR R4 §3.1.1.4.7.
func span(s string) (low, high int64, ok bool) {
	day, clock, timed := strings.Cut(s, "T")
	at, next, ok := daySpan(day)
	if !ok || !timed {
		return at.UnixMicro(), next.UnixMicro(), ok
	}
	if len(day) != len("2006-01-02") {
		return 0, 0, false
	}
	clock, zone, ok := cutZone(clock)
	if !ok {
		return 0, 0, false
	}
	from, length, ok := clockSpan(clock)
	if !ok {
		return 0, 0, false
	}
	low = at.UnixMicro() + from - zone
	return low, low + length, true
}

func daySpan(s string) (at, next time.Time, ok bool) {
	layouts := map[int]string{4: "2006", 7: "2006-01", 10: time.DateOnly}
	at, err := time.Parse(layouts[len(s)], s)
	if err != nil || s == "" {
		return at, at, false
	}
	switch len(s) {
	case 4:
		return at, at.AddDate(1, 0, 0), true
	case 7:
		return at, at.AddDate(0, 1, 0), true
	}
	return at, at.AddDate(0, 0, 1), true
}

// cutZone takes the offset off, in microseconds east of UTC.
func cutZone(s string) (clock string, zone int64, ok bool) {
	if c, z := strings.CutSuffix(s, "Z"); z {
		return c, 0, true
	}
	i := strings.LastIndexAny(s, "+- ") // a plus that was not escaped in a URL arrives as a space
	if i < 0 {
		return s, 0, true
	}
	t, err := time.Parse("15:04", s[i+1:])
	if err != nil {
		return "", 0, false
	}
	zone = int64(time.Duration(t.Hour())*time.Hour+time.Duration(t.Minute())*time.Minute) / int64(time.Microsecond)
	if s[i] == '-' {
		zone = -zone
	}
	return s[:i], zone, true
}

// clockSpan reads hh:mm, hh:mm:ss or hh:mm:ss.f.
func clockSpan(s string) (from, length int64, ok bool) {
	whole, fraction, fractional := strings.Cut(s, ".")
	layout, unit := "15:04:05", time.Second
	if len(whole) == len("15:04") {
		layout, unit = "15:04", time.Minute
	}
	leap := strings.HasSuffix(whole, ":60")
	t, err := time.Parse(layout, strings.TrimSuffix(whole, ":60")+map[bool]string{true: ":59"}[leap])
	if err != nil || fractional && (unit != time.Second || fraction == "") {
		return 0, 0, false
	}
	from = int64(t.Hour())*3600e6 + int64(t.Minute())*60e6 + int64(t.Second())*1e6
	length = unit.Microseconds()
	if leap {
		from += 1e6
	}
	for i := 0; i < len(fraction); i++ {
		digit, err := strconv.Atoi(fraction[i : i+1])
		if err != nil {
			return 0, 0, false
		}
		length /= 10
		from += int64(digit) * length
	}
	return from, max(length, 1), true
}
