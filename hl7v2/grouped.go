package hl7v2

import "iter"

// groupedSegments yields the segments of an address with groups. The first
// group named may stand at any depth; each further one is a direct part of the
// one before it.
func (m *Message) groupedSegments(a Address) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		root := m.groupTree()
		if root == nil {
			return
		}
		for g := range matchingGroups(root, a.Group, true) {
			n := 0
			for s := range g.named(a.Segment) {
				n++
				if a.Occurrence != 0 && a.Occurrence != n {
					continue
				}
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

// named yields the segments of that name directly in the group.
func (g *Group) named(name string) iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for _, p := range g.Parts {
			if p.Group == nil && p.Segment.Name() == name && !yield(p.Segment) {
				return
			}
		}
	}
}

// matchingGroups yields the groups that a path of names leads to, from g.
func matchingGroups(g *Group, path []string, anyDepth bool) iter.Seq[*Group] {
	return func(yield func(*Group) bool) {
		if len(path) == 0 {
			yield(g)
			return
		}
		walkGroups(g, path, anyDepth, yield)
	}
}

func walkGroups(g *Group, path []string, anyDepth bool, yield func(*Group) bool) bool {
	name, index := splitIndex(path[0])
	n := 0
	for _, p := range g.Parts {
		if p.Group == nil {
			continue
		}
		if p.Group.Name == name {
			n++
			if index != 0 && index != n {
				continue
			}
			for found := range matchingGroups(p.Group, path[1:], false) {
				if !yield(found) {
					return false
				}
			}
		} else if anyDepth && !walkGroups(p.Group, path, true, yield) {
			return false
		}
	}
	return true
}
