package oracle

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handover/fhir"
	"handover/hl7v2"
	"handover/test/mapping/forest"
)

var component = regexp.MustCompile(`^[A-Z]{2,3}[.-](\d+)$`)

// codings are the data types whose parts are code, display and system.
var codings = map[string]bool{"CE": true, "CF": true, "CNE": true, "CWE": true, "ID": true, "IS": true}

// dataType follows a data type sheet for one value.
func (b *build) dataType(sheet *Sheet, target spot, v hl7v2.Value, table *Table, outer source, by *Row) {
	if sheet.Name == "CWE[string]" && lone(v) {
		b.primitive(target, by, part(v, 1), table)
		return
	}
	context := b.context()
	concept := codings[sheet.Of] && (sheet.Target == "CodeableConcept" || sheet.Target == "Coding")
	if concept && target.typ.Kind == fhir.KindPrimitive { // AIS-10: status by CWE[CodeableConcept]
		b.primitive(target, by, v, table)
		return
	}
	for i := range sheet.Rows {
		row := &sheet.Rows[i]
		s := source{b: b, at: outer.at, of: sheet.Of, value: v}
		sub := v
		if m := component.FindStringSubmatch(row.From); m != nil {
			n, _ := strconv.Atoi(m[1])
			sub = part(v, n)
		}
		s.own = first(sub)
		if canBeEmpty := row.Condition.ofNothing(row.From) && row.Assign != ""; row.From != "" && !sub.IsValued() && !canBeEmpty {
			continue
		}
		holds, free := true, row.Narrative != ""
		if row.Condition != nil {
			switch row.Condition.test(s) {
			case no:
				holds = false
			case unknown:
				free = true
			}
		}
		if !holds {
			continue
		}
		t := target
		t.free = t.free || free
		if concept && b.codingRow(sheet, row, t, v, table, context, by) {
			continue
		}
		b.componentRow(sheet, row, t, sub, s, context, table, by)
	}
}

// lone reports whether a coded value has a code and no text: what versions
// before 2.7 sent as an IS or ST. CWE[Quantity] takes the code then, and
// CWE[string], which has no row for it, is read likewise.
func lone(v hl7v2.Value) bool {
	return part(v, 1).IsValued() && !part(v, 2).IsValued() && !part(v, 9).IsValued()
}

// componentRow follows one row of a data type sheet.
func (b *build) componentRow(sheet *Sheet, row *Row, t spot, sub hl7v2.Value, s source, context string, table *Table, by *Row) {
	path := row.To
	if sheet.Name == "CX[RelatedPerson-Mother]" && path[0].name == "patient" {
		link := b.step(t, property(t.typ, "patient"), "patient", "", row.Rule) // the instruction describes the Patient
		link.node.Ref = t.holders[1]
		return
	}
	if sheet.Name == "CX[RelatedPerson-Mother]" && path[0].name == "relationship" && isMother(t.node, context) {
		return
	}
	if sheet.Of == "NDL" && path[0].name == "" {
		b.ndlLocation(row, t, sub)
		return
	}
	sibling := ""
	if path[0].name == "" || sheet.Name == "HD[Identifier]" {
		sibling = path[0].tag // [2].given: the next item beside this one
		if path[0].name == "" {
			path = path[1:]
		}
	}
	if sibling != "" && sibling != "1" {
		if t.parent == nil || t.key == "" {
			return
		}
		n := t.parent.Child(t.name, t.key+"~"+sibling)
		t.node = n
		n.Free = t.free
	}
	rule := row.Rule
	target, ok := b.walk(t, path, rule, func(i int) string {
		if i > 0 && i == len(path)-1 && (path[i].name == "given" || path[i].name == "suffix") {
			return context + "/" + row.From // XCN[PractitionerRole] does not number them
		}
		return context + "/" + path[i].tag
	})
	if !ok {
		b.s.cannot(row)
		return
	}
	target = filling(target)
	switch {
	case row.Assign != "":
		value, known := assign(row.Assign, s)
		if strings.HasPrefix(row.Assign, "/must convert") {
			b.primitive(target, row, sub, nil)
		} else if !known {
			setAny(target, rule, true, s.own)
		} else {
			set(target, value, rule)
			shorter(target, value)
			constant(target, row.Assign)
		}
	case len(path) == 0 || path[len(path)-1].name == "$value" || path[len(path)-1].name == "$this":
		if target.typ.Name == "Quantity" { // NM[Quantity] for valueQuantity
			target = b.step(target, property(target.typ, "value"), "value", "", rule)
		}
		b.primitive(target, by, sub, table)
	default:
		b.value(target, row, sub, s)
	}
}

