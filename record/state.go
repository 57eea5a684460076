package record

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"handover"
)

// state is all that is held of one resource: the newest words of each voice,
// what merges and moves said of it, and the current version composed from them.
// A state that others can see is never changed; edit copies it first.
type state struct {
	ref
	rid     *int64 // row id, shared by all states of the resource; 0 until it has a row
	version int64  // 0: nothing was written yet
	content []byte // of the current version, without versionId and lastUpdated
	owner   string // id of the Patient it was first said to belong to
	patient string // id of the Patient it belongs to now
	origin  string // source that spoke of it first

	voices   []voice
	elements []element // by name and part
	links    []link
	moves    []move           // one of each source that said one
	rivals   []string         // ids of Patients that contend for it or for what it refers to
	names    []handover.Alias // by which it is known within others, or as one patient's
	into     string           // id of the resource that it is one with; nothing else is held then
	former   []string         // ids of resources that are one with it

	packed []byte // of a slim state: all of it but the content, encoded
}

// slim returns the same state with little more than its head and what was encoded
// of it. What is held is made of pieces of messages, which it would keep in memory
// as a whole.
func (s *state) slim(encoded []byte) *state {
	return &state{
		ref: s.ref, rid: s.rid, version: s.version, content: s.content,
		owner: s.owner, patient: s.patient, origin: s.origin, rivals: s.rivals, packed: encoded,
	}
}

// whole returns the state with all that is held.
func (s *state) whole() *state {
	if s.packed == nil {
		return s
	}
	w, err := decode(s.packed, s.ref, s.content)
	if err != nil {
		panic("record: " + s.String() + " was packed by this program and cannot be read: " + err.Error())
	}
	w.rid = s.rid
	return w
}

// voice is one source speaking of the resource as one patient's.
type voice struct {
	source, claim string
	correction    *stamp // its newest correction, nil if none
}

// element is what is held of one element, or of one part of it.
type element struct {
	name, part string
	items      []item
}

func (e *element) compare(name, part string) int {
	if c := strings.Compare(e.name, name); c != 0 {
		return c
	}
	return handover.ComparePart(e.part, part)
}

// item is one word on one element.
type item struct {
	stamp   *stamp
	rank    uint8
	removed bool
	listed  bool // the source listed all parts that begin as this one
	value   []byte
	more    *itemMore // nil for most
}

// itemMore is what few items have. Those that others can see share it: it is
// never changed.
type itemMore struct {
	property string // JSON property; "": the element's name
	extra    []byte
	needs    []ref // what the value refers to and another patient was said to have
}

var noMore = &itemMore{}

// rest returns what few items have, empty where there is nothing.
func (it *item) rest() *itemMore {
	if it.more == nil {
		return noMore
	}
	return it.more
}

// add returns what few items have, to be filled in while nobody else sees it.
func (it *item) add() *itemMore {
	if it.more == nil {
		it.more = &itemMore{}
	}
	return it.more
}

// link is a source's newest statement on this resource and another being one.
type link struct {
	other string // id; of the same type
	kind  linkKind
	loser bool // this one is replaced by the other
	stamp *stamp
}

type linkKind uint8

const (
	linkNone  linkKind = iota // unlinked
	linkMerge                 // one replaces the other
	linkAlso                  // both stay
)

// move is a source's newest statement that the resource belongs to another
// patient.
type move struct {
	to      string
	members []string // every patient that the source moved it from or to
	stamp   *stamp
}

// clone returns a copy whose slices may be appended to and replaced.
func (s *state) clone() *state {
	c := *s
	c.voices = slices.Clone(s.voices)
	c.elements = slices.Clone(s.elements)
	c.links = slices.Clone(s.links)
	c.moves = slices.Clone(s.moves)
	c.rivals = slices.Clone(s.rivals)
	c.names = slices.Clone(s.names)
	c.former = slices.Clone(s.former)
	return &c
}

