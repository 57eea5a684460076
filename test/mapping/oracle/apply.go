package oracle

import (
	"slices"
	"strconv"
	"strings"

	"handover/fhir"
	"handover/hl7v2"
	"handover/test/mapping/forest"
)

// apply follows a segment sheet.
func (b *build) apply(sheet *Sheet, r *forest.Resource, where place, context string, free bool) {
	seg := source{b: b, at: where}.segment(sheet.Of)
	if !seg.Valid() {
		return
	}
	root := at(r)
	root.free = free
	for i := range sheet.Rows {
		row := &sheet.Rows[i]
		s := source{b: b, at: where, of: sheet.Of, seg: seg}
		name, number, _ := strings.Cut(row.From, "-")
		if row.From != "" && name != sheet.Of {
			continue // RXE-19 among the rows of RXO
		}
		s.field, _ = strconv.Atoi(number)
		field := seg.Field(s.field)
		repetitions := max(1, field.Repetitions())
		if s.field == 0 {
			repetitions = 1
		}
		for rep := range repetitions {
			if s.field > 0 {
				s.value = field.Repetition(rep + 1)
				s.own = first(s.value)
			}
			b.fieldRow(sheet, row, s, root, context, rep)
		}
	}
}

// fieldRow follows a row of a segment sheet for one repetition.
func (b *build) fieldRow(sheet *Sheet, row *Row, s source, root spot, context string, rep int) {
	holds, free := row.holds(s)
	if !holds {
		return
	}
	root.free = root.free || free
	if s.field > 0 && s.value.IsNull() {
		if row.Assign == "" {
			b.removed(root, row)
		}
		return
	}
	if eachStep(row.To) >= 0 {
		b.each(sheet, row, s, root, context, rep)
		return
	}
	if last := row.To[len(row.To)-1]; last.resource != "" && row.Map == "" && row.Assign == "" {
		key, _ := b.items(sheet, row, s, context, rep)
		b.mention(root, row, last.resource, s, key)
		return
	}
	key, taken := b.items(sheet, row, s, context, rep)
	target, ok := b.walk(root, row.To, row.Rule, key)
	if !ok {
		b.s.cannot(row)
		return
	}
	if mother := row.Map == "cx[relatedperson-mother]"; rep > 0 && !*taken && !mother {
		return // R4 has room for one; which of several is left to the implementer
	}
	b.put(filling(target), row, s, sheet)
}

// mention follows a row that refers to a resource which another row makes:
// "basedOn(ServiceRequest)" of ORC-2.
func (b *build) mention(root spot, row *Row, resourceType string, s source, key keyer) {
	for _, inst := range b.made {
		if inst.Resource == root.holders[0] {
			names := make([]string, len(row.To))
			for i, st := range row.To {
				names[i] = st.name
			}
			b.links = append(b.links, pending{from: inst, left: inst.Type + "." + strings.Join(names, "."), right: resourceType, at: s.at, key: key, rule: row.Rule, free: root.free})
		}
	}
}

// removed notes that the sender says there is nothing.
func (b *build) removed(root spot, row *Row) {
	if p := property(root.typ, row.To[0].name); p != nil {
		n := root.node.Child(p.Element.BaseName(), "null")
		n.Value, n.Has, n.Rule, n.Free = "(removed)", true, row.Rule, root.free
	}
}

// cannot lists a row whose path R4 does not have.
func (s *Sheets) cannot(row *Row) {
	line := row.Rule + ": the path is none of R4's"
	if len(row.To) > 0 && !slices.Contains(s.Unusable, line) && !pathExists(row) {
		s.Unusable = append(s.Unusable, line)
	}
}

// pathExists is a guess good enough for the list: a path may also lead nowhere
// because a repetition has no place.
func pathExists(row *Row) bool {
	target := strings.TrimSuffix(row.Rule[strings.Index(row.Rule, "[")+1:strings.Index(row.Rule, "]")], "")
	target, _, _ = strings.Cut(target, "-")
	t := fhir.Definitions().Type(target)
	for _, st := range row.To {
		p := property(t, st.name)
		if p == nil {
			return t == nil
		}
		t = p.Type
		if st.resource != "" {
			t = fhir.Definitions().Type(st.resource)
		}
	}
	return true
}

