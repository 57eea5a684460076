package oracle

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"handover/hl7v2"
	"handover/test/mapping/forest"
)

// Options are what a site states and a message does not.
type Options struct {
	Zone *time.Location // of times without an offset
}

// build makes what one message should become.
type build struct {
	s         *Sheets
	m         *hl7v2.Message
	options   Options
	offset    string // of MSH-7
	rows      []MessageRow
	made      []*instance
	resources []*forest.Resource
	links     []pending
	follow    string // PID or PV1, whichever came last
	pids      int
	contexts  int
	rivals    map[*forest.Node]*forest.Resource
}

// instance is a resource that a row of the message sheet made.
type instance struct {
	target string // "Patient[1]"
	*forest.Resource
	chain  []*hl7v2.Group
	by     []int // the segments that made or filled it
	serial int
}

// Ask returns what the map asks a message to become, and the name of the
// message sheet that was followed; "" where HL7 has none, not even a near one.
func (s *Sheets) Ask(m *hl7v2.Message, options Options) ([]*forest.Resource, string) {
	root, _ := m.Groups()
	name := s.sheetFor(root.Name)
	if name == "" {
		return nil, ""
	}
	b := &build{s: s, m: m, options: options, rows: s.Messages[name], rivals: map[*forest.Node]*forest.Resource{}}
	if t := dtm.FindStringSubmatch(text(m.First("MSH").Field(7).Component(1))); t != nil {
		b.offset = t[8]
	}
	b.group([]*hl7v2.Group{root}, name == root.Name)
	b.resources = slices.DeleteFunc(b.resources, func(r *forest.Resource) bool {
		if worth(r) {
			return false
		}
		r.Children = nil // nothing but constants: not asked for, and what refers to it neither
		return true
	})
	var all []*forest.Resource
	kept := b.made[:0]
	for _, i := range b.made {
		if worth(i.Resource) {
			i.Free = i.Free || !firmly(i.Resource)
			kept = append(kept, i)
			all = append(all, i.Resource)
		}
	}
	b.made = kept
	b.join()
	return tidy(append(all, b.resources...)), name
}

// Official reports whether HL7 publishes a sheet for the structure.
func (s *Sheets) Official(structure string) bool { return s.Messages[structure] != nil }

// sheetFor returns the sheet of a structure, or that of the same family from
// which it is read where HL7 has none.
func (s *Sheets) sheetFor(structure string) string {
	if s.Messages[structure] != nil {
		return structure
	}
	family, _, _ := strings.Cut(structure, "_")
	return map[string]string{"ADT": "ADT_A01", "MDM": "MDM_T02", "OML": "OML_O21", "ORU": "ORU_R01", "SIU": "SIU_S12", "VXU": "VXU_V04", "ORM": "ORM_O01"}[family]
}

// group goes through the message in its order.
func (b *build) group(chain []*hl7v2.Group, exact bool) {
	g := chain[len(chain)-1]
	for _, p := range g.Parts {
		if p.Group != nil {
			b.group(append(slices.Clip(chain), p.Group), exact)
			continue
		}
		if p.Segment.Name() == "PID" {
			b.pids++
		}
		if n := p.Segment.Name(); n == "PID" || n == "PV1" {
			b.follow = n
		}
		b.segment(place{chain: chain, segment: p.Segment}, exact)
	}
}

func (b *build) segment(at place, exact bool) {
	near := ""
	if !exact {
		near = b.nearGroups(at)
	}
	for i := range b.rows {
		row := &b.rows[i]
		if !exact && strings.Join(row.Groups, ".") != near {
			continue
		}
		if row.Segment == at.segment.Name() && (row.Follow == "" || row.Follow == b.follow) &&
			(!exact || sameGroups(row.groups(), at.chain)) && b.inBlock(row, exact) {
			b.row(row, at)
		}
	}
}

