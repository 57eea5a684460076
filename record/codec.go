package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"

	"handover"
	"handover/internal/rawjson"
	"handover/internal/varint"
)

// A state as it is kept: docs/formats/record.md has the layout. Values that
// stand in the current version are not written again, only marked.
const stateFormat = 3

const (
	itemRemoved    = 1 << 0
	itemInContent  = 1 << 1
	itemHasName    = 1 << 2 // the JSON property differs from the element's name
	itemHasNeeds   = 1 << 3
	itemIsPiece    = 1 << 4 // the value is a piece of an array or object in the content
	itemListed     = 1 << 5 // the message had all parts that begin as this one
	stampCorrects  = 1
	linkIsReplaced = 1 << 7 // beside the kind
)

var errState = errors.New("a kept state cannot be read: build the record again from the journal")

// property is one member of the current version.
type property struct{ value, extra []byte }

// properties are the members of a resource, with those that begin with an
// underscore beside their sibling. There are few, so looking through them costs
// less than a map.
type properties []namedProperty

type namedProperty struct {
	name []byte
	property
}

// fewMembers is more than most resources have.
type fewMembers [16]namedProperty

// membersOf returns the members of a resource; they stand in room, as far as it
// suffices.
func membersOf(content []byte, room properties) properties {
	out := room[:0]
	rawjson.Members(content, func(name, value []byte) {
		extra := len(name) > 0 && name[0] == '_'
		if extra {
			name = name[1:]
		}
		i := 0
		for i < len(out) && string(out[i].name) != string(name) {
			i++
		}
		if i == len(out) {
			out = append(out, namedProperty{name: name})
		}
		if extra {
			out[i].extra = value
		} else {
			out[i].value = value
		}
	})
	return out
}

// of returns the member with the name, an empty one if there is none.
func (p properties) of(name string) property {
	for i := range p {
		if string(p[i].name) == name {
			return p[i].property
		}
	}
	return property{}
}

type writer struct {
	b      []byte
	stamps []*stamp
}