// holds judges a row's condition for a source.
func (r *Row) holds(s source) (holds, free bool) {
	free = r.Narrative != ""
	valued := s.field == 0 && r.From == "" || filled(s.value) || s.value.IsNull()
	if r.Condition == nil {
		return valued, free
	}
	if canBeEmpty := r.Condition.ofNothing(r.From) && r.Assign != ""; !valued && !canBeEmpty {
		return false, false
	}
	switch r.Condition.test(s) {
	case no:
		return false, false
	case unknown:
		free = true
	}
	return true, free
}

// items says which array items a row of a segment sheet means: those with the
// same [n] are one (mapping guidelines, "[n] Notation"). A field's repetitions
// make further items of the element that a row of the field fills whole, or
// that no other field fills; what several fields fill is one a segment. taken
// tells afterwards whether the repetition found a place.
func (b *build) items(sheet *Sheet, row *Row, s source, context string, rep int) (key keyer, taken *bool) {
	used := false
	return func(i int) string {
		whole, all, others := sheet.fieldsAt(row.To[:i+1])
		tag := context + "/" + row.To[i].tag
		if others {
			tag += row.To[i].resource
		}
		if row.To[i].name == "extension" {
			url := sheet.extensionURL(row, i) // [2] is used for several extensions
			tag += url
			all = slices.DeleteFunc(all, func(field string) bool {
				return field != row.From && sheet.extensionURL(&Row{From: field, To: row.To}, i) != url
			})
		}
		if used {
			return tag
		}
		if slices.Contains(whole, row.From) || len(all) == 1 && row.From != "" || i == len(row.To)-1 {
			used = true
			return tag + "#" + count(rep)
		}
		return tag + "#0"
	}, &used
}

// extensionURL is the URL that the field's rows give an extension; the field
// where they give none.
func (s *Sheet) extensionURL(row *Row, at int) string {
	for _, r := range s.Rows {
		if r.From == row.From && len(r.To) == at+2 && sameSteps(r.To[:at+1], row.To[:at+1]) && r.To[at+1].name == "url" && r.Assign != "" {
			return r.Assign
		}
	}
	return row.From
}

// fieldsAt returns the fields whose rows fill an element whole, all fields
// that fill something of it, and whether rows make it refer to several types.
func (s *Sheet) fieldsAt(path []step) (whole, all []string, others bool) {
	last := len(path) - 1
	for i := range s.Rows {
		r := &s.Rows[i]
		if len(r.To) < len(path) || !sameSteps(r.To[:last], path[:last]) || r.To[last].name != path[last].name || r.To[last].tag != path[last].tag {
			continue
		}
		if mine, its := path[last].resource, r.To[last].resource; mine != "" && its != "" && mine != its {
			others = true
			continue
		}
		if !slices.Contains(all, r.From) {
			all = append(all, r.From)
		}
		if len(r.To) == len(path) && !slices.Contains(whole, r.From) {
			whole = append(whole, r.From)
		}
	}
	return whole, all, others
}

// sameSteps compares paths; one may not say which resource a reference means.
func sameSteps(a, b []step) bool {
	return slices.EqualFunc(a, b, func(x, y step) bool {
		return x.name == y.name && x.tag == y.tag && (x.resource == y.resource || x.resource == "" || y.resource == "")
	})
}

func eachStep(path []step) int {
	return slices.IndexFunc(path, func(s step) bool { return s.tag == "each" })
}

// each follows a row for component[each]: OBX-5 makes a component of each
// repetition, all other fields fill them all.
func (b *build) each(sheet *Sheet, row *Row, s source, root spot, context string, rep int) {
	n := s.seg.Field(5).Repetitions()
	for i := range n {
		if row.From == "OBX-5" && i != rep {
			continue
		}
		key := func(k int) string {
			tag := context + "/" + row.To[k].tag
			if row.To[k].tag == "each" {
				tag += "#" + count(i)
			}
			return tag
		}
		target, ok := b.walk(root, row.To, row.Rule, key)
		if !ok {
			b.s.cannot(row)
			return
		}
		b.put(filling(target), row, s, sheet)
	}
}

