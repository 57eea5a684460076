package oracle

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var dtm = regexp.MustCompile(`^(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?(\.\d{1,4})?)?([+-]\d{4})?$`)

// when turns a v2 time into a FHIR one of the type; "" where it cannot be one.
// A time of day without any offset is told by its date alone.
func when(text, fhirType, messageOffset string, zone *time.Location) string {
	m := dtm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[3] == "" && m[4] != "" {
		return ""
	}
	date := m[1]
	if m[2] != "" {
		date += "-" + m[2]
	}
	if m[3] != "" {
		date += "-" + m[3]
	}
	if !real(date) || m[4] > "23" || m[5] > "59" || m[6] > "59" {
		return ""
	}
	if fhirType == "date" {
		return date
	}
	offset := m[8]
	if offset == "" {
		offset = messageOffset
	}
	if offset != "" {
		offset = offset[:3] + ":" + offset[3:]
	}
	if m[4] == "" || m[5] == "" {
		if fhirType == "instant" {
			return ""
		}
		return date
	}
	clock := m[4] + ":" + m[5] + ":" + m[6]
	if m[6] == "" {
		clock += "00"
	}
	if offset == "" && zone != nil {
		t, err := time.ParseInLocation("2006-01-02T15:04:05", date+"T"+clock, zone)
		if err != nil {
			return ""
		}
		offset = t.Format("-07:00")
	}
	if offset == "" {
		if fhirType == "instant" {
			return ""
		}
		return date
	}
	return fmt.Sprintf("%sT%s%s%s", date, clock, m[7], offset)
}

func real(date string) bool {
	_, err := time.Parse("2006-01-02"[:len(date)], date)
	return err == nil && date[:4] != "0000"
}

// clock turns a v2 TM into a FHIR time.
func clock(text string) string {
	m := regexp.MustCompile(`^(\d{2})(\d{2})(\d{2})?(\.\d{1,4})?`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	if m[3] == "" {
		m[3] = "00"
	}
	return m[1] + ":" + m[2] + ":" + m[3] + m[4]
}