// speak notes that the stamp's voice spoke.
func (s *state) speak(st *stamp) {
	if s.origin == "" {
		s.origin = st.source
	}
	v := voice{source: st.source, claim: st.claim}
	if st.correction {
		v.correction = st
	}
	s.hears(v)
}

// hears adds a voice, or its correction to what is known of it.
func (s *state) hears(n voice) {
	i := slices.IndexFunc(s.voices, func(v voice) bool { return v.source == n.source && v.claim == n.claim })
	if i < 0 {
		s.voices = append(s.voices, n)
		return
	}
	v := &s.voices[i]
	if n.correction != nil && (v.correction == nil || n.correction.compare(v.correction) >= 0) {
		v.correction = n.correction
	}
}

// hold adds an item, unless what is held makes it worthless. room is where it
// may stand alone: empty, with space for one. It reports whether the item is held
// now.
func (s *state) hold(name, part string, n item, room []item) (held bool) {
	i, found := slices.BinarySearchFunc(s.elements, part, func(e element, part string) int { return e.compare(name, part) })
	if !found {
		s.elements = slices.Insert(s.elements, i, element{name: name, part: part})
	}
	s.elements[i].items, held = insert(s.elements[i].items, n, room)
	return held
}

// insert returns the items with n among them. Of one voice an item is worthless
// once another is at least as new and of at least its rank: whichever
// corrections are still to come, the other one wins. So the result does not
// depend on the order of arrival.
func insert(items []item, n item, room []item) (kept []item, held bool) {
	kept = room
	if len(items) > 1 {
		kept = make([]item, 0, len(items)+1)
	}
	worthless := false
	for i := range items {
		o := &items[i]
		if o.stamp.sameVoice(n.stamp) {
			order := n.stamp.compare(o.stamp)
			if order >= 0 && n.rank >= o.rank {
				n.share(o)
				continue
			}
			if order < 0 && o.rank >= n.rank {
				worthless = true
			}
		}
		kept = append(kept, *o)
	}
	if !worthless {
		kept = append(kept, n)
	}
	return kept, !worthless
}

// share lets what the item says stand where older word said the same, so that
// its message need not stay in memory.
func (it *item) share(o *item) {
	if bytes.Equal(it.value, o.value) {
		it.value = o.value
	}
	if it.more != nil && o.more != nil && it.more.equal(o.more) {
		it.more = o.more
	}
}

// says reports whether both items say the same, whoever did and when. A list says
// something of other items too, and what needs others may have lost them.
func (it *item) says(o *item) bool {
	one, other := it.rest(), o.rest()
	return it.rank == o.rank && it.removed == o.removed && !it.listed && !o.listed &&
		len(one.needs) == 0 && len(other.needs) == 0 &&
		bytes.Equal(it.value, o.value) && one.equal(other)
}

func (m *itemMore) equal(o *itemMore) bool {
	return m.property == o.property && bytes.Equal(m.extra, o.extra) && slices.Equal(m.needs, o.needs)
}

// again reports whether the state holds what it held before, said by the only
// voice that ever spoke of the resource, and whether a version depends on nothing
// else: then it stands, whatever the rules. Practitioners, organizations and
// devices are named like that by message after message.
func (s *state) again(before *state) bool {
	return before != nil && before.alone() && s.alone() && slices.EqualFunc(s.elements, before.elements, func(now, then element) bool {
		return len(now.items) == 1 && len(then.items) == 1 && now.items[0].says(&then.items[0])
	})
}

// alone reports whether the version is made of one voice's words and of nothing
// else: the resource is nobody's, was not moved, merged or united, and refers to
// nothing that may be.
func (s *state) alone() bool {
	return len(s.content) > 0 && len(s.voices) == 1 && s.voices[0].correction == nil && s.voices[0].claim == "" &&
		s.owner == "" && s.patient == "" && len(s.links) == 0 && len(s.moves) == 0 && len(s.rivals) == 0 &&
		s.into == "" && len(s.former) == 0 && !bytes.Contains(s.content, referencePrefix)
}

