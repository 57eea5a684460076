package hl7v2

import "iter"

// groupedSegments yields the segments of an address with groups, in the
// message's order. Each name may stand at any depth within the one before:
// ORDER_OBSERVATION[2].OBX finds the OBX of the OBSERVATION groups therein. Who
// wants one group's only names it too. Indices count within the group before.
func (m *Message) groupedSegments(a Address) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		groups := []*Group{m.groupTree()}
		for _, step := range a.Group {
			name, index := splitIndex(step)
			var next []*Group
			for _, g := range groups {
				next = append(next, pick(g.groupsNamed(nil, name), index)...)
			}
			groups = next
		}
		for _, g := range groups {
			for _, s := range pick(g.segmentsNamed(nil, a.Segment), a.Occurrence) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// firstGrouped returns the first of them.
func (m *Message) firstGrouped(a Address) Segment {
	for s := range m.groupedSegments(a) {
		return s
	}
	return Segment{}
}

// groupTree returns the message's groups, found once.
func (m *Message) groupTree() *Group {
	m.grouping.Do(func() { m.groups, _ = m.Groups() })
	return m.groups
}

// pick returns all, or only the one of that index, from 1, where it is given.
func pick[T any](all []T, index int) []T {
	switch {
	case index == 0:
		return all
	case index > len(all):
		return nil
	}
	return all[index-1 : index]
}

// groupsNamed appends the groups of that name within g. Within one that it has
// found it does not look for more.
func (g *Group) groupsNamed(found []*Group, name string) []*Group {
	for _, p := range g.Parts {
		switch {
		case p.Group == nil:
		case p.Group.Name == name:
			found = append(found, p.Group)
		default:
			found = p.Group.groupsNamed(found, name)
		}
	}
	return found
}

// segmentsNamed appends the segments of that name within g.
func (g *Group) segmentsNamed(found []Segment, name string) []Segment {
	for _, p := range g.Parts {
		switch {
		case p.Group != nil:
			found = p.Group.segmentsNamed(found, name)
		case p.Segment.m.isNamed(p.Segment.index, name):
			found = append(found, p.Segment)
		}
	}
	return found
}
