package v2fhir

import (
	"net/url"
	"strings"

	"handover/transform/v2fhir/internal/mapfile"
)

// table is a compiled code map.
type table struct {
	id      string
	systems []string
	codes   map[string][]translation
}

// translation is what a v2 code becomes.
type translation struct {
	Coding
	id string
}

func (c *compiler) table(name, id string) *table {
	if t := c.tables[name]; t != nil {
		return t
	}
	m := c.source["table/"+name]
	if m == nil {
		c.fail(id, "there is no map table/%s", name)
		return nil
	}
	return c.addTable(m)
}

func (l *library) addTable(m *mapfile.Map) *table {
	t := &table{id: m.ID(), systems: m.System, codes: map[string][]translation{}}
	for _, code := range m.Codes {
		list := t.codes[code.From]
		if code.To != "" {
			list = append(list, translation{Coding{code.System, code.To, code.Display}, m.ID() + ":" + code.ID})
		}
		t.codes[code.From] = list
	}
	l.tables[m.Name] = t
	return t
}

// covers reports whether the table translates codes of a v2 code system. A code
// without a system is of the field's own table (HL7 v2.9 §2A.3.14.3).
func (t *table) covers(system string) bool {
	if system == "" {
		return true
	}
	for _, s := range t.systems {
		if s == system || strings.TrimPrefix(s, "HL7") == system {
			return true
		}
	}
	return false
}

// systemURI returns the URI of a v2 code system (table 0396), else the OID that
// stands beside it, else a name of the source's own, so that two sources' local
// codes stay apart. "" for no name.
func (l *library) systemURI(name, oid, source string) string {
	if name == "" {
		return oidURI(oid)
	}
	if number, ok := strings.CutPrefix(name, "HL7"); ok && len(number) == 4 && allDigits(number) {
		return "http://terminology.hl7.org/CodeSystem/v2-" + number
	}
	if t := l.tables["CodeSystems"]; t != nil {
		if found := t.codes[name]; len(found) > 0 {
			return found[0].Code
		}
	}
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "urn:") {
		return name
	}
	if u := oidURI(oid); u != "" {
		return u
	}
	if u := oidURI(name); u != "" {
		return u
	}
	return "urn:x-handover-code-system:" + url.PathEscape(source) + ":" + url.PathEscape(name)
}

// oidURI returns the URI of an OID, "" for other texts.
func oidURI(s string) string {
	if strings.Count(s, ".") < 2 || strings.Trim(s, "0123456789.") != "" {
		return ""
	}
	return "urn:oid:" + s
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
