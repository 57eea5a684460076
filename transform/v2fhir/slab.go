package v2fhir

import (
	"sync"

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

// count returns how many values are out.
func (s *slab[T]) count() int { return s.block*blockSize + s.used }

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
	s.block, s.used = 0, 0
}

// scratch is the memory of one conversion that is used again for the next.
// Nothing in it is referred to by what Convert returns.
type scratch struct {
	nodes slab[node]
	spots slab[spot]
	refs  slab[[8]*resource]
	made  slab[resource]
	bytes []byte
	// fields of the segment at hand.
	fields []hl7v2.Value
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// keepBytes is the largest buffer that is kept for the next conversion.
const keepBytes = 1 << 20

func (s *scratch) release() {
	s.nodes.reset()
	s.spots.reset()
	s.refs.reset()
	s.made.reset()
	if cap(s.bytes) > keepBytes || len(s.nodes.blocks) > 1000 {
		return // a huge message's memory is not kept
	}
	s.bytes = s.bytes[:0]
	clear(s.fields)
	scratches.Put(s)
}
