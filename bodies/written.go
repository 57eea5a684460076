package bodies

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"handover"
)

// What a handle means, as it is kept.
const (
	targetNone     = 0
	targetPacked   = 1 // 20 bytes of an id follow
	targetText     = 2
	targetIdentity = 3 // and more: the number of the identity that gives the id
)

// An id, as it is kept: else, less 2, the number of a resource that means it.
const (
	idText   = 0
	idPacked = 1
	idOf     = 2
)

// The flags of a write.
const (
	writeOfHandle      = 1 << 0 // type and id are what the first handle means
	writeOwnSource     = 1 << 1 // all elements are what this message says
	writePatientItself = 1 << 2
	writePatientOf     = 1 << 3 // the patient of the first handle's resource
	writePatientOther  = 1 << 4
	writeMembers       = 1 << 5 // the content, member by member
	writeContent       = 1 << 6 // the content as it is
	writeKnown         = 1<<7 - 1
)

// The flags of a stale.
const (
	staleOfHandle = 1 << 0
	staleReason   = 1 << 1
	staleAliases  = 1 << 2
	staleKnown    = staleOfHandle | staleReason | staleAliases
)

// writesEncoder writes one body of a Written fact.
type writesEncoder struct {
	*encoder
	meanings
	message   handover.Offset
	byID      map[string]int
	settled   []byte // of each resource: 0 not yet, 1 on the way, 2 done
	codes     []uint64
	resources []int
	identity  []identityAt
	elements  []*handover.Element
	members   []memberOf
	start     []byte
	checksum  uint32
}

// AppendWrites appends the body of the Written fact that follows the Asserted
// one of a message.
func (f *Form) AppendWrites(b []byte, message handover.Offset, a *handover.Assertions, v *handover.Writes) []byte {
	e := writers.Get().(*encoder)
	defer writers.Put(e)
	e.begin(a)
	w := &writesEncoder{
		encoder: e, meanings: meanings{siteKey: f.SiteKey, a: a, handles: e.places, ids: make([]string, len(a.Resources))}, message: message,
		byID: make(map[string]int, len(a.Resources)), settled: make([]byte, len(a.Resources)), codes: make([]uint64, len(a.Resources)),
	}
	w.targets(v)
	w.count(len(v.Writes))
	for i := range v.Writes {
		w.write(&v.Writes[i])
	}
	for _, list := range [...][]handover.Stale{v.Same, v.Older, v.Parked, v.Flagged} {
		w.count(len(list))
		for i := range list {
			w.stale(&list[i])
		}
	}
	w.count(len(v.United))
	for i := range v.United {
		w.united(&v.United[i])
	}
	w.b = binary.BigEndian.AppendUint32(w.b, w.checksum)
	return w.appendTo(b)
}

// targets writes what each handle means.
func (w *writesEncoder) targets(v *handover.Writes) {
	mean := func(handle, resourceType, id string) {
		if i, ok := w.handles[handle]; ok && w.a.Resources[i].Type == resourceType {
			w.ids[i] = id
		}
	}
	for i := range v.Writes {
		for _, handle := range v.Writes[i].Handles {
			mean(handle, v.Writes[i].Type, v.Writes[i].ID)
		}
	}
	for _, list := range [...][]handover.Stale{v.Same, v.Older, v.Parked} {
		for _, s := range list {
			mean(s.Handle, s.Type, s.ID)
		}
	}
	for i := range w.ids {
		w.settle(i)
		w.uint(w.codes[i])
		switch w.codes[i] {
		case targetPacked:
			packed, _ := handover.PackID(w.ids[i])
			w.b = append(w.b, packed...)
		case targetText:
			w.text(w.ids[i])
		}
		if _, twice := w.byID[w.ids[i]]; !twice && w.ids[i] != "" {
			w.byID[w.ids[i]] = i
		}
	}
}

// settle finds how the id of a resource is kept: by an identity that gives it,
// unless that needs what is itself on the way.
func (w *writesEncoder) settle(i int) {
	if w.settled[i] != 0 {
		return
	}
	w.settled[i] = 1
	w.codes[i] = w.codeOf(i)
	w.settled[i] = 2
}

func (w *writesEncoder) codeOf(i int) uint64 {
	if w.ids[i] == "" {
		return targetNone
	}
	r := &w.a.Resources[i]
	for j := range r.Identities {
		id := &r.Identities[j]
		if id.Value == "" || !w.ready(r, id) || w.derived(r, id) != w.ids[i] {
			continue
		}
		return targetIdentity + uint64(j)
	}
	if _, ok := handover.PackID(w.ids[i]); ok {
		return targetPacked
	}
	return targetText
}

// ready settles what the identity needs.
func (w *writesEncoder) ready(r *handover.ResourceAssertion, id *handover.Identity) bool {
	for _, need := range w.before(r, id) {
		if need < 0 {
			continue
		}
		if w.settle(need); w.settled[need] != 2 {
			return false
		}
	}
	return true
}

