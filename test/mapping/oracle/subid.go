package oracle

import "handover/hl7v2"

// subIDs are the parts of OG in the extension observation-v2-subid, as that
// extension is defined; OG[Extension-Subidentifier] means them, but writes no
// FHIR paths.
var subIDs = []struct{ url, value, kind string }{
	{"original-sub-identifier", "valueString", "string"},
	{"group", "valueDecimal", "decimal"},
	{"sequence", "valueDecimal", "decimal"},
	{"identifier", "valueString", "string"},
}

// subID asks for the extension that carries OBX-4.
func (b *build) subID(target spot, row *Row, v hl7v2.Value) {
	s := at(target.holders[0])
	outer := b.step(s, property(s.typ, "extension"), "extension", "subid", row.Rule)
	outer.node.Free = true
	b.leaf(outer, "url", "http://hl7.org/fhir/StructureDefinition/observation-v2-subid", row.Rule)
	for i, part := range subIDs {
		value := text(v.Component(i + 1))
		if part.kind == "decimal" {
			value = number(value, "decimal")
		}
		if value == "" {
			continue
		}
		inner := b.step(outer, property(outer.typ, "extension"), "extension", part.url, row.Rule)
		b.leaf(inner, "url", part.url, row.Rule)
		b.leaf(inner, part.value, value, row.Rule)
	}
}
