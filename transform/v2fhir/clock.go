package v2fhir

import (
	"strconv"
	"strings"
	"time"

	"handover/hl7v2"
)

// clock turns v2 times (HL7 v2.9 §2A.3.22) into FHIR times. The offset is the
// field's own, else that of MSH-7, else the zone's; without any a time becomes
// a date. Nothing is chosen in the gap or the doubled hour of a clock change.
type clock struct {
	zone   *time.Location
	offset string // of MSH-7: "+01:00", "" if none
}

func newClock(m *hl7v2.Message, zone *time.Location) clock {
	sent := primary(m.First("MSH").Field(7)).Text()
	return clock{zone: zone, offset: splitOffset(sent).offset}
}

// dtm is a v2 time taken apart.
type dtm struct {
	digits   string // YYYY[MM[DD[HH[MM[SS]]]]]
	fraction string // ".123", "" if none
	offset   string // "+01:00", "" if none
	ok       bool
}

// splitOffset reads YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ].
func splitOffset(s string) dtm {
	s = strings.TrimSpace(s)
	var d dtm
	if i := len(s) - len("+ZZZZ"); i > 0 && (s[i] == '+' || s[i] == '-') {
		zone := s[i+1:]
		if !allDigits(zone) || zone[:2] > "14" || zone[2:] > "59" {
			return d
		}
		d.offset = s[i:i+1] + zone[:2] + ":" + zone[2:]
		s = s[:i]
	}
	if i := strings.IndexByte(s, '.'); i >= 0 {
		d.fraction = s[i:]
		if d.fraction == "." || !allDigits(d.fraction[1:]) || i != 14 {
			return d
		}
		s = s[:i]
	}
	d.digits = s
	d.ok = allDigits(s) && len(s) >= 4 && len(s) <= 14 && len(s)%2 == 0 && plausible(s)
	return d
}

// plausible reports whether the parts are a date and a time of day.
func plausible(s string) bool {
	at := func(i int) int {
		if len(s) < i+2 {
			return -1
		}
		return int(s[i]-'0')*10 + int(s[i+1]-'0')
	}
	month, day, hour, minute, second := at(4), at(6), at(8), at(10), at(12)
	if s[:4] == "0000" || month == 0 || month > 12 || day == 0 || hour > 23 || minute > 59 || second > 59 {
		return false
	}
	if day < 0 {
		return true
	}
	year := int(s[0]-'0')*1000 + int(s[1]-'0')*100 + at(2)
	return day <= daysIn(year, month)
}

// daysIn returns the days of a month in the Gregorian calendar.
func daysIn(year, month int) int {
	switch {
	case month == 4 || month == 6 || month == 9 || month == 11:
		return 30
	case month != 2:
		return 31
	case year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	}
	return 28
}

// convert returns the FHIR text of a dateTime, date or instant; "" where there
// is none. A reason comes with what was lost.
func (c clock) convert(text, typ string) (out, reason string) {
	d := splitOffset(text)
	if !d.ok {
		return "", "not-valid: not a time as v2 defines it"
	}
	var room [40]byte
	date := d.appendDate(room[:0])
	hasTime := len(d.digits) >= 12
	switch {
	case typ == "date":
		return string(date), ""
	case typ == "instant" && !hasTime:
		return "", "time-precision: an instant needs a time of day"
	case len(d.digits) == 10:
		return string(date), "time-precision: an hour without minutes; the date is kept"
	case !hasTime:
		return string(date), ""
	}
	offset, reason := c.offsetOf(d)
	if offset == "" {
		if typ == "instant" {
			return "", reason
		}
		return string(date), reason
	}
	return string(append(d.appendTime(append(date, 'T')), offset...)), ""
}

// appendDate writes as much of the date as there is.
func (d dtm) appendDate(b []byte) []byte {
	s := d.digits
	b = append(b, s[:4]...)
	if len(s) >= 6 {
		b = append(append(b, '-'), s[4:6]...)
	}
	if len(s) >= 8 {
		b = append(append(b, '-'), s[6:8]...)
	}
	return b
}

