package hl7v2

import (
	"strconv"
	"strings"
	"time"
)

// release is a version of the standard as numbers: {2, 5, 1}.
type release [3]int

// newest stands for a version that is missing or not of the standard's form:
// the forms that hold from v2.5 on are those that most can read.
var newest = release{2, 9, 0}

// releaseOf reads MSH-12.1.
func releaseOf(version string) release {
	var r release
	parts := strings.Split(version, ".")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "2" {
		return newest
	}
	for i, p := range parts {
		n, err := strconv.Atoi(strings.TrimSuffix(p, "D")) // 2.0D
		if err != nil || n < 0 {
			return newest
		}
		r[i] = n
	}
	return r
}

// before reports whether r is older than the version of these numbers.
func (r release) before(version ...int) bool {
	for i, n := range version {
		if r[i] != n {
			return r[i] < n
		}
	}
	return false
}

// timestamp writes a time to the second; with its offset from v2.2 on, which
// has one.
func (r release) timestamp(t time.Time) string {
	if r.before(2, 2) {
		return t.Format("20060102150405")
	}
	return t.Format("20060102150405-0700")
}

// versions are the codes of HL7 table 0104.
const versions = " 2.0 2.0D 2.1 2.2 2.3 2.3.1 2.3.2 2.4 2.5 2.5.1 2.6 2.7 2.7.1 2.8 2.8.1 2.8.2 2.9 2.9.1 "

// Unsupported returns what in the header of a message the standard does not
// know: message code (200), trigger event (201), processing id (202), version
// (203). Events and structures of a site's own, whose names begin with Z, are
// known. Whether a message is refused for it is for the receiver to decide.
func Unsupported(m *Message) []AckError {
	var list []AckError
	add := func(where, code string) {
		list = append(list, AckError{Where: where, Code: code, Severity: "E", Text: conditionText(code)})
	}
	code, trigger, structure := m.Type()
	switch {
	case strings.HasPrefix(code, "Z") || strings.HasPrefix(trigger, "Z"):
	case !knownCode(code):
		add("MSH-9.1", "200")
	case StructureOf(code, trigger, structure) == "":
		add("MSH-9.2", "201")
	}
	if id := m.First("MSH").Field(11).Component(1).Text(); len(id) != 1 || !strings.Contains("PTD", id) {
		add("MSH-11", "202")
	}
	if v := m.Version(); v == "" || !strings.Contains(versions, " "+v+" ") {
		add("MSH-12", "203")
	}
	return list
}

// knownCode reports whether any structure has that message code.
func knownCode(code string) bool {
	if code == "" {
		return false
	}
	set := structures()
	if code == "ACK" {
		return true
	}
	set.codesOnce.Do(func() {
		set.codes = map[string]bool{}
		for event := range set.events {
			c, _, _ := strings.Cut(event, "^")
			set.codes[c] = true
		}
	})
	return set.codes[code]
}