// nearGroups returns the groups of the rows that suit a segment best in a
// structure that the sheet is not written for: those whose innermost names are
// the message's, else those with a group where results stand.
func (b *build) nearGroups(at place) string {
	best, score := "", -1
	for i := range b.rows {
		row := &b.rows[i]
		if row.Segment != at.segment.Name() || row.Follow != "" && row.Follow != b.follow {
			continue
		}
		n := 0
		for j := 1; j <= len(row.Groups) && j < len(at.chain); j++ {
			if row.Groups[len(row.Groups)-j] != at.chain[len(at.chain)-j].Name {
				break
			}
			n += 2
		}
		if slices.Contains(row.Groups, "ORDER_OBSERVATION") {
			n++
		}
		if n > score {
			best, score = strings.Join(row.Groups, "."), n
		}
	}
	return best
}

// groups are a row's groups, with the one that the ORM_O01 sheet leaves out.
func (r *MessageRow) groups() []string {
	if len(r.Groups) > 0 && r.Groups[0] == "ORDER_DETAIL" {
		return append([]string{"ORDER"}, r.Groups...)
	}
	return r.Groups
}

func sameGroups(names []string, chain []*hl7v2.Group) bool {
	if len(names) != len(chain)-1 {
		return false
	}
	for i, name := range names {
		if g := chain[i+1].Name; g != name && g != "PATIENT_"+name { // ORM_O01.PATIENT.VISIT is PATIENT_VISIT in the standard
			return false
		}
	}
	return true
}

// inBlock tells the first patient's rows from the second's (ADT_A17).
func (b *build) inBlock(row *MessageRow, exact bool) bool {
	last := 1
	for _, r := range b.rows {
		if r.ID == row.ID {
			last = max(last, r.Block)
		}
	}
	if last == 1 || row.Segment == "MSH" || row.Segment == "EVN" {
		return true
	}
	return exact && row.Block == min(max(b.pids, 1), last) || !exact && row.Block == 1
}

var targetParts = regexp.MustCompile(`^([A-Za-z]+)(\[[^\]]*\])?(?:\.([^(]*))?(?:\((\w+)\))?$`)

// row follows one row of the message sheet for one segment.
func (b *build) row(row *MessageRow, at place) {
	sheet := b.s.Segments[row.Map]
	if sheet == nil {
		return
	}
	holds, free := row.holds(b, at)
	if !holds {
		return
	}
	m := targetParts.FindStringSubmatch(row.Target)
	if m == nil {
		return
	}
	target, resourceType := m[1]+m[2], m[1]
	if m[4] != "" {
		target, resourceType = m[4], m[4]
	}
	if sheet.Target != resourceType && m[3] == "" {
		return // IN3[CareTeam] for a Coverage
	}
	primary, fresh := b.primary(row, target)
	inst := b.current(row, target, at, fresh)
	if inst == nil && !primary && (resourceType == "Encounter" || resourceType == "Patient") {
		return // a DG1 or NK1 makes no visit and no patient
	}
	if inst == nil {
		inst = &instance{target: target, Resource: forest.New(resourceType, row.Rule), chain: at.chain, serial: len(b.made)}
		inst.Free = free
		b.made = append(b.made, inst)
	}
	if !free {
		inst.Free = false
	}
	inst.by = append(inst.by, at.segment.Index())
	context := b.context()
	b.apply(sheet, inst.Resource, at, context, free && !primary)
	if m[3] != "" && m[4] != "" {
		b.links = append(b.links, pending{from: inst, left: m[1] + m[2] + "." + m[3], right: resourceType, to: inst, at: at, context: context, rule: row.Rule})
	}
	b.note(row, inst, at, context)
}

func (b *build) context() string {
	b.contexts++
	return "s" + count(b.contexts)
}

// holds judges the row's condition. A narrative makes it free, except where it
// can be computed after all.
func (r *MessageRow) holds(b *build, at place) (holds, free bool) {
	free = r.Narrative != ""
	if strings.HasPrefix(r.Narrative, "If there is a source in MSH-4") {
		msh := b.m.First("MSH")
		return true, !msh.Field(4).IsValued() && !msh.Field(22).IsValued()
	}
	if r.Condition != nil {
		switch r.Condition.test(source{b: b, at: at, of: r.Segment, seg: at.segment}) {
		case no:
			return false, false
		case unknown:
			free = true
		}
	}
	return true, free
}

