package hl7v2

// Group is a group of segments of a message structure.
type Group struct {
	Name  string
	Parts []Part
}

// Part is a segment or a group: exactly one is set.
type Part struct {
	Segment Segment
	Group   *Group
}

// Groups returns the message as one flat group. structure.go replaces this file.
func (m *Message) Groups() (*Group, []Problem) {
	g := &Group{}
	for i := range m.segs {
		g.Parts = append(g.Parts, Part{Segment: m.Segment(i)})
	}
	return g, nil
}
