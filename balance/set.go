package balance

import (
	"iter"
	"maps"
	"math/bits"
	"slices"

	"handover"
)

// chunkSize is how many offsets are looked at together.
const chunkSize = 4096

func chunkOf(at handover.Offset) int64 { return int64(at) / chunkSize }

// set is a set of offsets, one bit each where there are any near.
type set struct {
	Bits map[int64]*[chunkSize / 64]uint64
	N    int64
	Low  int64 // no chunk below it has any
}

func (s *set) add(at handover.Offset) bool {
	if s.Bits == nil {
		s.Bits = map[int64]*[chunkSize / 64]uint64{}
	}
	c := chunkOf(at)
	b := s.Bits[c]
	if b == nil {
		b = new([chunkSize / 64]uint64)
		s.Bits[c] = b
	}
	word, bit := &b[at%chunkSize/64], uint64(1)<<(at%64)
	if *word&bit != 0 {
		return false
	}
	if *word |= bit; s.N == 0 || c < s.Low {
		s.Low = c
	}
	s.N++
	return true
}

func (s *set) remove(at handover.Offset) bool {
	if s == nil || !s.has(at) {
		return false
	}
	c := chunkOf(at)
	b := s.Bits[c]
	b[at%chunkSize/64] &^= 1 << (at % 64)
	if s.N--; *b == [chunkSize / 64]uint64{} {
		delete(s.Bits, c)
	}
	return true
}

func (s *set) has(at handover.Offset) bool {
	if s == nil {
		return false
	}
	b := s.Bits[chunkOf(at)]
	return b != nil && b[at%chunkSize/64]>>(at%64)&1 == 1
}

func (s *set) len() int64 {
	if s == nil {
		return 0
	}
	return s.N
}

// first returns the lowest member, 0 if there is none.
func (s *set) first() handover.Offset {
	if s.len() == 0 {
		return 0
	}
	for s.Bits[s.Low] == nil {
		s.Low++
	}
	for i, word := range s.Bits[s.Low] {
		if word != 0 {
			return handover.Offset(s.Low*chunkSize + int64(i*64+bits.TrailingZeros64(word)))
		}
	}
	return 0
}

// from yields the members from an offset on, ascending.
func (s *set) from(at handover.Offset) iter.Seq[handover.Offset] {
	return func(yield func(handover.Offset) bool) {
		if s == nil {
			return
		}
		for _, c := range slices.Sorted(maps.Keys(s.Bits)) {
			if c < chunkOf(at) {
				continue
			}
			for i, word := range s.Bits[c] {
				for ; word != 0; word &= word - 1 {
					o := handover.Offset(c*chunkSize + int64(i*64+bits.TrailingZeros64(word)))
					if o >= at && !yield(o) {
						return
					}
				}
			}
		}
	}
}

// countFrom returns how many members there are from an offset on.
func (s *set) countFrom(at handover.Offset) (n int64) {
	if at <= 1 {
		return s.len()
	}
	for range s.from(at) {
		n++
	}
	return n
}