func (w *writer) uint(n uint64)  { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int64)    { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) text(s string)  { w.uint(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) bytes(s []byte) { w.uint(uint64(len(s))); w.b = append(w.b, s...) }

func (w *writer) texts(list []string) {
	w.uint(uint64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

// stamp writes the stamp's number: 0 for none.
func (w *writer) stamp(s *stamp) {
	if s == nil {
		w.uint(0)
		return
	}
	w.uint(uint64(1 + slices.IndexFunc(w.stamps, func(o *stamp) bool { return *o == *s })))
}

// collect lists each stamp once, in the order in which it is first met.
func (w *writer) collect(s *state) {
	add := func(st *stamp) {
		if st != nil && !slices.ContainsFunc(w.stamps, func(o *stamp) bool { return o == st || *o == *st }) {
			w.stamps = append(w.stamps, st)
		}
	}
	for _, v := range s.voices {
		add(v.correction)
	}
	for _, e := range s.elements {
		for _, it := range e.items {
			add(it.stamp)
		}
	}
	for _, l := range s.links {
		add(l.stamp)
	}
	for _, m := range s.moves {
		add(m.stamp)
	}
}

// encode adds the state, without type, id, row id and content, which are kept
// beside it.
func (w *writer) encode(s *state) {
	w.stamps = w.stamps[:0]
	w.collect(s)
	w.b = append(w.b, stateFormat)
	w.uint(uint64(s.version))
	w.text(s.owner)
	w.text(s.patient)
	w.text(s.origin)
	w.uint(uint64(len(w.stamps)))
	for _, st := range w.stamps {
		w.text(st.source)
		w.text(st.claim)
		w.uint(uint64(st.offset))
		w.int(st.event)
		w.int(st.sent)
		w.b = binary.BigEndian.AppendUint64(w.b, st.tie)
		flags := byte(0)
		if st.correction {
			flags = stampCorrects
		}
		w.b = append(w.b, flags)
	}
	w.uint(uint64(len(s.voices)))
	for _, v := range s.voices {
		w.text(v.source)
		w.text(v.claim)
		w.stamp(v.correction)
	}
	w.elements(s)
	w.uint(uint64(len(s.links)))
	for _, l := range s.links {
		w.text(l.other)
		kind := byte(l.kind)
		if l.loser {
			kind |= linkIsReplaced
		}
		w.b = append(w.b, kind)
		w.stamp(l.stamp)
	}
	w.uint(uint64(len(s.moves)))
	for _, m := range s.moves {
		w.stamp(m.stamp)
		w.text(m.to)
		w.texts(m.members)
	}
	w.texts(s.rivals)
	w.uint(uint64(len(s.names)))
	for _, n := range s.names {
		w.text(n.Authority)
		w.text(n.Value)
	}
	w.text(s.into)
	w.texts(s.former)
}

func (w *writer) elements(s *state) {
	var room fewMembers
	current := membersOf(s.content, room[:])
	w.uint(uint64(len(s.elements)))
	for _, e := range s.elements {
		w.text(e.name)
		w.text(e.part)
		w.uint(uint64(len(e.items)))
		for _, it := range e.items {
			w.item(&e, it, current)
		}
	}
}

// piece finds a part's value in that of the whole element, and returns where
// what stands between its brackets begins there; -1 if it does not.
func piece(part, whole []byte) int {
	if len(part) <= 2 || len(part) >= len(whole) || part[0] != whole[0] || part[0] != '[' && part[0] != '{' {
		return -1
	}
	return bytes.Index(whole, part[1:len(part)-1])
}

func (w *writer) item(e *element, it item, current properties) {
	flags, name, at := byte(0), e.name, -1
	if it.removed {
		flags |= itemRemoved
	}
	if it.listed {
		flags |= itemListed
	}
	more := it.rest()
	if more.property != "" {
		flags |= itemHasName
		name = more.property
	}
	p := current.of(name)
	if !it.removed && bytes.Equal(p.value, it.value) && bytes.Equal(p.extra, more.extra) {
		flags |= itemInContent
	} else if e.part != "" && !it.removed && len(more.extra) == 0 {
		if at = piece(it.value, p.value); at >= 0 {
			flags |= itemIsPiece
		}
	}
	if len(more.needs) > 0 {
		flags |= itemHasNeeds
	}
	w.b = append(w.b, flags)
	w.stamp(it.stamp)
	w.uint(uint64(it.rank))
	if flags&itemHasName != 0 {
		w.text(more.property)
	}
	if at >= 0 {
		w.uint(uint64(at))
		w.uint(uint64(len(it.value) - 2))
	} else if flags&(itemRemoved|itemInContent) == 0 {
		w.bytes(it.value)
		w.bytes(more.extra)
	}
	if flags&itemHasNeeds != 0 {
		w.uint(uint64(len(more.needs)))
		for _, n := range more.needs {
			w.text(n.Type)
			w.text(n.ID)
		}
	}
}

type reader struct {
	varint.Reader
	stamps []*stamp
}

// text returns a piece of what is read, which is not written to again.
func (r *reader) text() string {
	b := r.Take(r.Uint())
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (r *reader) texts() []string {
	n := r.Count()
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = r.text()
	}
	return out
}

func (r *reader) stamp() *stamp {
	n := r.Uint()
	if n == 0 {
		return nil
	}
	if n > uint64(len(r.stamps)) {
		r.Bad = true
		return nil
	}
	return r.stamps[n-1]
}

// decode reads what encode wrote. The state keeps slices of content, none of b.
func decode(b []byte, of ref, content []byte) (*state, error) {
	r := &reader{Reader: varint.Reader{B: bytes.Clone(b)}}
	if r.Byte() != stateFormat {
		return nil, errState
	}
	s := &state{ref: of, content: content}
	s.version = int64(r.Uint())
	s.owner, s.patient, s.origin = r.text(), r.text(), r.text()
	r.stamps = make([]*stamp, r.Count())
	stamps := make([]stamp, len(r.stamps))
	for i := range r.stamps {
		st := &stamps[i]
		*st = stamp{source: r.text(), claim: r.text(), offset: handover.Offset(r.Uint()), event: r.Int(), sent: r.Int()}
		if t := r.Take(8); t != nil {
			st.tie = binary.BigEndian.Uint64(t)
		}
		st.correction = r.Byte()&stampCorrects != 0
		r.stamps[i] = st
	}
	s.voices = make([]voice, r.Count())
	for i := range s.voices {
		s.voices[i] = voice{r.text(), r.text(), r.stamp()}
	}
	r.elements(s)
	s.links = make([]link, r.Count())
	for i := range s.links {
		l := link{other: r.text()}
		kind := r.Byte()
		l.kind, l.loser = linkKind(kind&^linkIsReplaced), kind&linkIsReplaced != 0
		l.stamp = r.stamp()
		r.Bad = r.Bad || l.stamp == nil
		s.links[i] = l
	}
	s.moves = make([]move, r.Count())
	for i := range s.moves {
		s.moves[i] = move{stamp: r.stamp(), to: r.text(), members: r.texts()}
		r.Bad = r.Bad || s.moves[i].stamp == nil
	}
	s.rivals = r.texts()
	if n := r.Count(); n > 0 {
		s.names = make([]handover.Alias, n)
	}
	for i := range s.names {
		s.names[i] = handover.Alias{Authority: r.text(), Value: r.text()}
	}
	s.into, s.former = r.text(), r.texts()
	if r.Bad || len(r.B) > 0 {
		return nil, errState
	}
	return s, nil
}

func (r *reader) elements(s *state) {
	var room fewMembers
	current := membersOf(s.content, room[:])
	s.elements = make([]element, r.Count())
	single := make([]item, len(s.elements)) // most elements have one item
	for i := range s.elements {
		e := element{name: r.text(), part: r.text()}
		if n := r.Count(); n == 1 {
			e.items = single[i : i+1 : i+1]
		} else {
			e.items = make([]item, n)
		}
		for j := range e.items {
			e.items[j] = r.item(e.name, current)
		}
		s.elements[i] = e
	}
}

func (r *reader) item(name string, current properties) item {
	flags := r.Byte()
	it := item{removed: flags&itemRemoved != 0, listed: flags&itemListed != 0, stamp: r.stamp(), rank: uint8(r.Uint())}
	if it.stamp == nil {
		r.Bad = true
	}
	if flags&itemHasName != 0 {
		name = r.text()
		it.add().property = name
	}
	var extra []byte
	switch {
	case flags&itemInContent != 0:
		p := current.of(name)
		it.value, extra = p.value, p.extra
	case flags&itemIsPiece != 0:
		it.value = r.piece(current.of(name).value)
	case !it.removed:
		it.value, extra = r.Take(r.Uint()), r.Take(r.Uint())
	}
	if len(extra) > 0 {
		it.add().extra = extra
	}
	if flags&itemHasNeeds != 0 {
		needs := make([]ref, r.Count())
		for i := range needs {
			needs[i] = ref{r.text(), r.text()}
		}
		it.add().needs = needs
	}
	return it
}

// piece reads where a part's value stands in that of the whole element.
func (r *reader) piece(whole []byte) []byte {
	at, size := r.Uint(), r.Uint()
	if n := uint64(len(whole)); n < 2 || at > n || size > n-at {
		r.Bad = true
		return nil
	}
	out := make([]byte, 0, size+2)
	out = append(append(out, whole[0]), whole[at:at+size]...)
	return append(out, whole[len(whole)-1])
}
