package hl7v2

import (
	"bytes"
	"math"
)

// fieldIndex says where the fields of a message end.
type fieldIndex struct {
	first []int32 // by segment: the first of its ends; one more at the end
	ends  []int32 // of the segment's name, then of each field
}

// IndexFields notes where every field stands, so that [Segment.Field] and
// [Segment.All] need not search any more. It pays where many fields are read.
func (m *Message) IndexFields() {
	if m.index.Load() != nil || len(m.data) > math.MaxInt32 {
		return
	}
	separators := bytes.Count(m.data[m.begin:m.finish], []byte{m.delims.Field})
	room := make([]int32, 0, 2*len(m.segs)+1+separators)
	x := &fieldIndex{first: room[: 0 : len(m.segs)+1], ends: room[len(m.segs)+1 : len(m.segs)+1]}
	for i, p := range m.segs {
		x.first = append(x.first, int32(len(x.ends)))
		x.ends = append(x.ends, int32(Segment{m, i}.nameEnd(p)))
		x.segment(m, p)
	}
	x.first = append(x.first, int32(len(x.ends)))
	m.index.Store(x)
}

// segment adds the ends of a segment's fields, behind that of its name.
func (x *fieldIndex) segment(m *Message, p span) {
	name := int(x.ends[len(x.ends)-1])
	if name >= p.end {
		return
	}
	if m.set.wide {
		for at := name; at < p.end; {
			at = m.findOrEnd(at+1, p.end, m.delims.Field)
			x.ends = append(x.ends, int32(at))
		}
		return
	}
	for i, c := range m.data[name+1 : p.end] {
		if c == m.delims.Field {
			x.ends = append(x.ends, int32(name+1+i))
		}
	}
	x.ends = append(x.ends, int32(p.end))
}

// field returns what stands behind the nth separator of a segment, from 1; ok
// is false where there is none.
func (x *fieldIndex) field(segment, n int) (start, end int, ok bool) {
	at := int(x.first[segment]) + n
	if at >= int(x.first[segment+1]) {
		return 0, 0, false
	}
	return int(x.ends[at-1]) + 1, int(x.ends[at]), true
}