// isMother reports whether another repetition of PID-21 has said what she is.
func isMother(n *forest.Node, context string) bool {
	return slices.ContainsFunc(n.Children, func(c forest.Child) bool {
		return c.Name == "relationship" && !strings.HasPrefix(c.Key, context+"/")
	})
}

// triplets are the components of a coding's code, display and system.
var triplets = map[string][3]int{"1": {1, 2, 3}, "2": {4, 5, 6}, "3": {10, 11, 12}}

// codingRow follows the rows for coding[n] together, since a table's row
// replaces code, display and system at once. It reports whether the row is one
// of these.
func (b *build) codingRow(sheet *Sheet, row *Row, t spot, v hl7v2.Value, table *Table, context string, by *Row) bool {
	tag, leaf := "1", row.To[len(row.To)-1].name
	if sheet.Target == "CodeableConcept" {
		if row.To[0].name != "coding" {
			return false
		}
		tag = row.To[0].tag
	}
	if t.typ.Name != "CodeableConcept" && t.typ.Name != "Coding" {
		return true
	}
	if row.Assign != "" || !slices.Contains([]string{"code", "display", "system"}, leaf) {
		return false
	}
	if leading(tag, v) != leaf {
		return true // another row of the same coding does it
	}
	at := triplets[tag]
	c := coding{code: text(part(v, at[0])), display: text(part(v, at[1])), system: text(part(v, at[2]))}
	if sheet.Of == "ID" || sheet.Of == "IS" {
		c.display, c.system = "", ""
	}
	b.coding(t, sheet, c, table, context+"/"+tag, row.Rule)
	return true
}

// leading is the first of code, display and system that is valued.
func leading(tag string, v hl7v2.Value) string {
	for i, name := range []string{"code", "display", "system"} {
		if part(v, triplets[tag][i]).IsValued() {
			return name
		}
	}
	return ""
}

type coding struct{ code, display, system string }

// coding asks for the table's codings; the one as sent may stand beside them.
func (b *build) coding(t spot, sheet *Sheet, c coding, table *Table, key, rule string) {
	var found []coded
	if table != nil && c.code != "" {
		found = table.look(c.code, c.system)
	}
	item := func(k string) spot {
		if t.typ.Name == "Coding" {
			return t
		}
		return b.step(t, property(t.typ, "coding"), "coding", k, rule)
	}
	for i, f := range found {
		s := item(key + "=" + count(i))
		b.leaf(s, "code", f.code, rule)
		b.leaf(s, "display", f.display, rule)
		b.leaf(s, "system", f.system, rule)
		s.node.Fixed("display", "system")
		if t.typ.Name == "Coding" {
			return
		}
	}
	s := item(key)
	s.node.Free = len(found) > 0
	b.leaf(s, "code", c.code, rule)
	b.leaf(s, "display", c.display, rule)
	if c.system != "" {
		p := property(s.typ, "system")
		systemOf(b.step(s, p, "system", "", rule), c.system, rule)
	}
}

func (b *build) leaf(s spot, name, value, rule string) {
	if value == "" {
		return
	}
	set(b.step(s, property(s.typ, name), name, "", rule), value, rule)
}

// known are code systems whose URI terminology.hl7.org lists.
var known = map[string]string{
	"LN": "http://loinc.org", "SCT": "http://snomed.info/sct", "UCUM": "http://unitsofmeasure.org",
	"CVX": "http://hl7.org/fhir/sid/cvx", "MVX": "http://hl7.org/fhir/sid/mvx", "NDC": "http://hl7.org/fhir/sid/ndc",
	"I10": "http://hl7.org/fhir/sid/icd-10",
}

