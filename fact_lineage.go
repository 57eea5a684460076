package handover

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// lineage gathers where a message's elements come from. The twentieth OBX is
// read by the same rules as the first, so each set of origins is written once,
// as a template without the segment's number, and the rules' names once more.
type lineage struct {
	rules     []string
	templates []string // JSON
	ruleAt    map[string]int
	at        map[string]int // of templates
}

func newLineage() *lineage {
	return &lineage{ruleAt: map[string]int{}, at: map[string]int{}}
}

// add returns the number of the template of the origins, and the occurrence of
// the segment that they come from, "" where none is stated.
func (l *lineage) add(from []Origin) (template int, occurrence string) {
	for _, o := range from {
		if occurrence == "" {
			occurrence = occurrenceOf(o.Field)
		}
		if isTemplate(o.Field) { // it would be filled in
			occurrence = ""
			break
		}
	}
	var scratch [1024]byte
	b := append(scratch[:0], '[')
	for i, o := range from {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, '['), o.Path)
		b = append(b, ',')
		if occurrence != "" && occurrenceOf(o.Field) == occurrence {
			b = appendString(b, o.Field[:4]+o.Field[4+len(occurrence):])
		} else {
			b = appendString(b, o.Field)
		}
		b = strconv.AppendInt(append(b, ','), int64(l.rule(o.Rule)), 10)
		b = append(b, ']')
	}
	b = append(b, ']')
	if n, ok := l.at[string(b)]; ok {
		return n, occurrence
	}
	t := string(b)
	l.at[t] = len(l.templates)
	l.templates = append(l.templates, t)
	return l.at[t], occurrence
}

func (l *lineage) rule(name string) int {
	n, ok := l.ruleAt[name]
	if !ok {
		n = len(l.rules)
		l.ruleAt[name] = n
		l.rules = append(l.rules, name)
	}
	return n
}

// occurrenceOf returns the number in "OBX[12]-5.1": "12". A number that would
// not read back as written counts as none.
func occurrenceOf(field string) string {
	if len(field) < 6 || field[3] != '[' {
		return ""
	}
	end := strings.IndexByte(field, ']')
	if end < 5 || end > 12 || field[4] == '0' {
		return ""
	}
	for i := 4; i < end; i++ {
		if field[i] < '0' || field[i] > '9' {
			return ""
		}
	}
	return field[4:end]
}

// isTemplate reports whether the field looks like one without its number.
func isTemplate(field string) bool { return len(field) > 4 && field[3:5] == "[]" }

// assertionsBody is the body of an Asserted fact as it is written.
type assertionsBody struct {
	assertionsAlias
	Resources []resourceBody `json:"resources"`
	Rules     []string       `json:"rules"`
	Origins   [][]originBody `json:"origins"`
}

// The aliases have the members of what they stand for, and not the methods.
type (
	assertionsAlias Assertions
	resourceAlias   ResourceAssertion
	elementAlias    Element
)

type resourceBody struct {
	resourceAlias
	Elements []elementBody `json:"elements"`
}

type elementBody struct {
	elementAlias
	From []int `json:"from"` // template, and occurrence if there is one
}

// originBody is ["path", "field", rule].
type originBody struct {
	path, field string
	rule        int
}

func (o *originBody) UnmarshalJSON(b []byte) error {
	parts := [3]any{&o.path, &o.field, &o.rule}
	return json.Unmarshal(b, &parts)
}

var errLineage = errors.New("an origin names a template or a rule that the fact does not have")

// UnmarshalJSON reads what AppendJSON wrote.
func (a *Assertions) UnmarshalJSON(b []byte) error {
	var body assertionsBody
	if err := json.Unmarshal(b, &body); err != nil {
		return err
	}
	*a = Assertions(body.assertionsAlias)
	a.Resources = nil
	for _, r := range body.Resources {
		resource := ResourceAssertion(r.resourceAlias)
		resource.Elements = nil
		for _, e := range r.Elements {
			element := Element(e.elementAlias)
			var err error
			if element.From, err = body.origins(e.From); err != nil {
				return err
			}
			resource.Elements = append(resource.Elements, element)
		}
		a.Resources = append(a.Resources, resource)
	}
	return nil
}

// origins fills in a template.
func (a *assertionsBody) origins(from []int) ([]Origin, error) {
	if len(from) == 0 {
		return nil, nil
	}
	if from[0] < 0 || from[0] >= len(a.Origins) {
		return nil, errLineage
	}
	template := a.Origins[from[0]]
	out := make([]Origin, len(template))
	for i, o := range template {
		if o.rule < 0 || o.rule >= len(a.Rules) {
			return nil, errLineage
		}
		if len(from) > 1 && isTemplate(o.field) {
			o.field = o.field[:4] + strconv.Itoa(from[1]) + o.field[4:]
		}
		out[i] = Origin{Path: o.path, Field: o.field, Rule: a.Rules[o.rule]}
	}
	return out, nil
}