// primary reports whether the row's segment is the one that begins the target,
// and whether each such segment makes a new one.
func (b *build) primary(row *MessageRow, target string) (primary, fresh bool) {
	for i := range b.rows {
		r := &b.rows[i]
		m := targetParts.FindStringSubmatch(r.Target)
		if m == nil || m[1]+m[2] != target && m[4] != target || b.s.Segments[r.Map] == nil {
			continue
		}
		primary = r.Segment == row.Segment && slices.Equal(r.Groups, row.Groups)
		break
	}
	// Coverage[1] is written for PV1-20 and for each IN1; these are not one.
	return primary, primary || row.Segment == "IN1"
}

// current returns the instance that the row adds to, nil where it makes one.
func (b *build) current(row *MessageRow, target string, at place, fresh bool) *instance {
	depth := len(at.chain) - 1
	for i := range b.rows {
		m := targetParts.FindStringSubmatch(b.rows[i].Target)
		if m != nil && m[1]+m[2] == target {
			depth = min(depth, common(b.rows[i].groups(), row.groups()))
		}
	}
	for i := len(b.made) - 1; i >= 0; i-- {
		inst := b.made[i]
		if inst.target != target || depth >= len(inst.chain) || depth >= len(at.chain) || inst.chain[depth] != at.chain[depth] {
			continue
		}
		if fresh && !slices.Contains(inst.by, at.segment.Index()) {
			if row.Segment == "IN1" || b.madeBy(inst, row.Segment) {
				return nil
			}
		}
		return inst
	}
	return nil
}

func (b *build) madeBy(inst *instance, segment string) bool {
	return slices.ContainsFunc(inst.by, func(i int) bool { return b.m.Segment(i).Name() == segment })
}

func common(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// tidy takes away what is empty, and what refers to it.
func tidy(resources []*forest.Resource) []*forest.Resource {
	for _, r := range resources {
		r.Walk(func(_ string, leaf *forest.Node) {
			if leaf.Ref != nil && len(leaf.Ref.Children) == 0 {
				leaf.Ref = nil
			}
		})
		dropNull(r.Node)
		dropBare(r.Node)
		dropPart(r.Node)
	}
	return forest.Tidy(resources)
}

// worth reports whether anything in a resource comes from the message: one of
// constants alone says nothing.
func worth(r *forest.Resource) bool {
	found := false
	r.Walk(func(_ string, leaf *forest.Node) {
		found = found || leaf.FromMessage || leaf.Ref != nil && leaf.Ref != r && worth(leaf.Ref)
	})
	return found
}

// dropBare takes away extensions that have a URL and no value.
func dropBare(n *forest.Node) {
	n.Children = slices.DeleteFunc(n.Children, func(c forest.Child) bool {
		return c.Name == "extension" && !slices.ContainsFunc(c.Children, func(d forest.Child) bool { return d.Name != "url" && !d.Empty() })
	})
	for _, c := range n.Children {
		dropBare(c.Node)
	}
}

// firmly reports whether anything from the message is demanded: a resource of
// nothing but choices is a choice.
func firmly(r *forest.Resource) bool {
	found := false
	r.Walk(func(_ string, leaf *forest.Node) {
		found = found || leaf.FromMessage && !leaf.Free || leaf.Ref != nil && !leaf.Free || leaf.Any && !leaf.Free
	})
	return found
}

// dropPart takes away a coding that says no more than another of the concept:
// PV1-19's "VN" beside CX.5's.
func dropPart(n *forest.Node) {
	codings := n.Named("coding")
	n.Children = slices.DeleteFunc(n.Children, func(c forest.Child) bool {
		if c.Name != "coding" {
			return false
		}
		return slices.ContainsFunc(codings, func(other *forest.Node) bool {
			return other != c.Node && len(other.Leaves()) > len(c.Leaves()) && contains(other.Leaves(), c.Leaves())
		})
	})
	for _, c := range n.Children {
		dropPart(c.Node)
	}
}

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// dropNull takes back what a field takes away where another field fills it.
func dropNull(n *forest.Node) {
	n.Children = slices.DeleteFunc(n.Children, func(c forest.Child) bool {
		return c.Key == "null" && slices.ContainsFunc(n.Children, func(other forest.Child) bool {
			return other.Key != "null" && strings.HasPrefix(other.Name, c.Name) && !other.Empty()
		})
	})
}
