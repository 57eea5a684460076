package oracle

import (
	"regexp"
	"strconv"
	"strings"

	"handover/hl7v2"
)

// source is where a row is: the value it is about and all that its condition
// may ask for.
type source struct {
	b     *build
	at    place
	of    string        // segment or data type of the sheet
	seg   hl7v2.Segment // of a segment sheet
	field int           // of the row, 0 if none
	value hl7v2.Value   // the repetition, or the component
	own   string        // text of the row's own value
}

// place is where a segment stands in the message.
type place struct {
	chain   []*hl7v2.Group
	segment hl7v2.Segment
}

var refParts = regexp.MustCompile(`^([A-Z][A-Z0-9]{1,2})(?:[-.](\d+))?(?:[-.](\d+))?(?:\.(\d+))?$`)

// values implements facts.
func (s source) values(ref string) []string {
	if ref == "" {
		return []string{s.own}
	}
	var texts []string
	for _, v := range s.find(ref) {
		texts = append(texts, first(v))
	}
	return texts
}

// count implements facts.
func (s source) count(ref string) int {
	m := refParts.FindStringSubmatch(ref)
	if m == nil || m[2] == "" {
		return 0
	}
	n, _ := strconv.Atoi(m[2])
	if seg := s.segment(m[1]); seg.Valid() {
		return seg.Field(n).Repetitions()
	}
	return 0
}

// first is the text by which a value is compared: its first part, or, where
// that is empty, all of it.
func first(v hl7v2.Value) string {
	if !v.IsValued() {
		return ""
	}
	if t := text(v.Component(1).Subcomponent(1)); t != "" {
		return t
	}
	return string(v.Raw())
}

// filled reports whether there is more than separators.
func filled(v hl7v2.Value) bool {
	return v.IsValued() && strings.Trim(string(v.Raw()), "^&~\"") != ""
}

func text(v hl7v2.Value) string {
	if !v.IsValued() {
		return ""
	}
	return v.Text()
}

// find returns the values that a reference means.
func (s source) find(ref string) []hl7v2.Value {
	m := refParts.FindStringSubmatch(ref)
	if m == nil {
		return nil
	}
	number := func(i int) int { n, _ := strconv.Atoi(m[i]); return n }
	if seg := s.segment(m[1]); seg.Valid() && (s.seg.Valid() || m[1] != s.of) {
		if m[2] == "" {
			return []hl7v2.Value{seg.Field(1), seg.Field(2), seg.Field(3)}
		}
		return s.fieldValues(seg, number(2), number(3), number(4))
	}
	if m[1] == "MSG" && s.seg.Valid() {
		return []hl7v2.Value{s.b.m.First("MSH").Field(9).Component(number(2))}
	}
	if len(m[1]) == 3 && !dataTypes[m[1]] {
		return nil
	}
	if m[2] == "" {
		return []hl7v2.Value{s.value}
	}
	v := part(s.value, number(2))
	if m[3] != "" {
		v = part(v, number(3))
	}
	return []hl7v2.Value{v}
}

// dataTypes with three letters, which else would be taken for segments.
var dataTypes = map[string]bool{"CWE": true, "XTN": true, "XAD": true, "XPN": true, "XCN": true, "XON": true, "RPT": true, "SPS": true, "EIP": true, "NDL": true, "MSG": true, "CNE": true, "CNN": true, "DLN": true, "DLD": true, "PLN": true, "SAD": true}

// fieldValues returns the repetitions of a field; of the row's own field only the
// one it is about.
func (s source) fieldValues(seg hl7v2.Segment, field, component, sub int) []hl7v2.Value {
	f := seg.Field(field)
	all := []hl7v2.Value{s.value}
	if own := s.seg.Valid() && seg.Index() == s.seg.Index() && field == s.field; !own {
		all = nil
		for i := range f.Repetitions() {
			all = append(all, f.Repetition(i+1))
		}
	}
	if component == 0 {
		return all
	}
	for i, v := range all {
		all[i] = v.Component(component)
		if sub > 0 {
			all[i] = all[i].Subcomponent(sub)
		}
	}
	return all
}

// part is a component of a field, and a subcomponent of a component.
func part(v hl7v2.Value, n int) hl7v2.Value {
	if strings.HasPrefix(v.String(), "component") {
		return v.Subcomponent(n)
	}
	return v.Component(n)
}

// segment finds the segment of that name that belongs to where the row stands.
func (s source) segment(name string) hl7v2.Segment {
	if s.seg.Valid() && s.seg.Name() == name {
		return s.seg
	}
	if s.at.segment.Valid() && s.at.segment.Name() == name {
		return s.at.segment
	}
	for i := len(s.at.chain) - 1; i >= 0; i-- {
		for _, p := range s.at.chain[i].Parts {
			if p.Group == nil && p.Segment.Name() == name {
				return p.Segment
			}
		}
	}
	if n := len(s.at.chain); n > 0 {
		if found := inside(s.at.chain[n-1], name); found.Valid() {
			return found
		}
	}
	switch name {
	case "MSH", "EVN", "PID", "PV1", "SCH", "TXA":
		return s.b.m.First(name)
	}
	return hl7v2.Segment{}
}

func inside(g *hl7v2.Group, name string) hl7v2.Segment {
	for _, p := range g.Parts {
		if p.Group == nil && p.Segment.Name() == name {
			return p.Segment
		}
		if p.Group != nil {
			if found := inside(p.Group, name); found.Valid() {
				return found
			}
		}
	}
	return hl7v2.Segment{}
}
