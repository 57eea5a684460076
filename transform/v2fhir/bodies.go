package v2fhir

import (
	"hash/maphash"
)

// bodies finds resources whose content is the same. Content lies in a buffer of
// the caller's.
type bodies struct {
	first map[uint64]int32 // by hash: the newest body, counted from 1
	all   []body
}

type body struct {
	text span
	res  *resource
	next int32 // an older one of the same hash, counted from 1; 0: none
}

var bodySeed = maphash.MakeSeed()

// find returns the resource whose content is the same as the one at text. Where
// there is none it returns nil and keeps res as the first of that content.
func (b *bodies) find(buffer []byte, text span, res *resource) *resource {
	content := buffer[text.start:text.end]
	hash := maphash.Bytes(bodySeed, content)
	for i := b.first[hash]; i > 0; i = b.all[i-1].next {
		if old := b.all[i-1]; string(buffer[old.text.start:old.text.end]) == string(content) {
			return old.res
		}
	}
	if b.first == nil {
		b.first = map[uint64]int32{}
	}
	b.all = append(b.all, body{text, res, b.first[hash]})
	b.first[hash] = int32(len(b.all))
	return nil
}

func (b *bodies) reset() {
	clear(b.first)
	empty(&b.all)
}