// put gives the element its value: by assignment, by a data type sheet, or as
// it is.
func (b *build) put(target spot, row *Row, s source, sheet *Sheet) {
	t := b.s.Types[row.Map]
	stray := t != nil && (fhir.Definitions().IsResource(t.Target) || strings.HasPrefix(row.Assign, "http"))
	if row.Assign != "" && !stray {
		value, known := assign(row.Assign, s)
		if !known {
			setAny(target, row.Rule, true, s.own)
			return
		}
		set(target, value, row.Rule)
		shorter(target, value)
		constant(target, row.Assign)
		return
	}
	if last := row.To[len(row.To)-1].name; s.field > 0 && (last == "url" || last == "system" && row.Map == "") {
		setAny(target, row.Rule, true, s.own) // no URL is given
		return
	}
	b.value(target, row, s.value, s)
}

// value fills an element from a v2 value.
func (b *build) value(target spot, row *Row, v hl7v2.Value, s source) {
	table := b.s.Tables[row.Table]
	if row.Map == "" {
		b.unmapped(target, row, v, table)
		return
	}
	if row.Map == "og[extension-subidentifier]" {
		b.subID(target, row, v)
		return
	}
	if row.Map == "pl[location]" {
		b.location(target, row, v)
		return
	}
	sheet := b.s.Types[row.Map]
	if sheet == nil {
		b.primitive(target, row, v, table)
		return
	}
	t, ok := b.receiver(target, sheet, row)
	if !ok {
		return
	}
	b.dataType(sheet, t, v, table, s, row)
}

// receiver is what a data type sheet fills: a resource around the element, a
// resource that the element refers to, or the element itself.
func (b *build) receiver(target spot, sheet *Sheet, row *Row) (spot, bool) {
	if resourceType, element, is := strings.Cut(sheet.Target, "."); is {
		p := property(fhir.Definitions().Type(resourceType), element)
		if target.name == element {
			return target, true
		}
		return target.up(p.Type), true
	}
	if d := fhir.Definitions().Type(sheet.Target); d == nil || d.Kind != fhir.KindResource {
		if d != nil && d.Kind == fhir.KindComplex && target.typ.Kind == fhir.KindPrimitive && d.Property(target.name) != nil && sheet.startsWith(target.name) {
			up := target.up(d) // FN[HumanName] for XPN.1: its rows begin at the name
			up.key, up.name = target.key, target.name
			return up, true
		}
		return target, true
	}
	for i, h := range target.holders {
		if h.Type == sheet.Target && (i > 0 || h.Node == target.node || target.typ.Name == "Reference") {
			t := at(h)
			t.holders, t.free = target.holders[i:], target.free
			return t, true
		}
	}
	if target.typ != nil && target.typ.Name == "Reference" {
		t := b.enter(target, sheet.Target, row.Rule)
		return filling(t), t.node != nil
	}
	if row.To[0].name == "$this" { // PID-21: a resource of its own, one for all repetitions
		r := b.motherOf(target.holders[0], row.Rule)
		if r == nil {
			r = forest.New(sheet.Target, row.Rule)
			b.resources = append(b.resources, r)
		}
		r.Free = target.free
		s := at(r)
		s.holders = append(s.holders, target.holders...)
		return s, true
	}
	return spot{}, false
}

// motherOf returns what the rule has made for the patient already.
func (b *build) motherOf(patient *forest.Resource, rule string) *forest.Resource {
	for _, r := range b.resources {
		if r.Rule == rule && slices.ContainsFunc(r.Named("patient"), func(n *forest.Node) bool { return n.Ref == patient }) {
			return r
		}
	}
	return nil
}

// startsWith reports whether the sheet's first row fills the element.
func (s *Sheet) startsWith(name string) bool {
	return len(s.Rows) > 0 && s.Rows[0].To[0].name == name
}

// unmapped fills an element where the row names no data type sheet.
func (b *build) unmapped(target spot, row *Row, v hl7v2.Value, table *Table) {
	switch target.typ.Name {
	case "CodeableConcept":
		b.dataType(b.s.Types["cwe[codeableconcept]"], target, v, table, source{b: b}, row)
	case "Coding":
		b.dataType(b.s.Types["cwe[coding]"], target, v, table, source{b: b}, row)
	case "Annotation":
		p := property(target.typ, "text")
		b.primitive(b.step(target, p, "text", "", row.Rule), row, v, table)
	default:
		b.primitive(target, row, v, table)
	}
}

func fieldText(v hl7v2.Value) string { return first(v) }
