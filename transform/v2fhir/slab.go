package v2fhir

import (
	"sync"

	"handover"
	"handover/hl7v2"
)

// slab hands out values in blocks and takes them all back at once, so that a
// conversion makes little garbage.
type slab[T any] struct {
	blocks [][]T
	block  int
	used   int
}

const blockSize = 64

// next returns a zero value.
func (s *slab[T]) next() *T {
	if s.block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]T, blockSize))
	}
	v := &s.blocks[s.block][s.used]
	if s.used++; s.used == blockSize {
		s.block, s.used = s.block+1, 0
	}
	return v
}

// rewind takes all values back as they are, for values that are always written
// whole.
func (s *slab[T]) rewind() { s.block, s.used = 0, 0 }

// reset takes all values back and clears them.
func (s *slab[T]) reset() {
	for i := range s.blocks {
		switch {
		case i < s.block:
			clear(s.blocks[i])
		case i == s.block:
			clear(s.blocks[i][:s.used])
		}
	}
	s.rewind()
}

// scratch is the memory of one conversion that is used again for the next.
// Nothing in it is referred to by what Convert returns.
type scratch struct {
	nodes slab[node]
	spots slab[spot]
	refs  slab[[8]*resource]
	made  slab[resource]
	feeds slab[feed]
	bytes []byte // the JSON of primitives

	split     hl7v2.Segment // the segment at hand
	fields    []hl7v2.Value // its fields, from 1
	readings  []reading     // of them
	parts     []hl7v2.Value // of the values at hand
	at        context       // of the entry at hand
	places    []*place      // of the segment at hand
	entries   []*entry      // of the segment at hand
	resources []*resource
	known     []known // which resource Patient[1] means now
	seen      []sighting
	segments  []segment // of the message
	taken     []taking
	maybe     []maybeLeft
	parted    map[position]uint64 // what was taken of the repetitions that maybe names
	left      []leaving
	listed    map[leaving]bool

	writer   writer
	bodies   bodies
	kids     []*node             // of the resource at hand
	items    []slotItem          // of the element at hand
	identity []handover.Identity // of all resources, as they are asserted
	counts   counts              // of resources
	ids      []identifier        // of all resources, one after the other
	builder  builder             // of the identities of the resource at hand
	clashes  map[identityKey]int
}

var scratches = sync.Pool{New: func() any {
	return &scratch{parted: map[position]uint64{}, listed: map[leaving]bool{}, clashes: map[identityKey]int{}}
}}

// The largest buffers that are kept for the next conversion.
const (
	keepBytes  = 1 << 20
	keepBlocks = 1000
)

func (s *scratch) release() {
	s.nodes.reset()
	s.spots.rewind() // they refer to nothing but what is here and the maps
	s.refs.reset()
	s.made.reset()
	s.feeds.reset()
	if cap(s.bytes)+cap(s.writer.out) > keepBytes || len(s.nodes.blocks) > keepBlocks {
		return // a huge message's memory is not kept
	}
	s.bytes = s.bytes[:0]
	s.at, s.split = context{}, hl7v2.Segment{}
	clear(s.fields[:cap(s.fields)])
	clear(s.readings[:cap(s.readings)])
	clear(s.parts[:cap(s.parts)])
	empty(&s.resources)
	empty(&s.known)
	empty(&s.seen)
	empty(&s.segments)
	s.taken, s.maybe, s.left = s.taken[:0], s.maybe[:0], s.left[:0]
	empty(&s.ids)
	clear(s.builder.ids[:cap(s.builder.ids)])
	s.builder = builder{ids: s.builder.ids[:0]}
	clear(s.kids[:cap(s.kids)])
	clear(s.items[:cap(s.items)])
	s.identity = nil
	clear(s.parted)
	clear(s.listed)
	clear(s.clashes)
	s.writer.reset()
	s.bodies.reset()
	scratches.Put(s)
}

// empty empties a list and keeps its memory, in which nothing refers to the
// message any more.
func empty[T any](list *[]T) {
	clear(*list)
	*list = (*list)[:0]
}