// appendTime writes the time of day. FHIR's schema demands seconds, and lets them
// be zero where they are not known (FHIR R4 §2.24.0.1, dateTime).
func (d dtm) appendTime(b []byte) []byte {
	s := d.digits[8:]
	seconds := "00"
	if len(s) >= 6 {
		seconds = s[4:6]
	}
	b = append(append(b, s[:2]...), ':')
	b = append(append(b, s[2:4]...), ':')
	return append(append(b, seconds...), d.fraction...)
}

// offsetOf decides the offset of a time.
func (c clock) offsetOf(d dtm) (offset, reason string) {
	switch {
	case d.offset != "":
		return d.offset, ""
	case c.offset != "":
		return c.offset, ""
	case c.zone == nil:
		return "", "time-zone: neither the time nor MSH-7 nor the source says the offset; the date is kept"
	}
	t, n := c.local(d)
	switch n {
	case 0:
		return "", "time-gap: this hour was skipped when the clocks changed; the date is kept"
	case 1:
		return t.Format("-07:00"), ""
	}
	return "", "time-doubled: this hour came twice when the clocks changed; the date is kept"
}

// local finds the times that the zone's clocks showed so: none in a gap, two in
// a doubled hour.
func (c clock) local(d dtm) (time.Time, int) {
	wall, err := time.Parse("200601021504", d.digits[:12])
	if err != nil {
		return time.Time{}, 0
	}
	var found time.Time
	n := 0
	for _, probe := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, seconds := wall.Add(probe).In(c.zone).Zone()
		t := wall.Add(-time.Duration(seconds) * time.Second).In(c.zone)
		if t.Format("200601021504") != d.digits[:12] || n > 0 && t.Equal(found) {
			continue
		}
		found = t
		n++
	}
	return found, n
}

// shift moves a time by minutes and writes it as v2 does, with its offset.
func (c clock) shift(text string, by int) (out, reason string) {
	d := splitOffset(text)
	if !d.ok || len(d.digits) < 12 {
		return "", "time-precision: a time to count from needs a time of day"
	}
	t, err := time.Parse("200601021504", d.digits[:12])
	if err != nil {
		return "", "not-valid: not a time as v2 defines it"
	}
	if d.offset == "" && c.offset == "" && c.zone != nil {
		local, n := c.local(d)
		if n != 1 {
			return "", "time-gap: the clocks changed"
		}
		return local.Add(time.Duration(by) * time.Minute).Format("200601021504-0700"), ""
	}
	moved := t.Add(time.Duration(by) * time.Minute).Format("200601021504")
	return moved + d.digits[12:] + strings.ReplaceAll(d.offset, ":", ""), ""
}

// instant returns the moment a time means, for ordering. Without any offset or
// zone it is taken as UTC; in the gap and the doubled hour of a clock change,
// where convert chooses nothing, as by the clock that was right the day before:
// so it stays between what came before that hour and what comes after. The zero
// Time where the text is none.
func (c clock) instant(text string) time.Time {
	d := splitOffset(text)
	if !d.ok {
		return time.Time{}
	}
	const full = "00000101000000"
	digits := d.digits
	if len(digits) < 14 {
		digits += full[len(digits):]
	}
	offset, _ := c.offsetOf(dtm{digits: digits, offset: d.offset, ok: true})
	if offset == "" {
		offset = c.dayBefore(digits)
	}
	t, err := time.Parse("20060102150405-07:00", digits+offset)
	if err != nil {
		return time.Time{}
	}
	if d.fraction != "" {
		if f, err := strconv.ParseFloat("0"+d.fraction, 64); err == nil {
			t = t.Add(time.Duration(f * float64(time.Second)))
		}
	}
	return t
}

// dayBefore returns the offset that the zone had 26 hours before; without a zone
// that of UTC.
func (c clock) dayBefore(digits string) string {
	wall, err := time.Parse("20060102150405", digits)
	if err != nil || c.zone == nil {
		return "+00:00"
	}
	return wall.Add(-26 * time.Hour).In(c.zone).Format("-07:00")
}

// timeOfDay brings a v2 TM to FHIR's time, seconds zero where not known; "" if
// it is none.
func timeOfDay(s string) string {
	d := splitOffset("20000101" + s)
	if !d.ok || len(d.digits) < 12 {
		return ""
	}
	return string(d.appendTime(nil))
}