// relate keeps a statement on this resource and another, if it is the source's
// newest.
func (s *state) relate(n link) {
	for i, o := range s.links {
		if o.other == n.other && o.stamp.source == n.stamp.source {
			if n.stamp.compare(o.stamp) >= 0 {
				s.links[i] = n
			}
			return
		}
	}
	s.links = append(s.links, n)
	slices.SortFunc(s.links, func(a, b link) int {
		return cmp.Or(strings.Compare(a.other, b.other), strings.Compare(a.stamp.source, b.stamp.source))
	})
}

// moved keeps a statement that the resource went from one patient to another.
func (s *state) moved(from, to string, st *stamp) {
	s.follow(move{to: to, members: members(nil, from, to), stamp: st})
	if s.owner == "" {
		s.owner = from
	}
}

// follow adds a move to what its source said of moves.
func (s *state) follow(n move) {
	i, found := slices.BinarySearchFunc(s.moves, n.stamp.source, func(m move, source string) int { return strings.Compare(m.stamp.source, source) })
	if !found {
		s.moves = slices.Insert(s.moves, i, n)
		return
	}
	m := s.moves[i]
	m.members = members(m.members, n.members...)
	if n.stamp.compare(m.stamp) >= 0 {
		m.to, m.stamp = n.to, n.stamp
	}
	s.moves[i] = m
}

// contend notes patients that claim the same thing.
func (s *state) contend(patients ...string) {
	for _, p := range patients {
		if p != "" && !slices.Contains(s.rivals, p) {
			s.rivals = append(s.rivals, p)
		}
	}
	slices.Sort(s.rivals)
}

// members returns the ids with others among them, sorted; "" is none.
func members(ids []string, others ...string) []string {
	out := slices.Clone(ids)
	for _, p := range others {
		if p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// sources returns who spoke of the resource, as whichever patient's.
func (s *state) sources() (out []string) {
	for _, v := range s.voices {
		if !slices.Contains(out, v.source) {
			out = append(out, v.source)
		}
	}
	return out
}

// elementSources says for each element which fact holds it; the commonest
// answer is given once, for all elements without one of their own. An element
// whose parts have several answers, or of which a part is held that does not
// stand, has an answer for each part: the fact alone would not tell which stand.
func elementSources(s *state, stands []choice) []handover.ElementSource {
	type answer struct {
		source string
		from   handover.Offset
	}
	answerOf := func(c choice) answer { return answer{c.item.stamp.source, c.item.stamp.offset} }
	var answers []answer
	var counts []int
	most := 0
	for _, c := range stands {
		a := answerOf(c)
		i := slices.Index(answers, a)
		if i < 0 {
			i = len(answers)
			answers, counts = append(answers, a), append(counts, 0)
		}
		if counts[i]++; counts[i] > counts[most] {
			most = i
		}
	}
	if answers == nil {
		return nil
	}
	out := []handover.ElementSource{{Source: answers[most].source, From: answers[most].from}}
	for parts := range byName(stands) {
		plain := len(parts) >= len(s.parts(parts[0].name))
		for _, c := range parts {
			plain = plain && answerOf(c) == answers[most]
		}
		if plain {
			continue
		}
		for _, c := range parts {
			a := answerOf(c)
			out = append(out, handover.ElementSource{Element: c.name, Part: c.part, Source: a.source, From: a.from})
		}
	}
	return out
}

// parts returns what is held of an element.
func (s *state) parts(name string) []element {
	i, _ := slices.BinarySearchFunc(s.elements, name, func(e element, name string) int { return strings.Compare(e.name, name) })
	return s.partsFrom(i)
}

// partsFrom returns the parts of the element of which the first has index i.
func (s *state) partsFrom(i int) []element {
	j := i
	for j < len(s.elements) && s.elements[j].name == s.elements[i].name {
		j++
	}
	return s.elements[i:j]
}