var v2Table = regexp.MustCompile(`^HL7(\d{4})$`)

func systemOf(s spot, name, rule string) {
	switch m := v2Table.FindStringSubmatch(name); {
	case known[name] != "":
		set(s, known[name], rule)
	case m != nil:
		set(s, "http://terminology.hl7.org/CodeSystem/v2-"+m[1], rule)
		s.node.Or = append(s.node.Or, "http://terminology.hl7.org/CodeSystem/v3-"+m[1])
		s.node.Any = true
	default:
		setAny(s, rule, false, name)
	}
}

// primitive fills a primitive element from a text.
func (b *build) primitive(target spot, row *Row, v hl7v2.Value, table *Table) {
	t := fieldText(v)
	if t == "" || target.typ == nil {
		return
	}
	name := target.typ.Name
	last := ""
	if len(row.To) > 0 {
		last = row.To[len(row.To)-1].name
	}
	if table != nil && len(table.codes) > 0 {
		b.translated(target, row, t, v, table, last)
		return
	}
	switch name {
	case "dateTime", "date", "instant":
		t = when(t, name, b.offset, b.options.Zone)
	case "time":
		t = clock(t)
	case "decimal", "integer", "positiveInt", "unsignedInt":
		t = number(t, name)
	case "boolean":
		t = map[string]string{"Y": "true", "N": "false"}[t]
	case "base64Binary":
		t = base64.StdEncoding.EncodeToString([]byte(v.Text()))
	case "uri", "url", "canonical":
		if last == "system" {
			systemOf(target, t, row.Rule)
			return
		}
	case "CodeableConcept", "Coding", "Reference", "Identifier", "Quantity":
		if name == "Identifier" {
			p := property(target.typ, "value")
			set(b.step(target, p, "value", "", row.Rule), t, row.Rule)
		}
		return
	}
	set(target, t, row.Rule)
	if whole := v.Text(); name == "string" && whole != t { // a separator that the sender did not escape
		target.node.Or = append(target.node.Or, whole)
	}
}

var numeric = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`)

// number writes an NM as FHIR writes numbers; "" where it is none.
func number(t, name string) string {
	t = strings.TrimSpace(t)
	if !numeric.MatchString(t) {
		return ""
	}
	t = strings.TrimPrefix(t, "+")
	if name != "decimal" {
		n, err := strconv.Atoi(t)
		if err != nil || n < 0 || n == 0 && name == "positiveInt" {
			return ""
		}
		return strconv.Itoa(n)
	}
	sign := ""
	if strings.HasPrefix(t, "-") {
		sign, t = "-", t[1:]
	}
	t = strings.TrimLeft(t, "0")
	if t == "" || t[0] == '.' {
		t = "0" + t
	}
	return sign + strings.TrimSuffix(t, ".")
}

// translated fills a code by a table. A code that the table does not have
// becomes nothing where FHIR fixes the codes, and is kept elsewhere.
func (b *build) translated(target spot, row *Row, t string, v hl7v2.Value, table *Table, last string) {
	system := text(part(v, 3))
	if component.MatchString(row.From) {
		system = ""
	}
	found := table.look(t, system)
	inCoding := last == "code" && len(row.To) > 1
	if len(found) == 0 {
		if inCoding || target.typ.Name == "string" {
			set(target, t, row.Rule)
		}
		return
	}
	for _, f := range found {
		set(target, f.code, row.Rule)
	}
	if inCoding && found[0].system != "" {
		up := spot{node: target.parent, typ: fhir.Definitions().Type("Coding")}
		set(b.step(up, property(up.typ, "system"), "system", "", row.Rule), found[0].system, row.Rule)
		up.node.Fixed("system")
		if found[0].display != "" {
			d := b.step(up, property(up.typ, "display"), "display", "", row.Rule)
			d.free = true
			set(d, found[0].display, row.Rule)
		}
	}
}
