package bodies

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"handover"
	"handover/internal/varint"
)

// The bounds of a journal's shapes, so that messages made to have ever new ones
// cannot fill the memory. What has no shape is written whole.
const (
	maxShapes     = 1 << 16
	maxShapeBytes = 16 << 20
)

// Shapes are the shapes of one journal, numbered from 0 in the order of its
// Shaped facts. They may be asked and added to at once; new numbers are for one
// caller at a time to give.
type Shapes struct {
	mu      sync.RWMutex
	list    []*shape // never changed below its length
	texts   []string
	numbers map[string]int
	bytes   int
}

// Len returns how many there are.
func (s *Shapes) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.list)
}

// all returns the shapes as they are now.
func (s *Shapes) all() []*shape {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.list
}

// number returns the number of a shape, giving it one if it has none; ok is
// false where there is no room for more.
func (s *Shapes) number(text []byte) (n int, ok bool) {
	s.mu.RLock()
	n, ok = s.numbers[string(text)]
	full := len(s.list) >= maxShapes || s.bytes+len(text) > maxShapeBytes
	s.mu.RUnlock()
	if ok || full {
		return n, ok
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n = len(s.list)
	return n, s.add(string(text)) == nil
}

// add numbers one more shape.
func (s *Shapes) add(text string) error {
	read, err := readShape(text)
	if err != nil {
		return err
	}
	if s.numbers == nil {
		s.numbers = map[string]int{}
	}
	s.numbers[text] = len(s.list)
	s.list, s.texts = append(s.list, read), append(s.texts, text)
	s.bytes += len(text)
	return nil
}

// Forget forgets the shapes from number n on, which no fact of the journal has.
func (s *Shapes) Forget(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.list) {
		return
	}
	for _, text := range s.texts[n:] {
		delete(s.numbers, text)
		s.bytes -= len(text)
	}
	// A reader may still hold the list, so it is not written over.
	s.list, s.texts = s.list[:n:n], s.texts[:n:n]
}

// Since returns the body of the Shaped fact that numbers the shapes from n on;
// nil if there are none.
func (s *Shapes) Since(n int) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n >= len(s.texts) {
		return nil
	}
	b := binary.AppendUvarint(nil, uint64(n))
	b = binary.AppendUvarint(b, uint64(len(s.texts)-n))
	for _, text := range s.texts[n:] {
		b = appendText(b, text)
	}
	return b
}

// Learn takes in the body of a Shaped fact, and returns how many shapes the
// journal has with it. To take in again what is known changes nothing.
func (s *Shapes) Learn(body []byte) (int, error) {
	r := &reader{Reader: varint.Reader{B: body}}
	first := r.Uint()
	texts := make([]string, r.Count())
	for i := range texts {
		texts[i] = string(r.Take(r.Uint()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.done() != nil || first > uint64(len(s.list)) {
		return 0, learning("it cannot be read, or an earlier one is missing")
	}
	for i, text := range texts {
		n := int(first) + i
		if n < len(s.list) {
			if s.texts[n] != text {
				return 0, learning(fmt.Sprintf("it says otherwise what shape %d is", n))
			}
			continue
		}
		if s.add(text) != nil {
			return 0, learning(fmt.Sprintf("shape %d cannot be read", n))
		}
	}
	return int(first) + len(texts), nil
}

func learning(what string) error {
	return &handover.Error{Op: "reading a fact of shapes", Kind: handover.Invalid, Err: errors.New(what)}
}