func (w *writesEncoder) id(id string) {
	if i, ok := w.byID[id]; ok {
		w.count(idOf + i)
		return
	}
	if packed, ok := handover.PackID(id); ok {
		w.count(idPacked)
		w.b = append(w.b, packed...)
		return
	}
	w.count(idText)
	w.text(id)
}

// handle writes the number of the resource, from 1, or 0 and the handle.
func (w *writesEncoder) handle(handle string) (i int) {
	i, known := w.handles[handle]
	if !known {
		w.count(0)
		w.text(handle)
		return -1
	}
	w.count(i + 1)
	return i
}

func (w *writesEncoder) write(v *handover.Write) {
	w.count(len(v.Handles))
	w.resources = w.resources[:0]
	for _, handle := range v.Handles {
		if i := w.handle(handle); i >= 0 {
			w.resources = append(w.resources, i)
		}
	}
	w.start = startOf(w.start[:0], v.Type, v.ID)
	var apart bool
	w.members, apart = split(w.members[:0], v.Content, w.start)
	flags := w.flagsOf(v, apart)
	w.byte(flags)
	if flags&writeOfHandle == 0 {
		w.text(v.Type)
		w.id(v.ID)
	}
	w.int(v.Version)
	if flags&writePatientOther != 0 {
		w.id(v.Patient)
	}
	w.aliases(v.Aliases)
	switch {
	case flags&writeMembers != 0:
		w.content()
	case flags&writeContent != 0:
		w.textOf(v.Content)
	}
	w.checksum = crc32.Update(w.checksum, castagnoli, v.Content)
	if flags&writeOwnSource == 0 {
		w.sources(v.Sources)
	}
}

func (w *writesEncoder) flagsOf(v *handover.Write, apart bool) (flags byte) {
	patient := ""
	if len(w.resources) > 0 {
		r := &w.a.Resources[w.resources[0]]
		if r.Type == v.Type && w.ids[w.resources[0]] == v.ID {
			flags |= writeOfHandle
		}
		if i, ok := w.handles[r.Patient]; ok {
			patient = w.ids[i]
		}
	}
	own := handover.ElementSource{Source: w.a.Source, From: w.message}
	if len(v.Sources) == 1 && v.Sources[0] == own {
		flags |= writeOwnSource
	}
	switch v.Patient {
	case "":
	case v.ID:
		flags |= writePatientItself
	case patient:
		flags |= writePatientOf
	default:
		flags |= writePatientOther
	}
	if apart {
		flags |= writeMembers
	} else if len(v.Content) > 0 {
		flags |= writeContent
	}
	return flags
}

// content writes, for each member, twice the number of the element that it is
// made of and whether it is the sibling, from 1; or 0 and the member.
func (w *writesEncoder) content() {
	w.elements = w.elementsOf(w.elements[:0], w.resources)
	w.count(len(w.members))
	for i := range w.members {
		m := &w.members[i]
		w.find(m, w.elements)
		switch {
		case m.element < 0:
			w.count(0)
			w.textOf(m.name)
			w.textOf(m.value)
		case m.extra:
			w.count(2 + 2*m.element)
		default:
			w.count(1 + 2*m.element)
		}
	}
}

func (w *writesEncoder) sources(list []handover.ElementSource) {
	w.count(len(list))
	for _, s := range list {
		w.text(s.Element)
		w.text(s.Part)
		w.text(s.Source)
		w.int(int64(w.message - s.From))
	}
}

// aliases writes for each the number of the identity that gives it, from 1, or 0
// and the alias.
func (w *writesEncoder) aliases(list []handover.Alias) {
	w.count(len(list))
	if len(list) == 0 {
		return
	}
	w.identity = w.identities(w.identity[:0], w.resources)
	for _, al := range list {
		n := slices.IndexFunc(w.identity, func(at identityAt) bool { return at.id.Value == al.Value && w.alias(at) == al })
		w.count(n + 1)
		if n < 0 {
			w.text(al.Authority)
			w.text(al.Value)
		}
	}
}

func (w *writesEncoder) stale(s *handover.Stale) {
	i := w.handle(s.Handle)
	w.resources = w.resources[:0]
	flags := byte(0)
	if i >= 0 {
		w.resources = append(w.resources, i)
		if w.a.Resources[i].Type == s.Type && w.ids[i] == s.ID {
			flags |= staleOfHandle
		}
	}
	if s.Reason != "" {
		flags |= staleReason
	}
	if len(s.Aliases) > 0 {
		flags |= staleAliases
	}
	w.byte(flags)
	if flags&staleOfHandle == 0 {
		w.text(s.Type)
		w.id(s.ID)
	}
	if flags&staleReason != 0 {
		w.text(s.Reason)
	}
	if flags&staleAliases != 0 {
		w.aliases(s.Aliases)
	}
}

// united writes a resource that is one with another. The id of that one is
// empty where there is none.
func (w *writesEncoder) united(u *handover.United) {
	w.text(u.Type)
	w.id(u.ID)
	w.id(u.Into)
	w.resources = w.resources[:0]
	w.aliases(u.Aliases)
}
