package oracle

import (
	"handover/fhir"
	"handover/hl7v2"
	"handover/test/mapping/forest"
)

// places are the Locations that PL[Location] makes, from the innermost to the
// outermost, with the component that each comes from and its physical type.
// The sheet gives the point of care no code ("/extension??-poc/"). Its rows for
// partOf leave out levels and make the building part of itself, so the order is
// the standard's (HL7 v2.9 §2A.3.53).
var places = []struct {
	component int
	physical  string
}{{3, "bd"}, {2, "ro"}, {1, ""}, {8, "lvl"}, {7, "bu"}, {4, "si"}}

// location follows PL[Location], the one sheet that makes several resources
// of one value: a Location for each level, each part of the next one out. The
// element refers to the innermost.
func (b *build) location(target spot, row *Row, v hl7v2.Value) {
	reference := target
	if target.typ.Kind == fhir.KindResource {
		reference = spot{} // the walk went into a Location already
	}
	var inner *forest.Resource
	for _, p := range places {
		level := part(v, p.component)
		if !level.IsValued() {
			continue
		}
		r := b.level(level, v, p.physical, row, inner == nil)
		r.Free = target.free
		if inner != nil {
			link := inner.Child("partOf", "")
			link.Ref, link.Rule = r, "PL[Location]:partOf"
		} else if reference.node != nil {
			reference.node.Ref, reference.node.Rule = r, row.Rule
			b.resources = append(b.resources, r)
		} else {
			copyInto(target.node, r.Node)
			target.holders[0].Free = r.Free
			inner = target.holders[0]
			continue
		}
		if inner != nil {
			b.resources = append(b.resources, r)
		}
		inner = r
	}
}

func copyInto(to, from *forest.Node) { to.Children = append(to.Children, from.Children...) }

func (b *build) level(level, whole hl7v2.Value, physical string, row *Row, innermost bool) *forest.Resource {
	r := forest.New("Location", "PL[Location]")
	s := at(r)
	id := b.step(s, property(s.typ, "identifier"), "identifier", "1", "PL[Location]:identifier[1]")
	b.dataType(b.s.Types["hd[identifier]"], id, level, nil, source{b: b}, row)
	b.leaf(s, "mode", "instance", "PL[Location]:mode")
	r.Fixed("mode")
	if physical != "" { // the sheet gives the point of care a system, but no code
		p := b.step(s, property(s.typ, "physicalType"), "physicalType", "", "PL[Location]:physicalType")
		c := b.step(p, property(p.typ, "coding"), "coding", "1", "PL[Location]:physicalType")
		b.leaf(c, "system", "http://terminology.hl7.org/CodeSystem/location-physical-type", "PL[Location]:physicalType")
		b.leaf(c, "code", physical, "PL[Location]:physicalType")
		c.node.Fixed("system", "code")
	}
	if !innermost {
		return r
	}
	b.leaf(s, "description", text(part(whole, 9)), "PL[Location]:9")
	if ei := part(whole, 10); ei.IsValued() {
		second := b.step(s, property(s.typ, "identifier"), "identifier", "2", "PL[Location]:10")
		second.free = true
		b.dataType(b.s.Types["ei[identifier-organization]"], second, ei, nil, source{b: b}, row)
		second.node.Free = true
	}
	return r
}

// ndlLocation follows the rows of NDL[PractitionerRole] that begin with [n]:
// the role's n-th Location. How these lie in each other is the sheet's own
// guess (it lets the point of care lie in the building), so it is free.
func (b *build) ndlLocation(row *Row, t spot, sub hl7v2.Value) {
	s := b.step(t, property(t.typ, "location"), "location", row.To[0].tag, row.Rule)
	s.free = true
	s = b.enter(s, "Location", row.Rule)
	s.free = false
	switch rest := row.To[1].name; {
	case rest == "partOf":
		p := b.step(s, property(s.typ, "partOf"), "partOf", "", row.Rule)
		setAny(p, row.Rule, true, "")
	case rest == "physicalType" && row.To[0].tag == "1", rest == "status":
	case row.Assign != "":
		end, _ := b.walk(s, row.To[1:], row.Rule, func(int) string { return "1" })
		value, _ := assign(row.Assign, source{b: b})
		set(end, value, row.Rule)
		constant(end, row.Assign)
	default:
		id := b.step(s, property(s.typ, "identifier"), "identifier", "1", row.Rule)
		b.dataType(b.s.Types["hd[identifier]"], id, sub, nil, source{b: b}, row)
	}
}
