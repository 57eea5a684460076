package bodies

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"

	"handover"
)

// errChanged says that this program puts contents together otherwise than the
// one that wrote them.
var errChanged = errors.New("the contents that it gives are not those that were written; use the program that wrote it")

// writesDecoder reads a Written fact.
type writesDecoder struct {
	*reader
	meanings
	message   handover.Offset
	codes     []uint64
	settled   []byte
	resources []int
	identity  []identityAt
	elements  []*handover.Element
	checksum  uint32
	total     int // bytes of contents
}

func (f *Form) readWrites(body []byte, message handover.Offset, a *handover.Assertions) (handover.Writes, error) {
	n := len(a.Resources)
	d := &writesDecoder{
		reader: newReader(body), meanings: meanings{siteKey: f.SiteKey, a: a, handles: make(map[string]int, n), ids: make([]string, n)}, message: message,
		codes: make([]uint64, n), settled: make([]byte, n),
	}
	for i := range a.Resources {
		if _, twice := d.handles[a.Resources[i].Handle]; !twice {
			d.handles[a.Resources[i].Handle] = i
		}
	}
	d.targets()
	var v handover.Writes
	v.Writes = listOf(d, d.write)
	v.Same, v.Older, v.Parked, v.Flagged = listOf(d, d.stale), listOf(d, d.stale), listOf(d, d.stale), listOf(d, d.stale)
	v.United = listOf(d, d.united)
	sum := d.Take(4)
	if err := d.done(); err != nil {
		return handover.Writes{}, err
	}
	if binary.BigEndian.Uint32(sum) != d.checksum {
		return handover.Writes{}, errChanged
	}
	return v, nil
}

// listOf reads a list; an empty one is nil.
func listOf[T any](d *writesDecoder, read func(*T)) []T {
	n := d.Count()
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		if d.Bad {
			return nil
		}
		read(&out[i])
	}
	return out
}

// targets reads what each handle means.
func (d *writesDecoder) targets() {
	for i := range d.ids {
		d.codes[i] = d.Uint()
		switch d.codes[i] {
		case targetNone:
			d.settled[i] = 2
		case targetPacked:
			d.ids[i], d.settled[i] = handover.UnpackID(d.Take(20)), 2
		case targetText:
			d.ids[i], d.settled[i] = d.text(), 2
		}
	}
	for i := range d.ids {
		if d.Bad {
			return
		}
		d.settle(i)
	}
}

// settle works out the id that an identity gives.
func (d *writesDecoder) settle(i int) {
	if d.settled[i] == 2 {
		return
	}
	r, j := &d.a.Resources[i], d.codes[i]-targetIdentity
	if d.settled[i] == 1 || j >= uint64(len(r.Identities)) {
		d.Fail()
		return
	}
	d.settled[i] = 1
	id := &r.Identities[j]
	for _, need := range d.before(r, id) {
		if need >= 0 {
			d.settle(need)
		}
	}
	d.ids[i], d.settled[i] = d.derived(r, id), 2
}

func (d *writesDecoder) id() string {
	switch n := d.Uint(); n {
	case idText:
		return d.text()
	case idPacked:
		return handover.UnpackID(d.Take(20))
	default:
		if n-idOf >= uint64(len(d.ids)) {
			d.Fail()
			return ""
		}
		return d.ids[n-idOf]
	}
}

// handle reads a handle; i is the resource, -1 if it is of none.
func (d *writesDecoder) handle() (handle string, i int) {
	n := d.Uint()
	if n == 0 {
		return d.text(), -1
	}
	if n > uint64(len(d.ids)) {
		d.Fail()
		return "", -1
	}
	return d.a.Resources[n-1].Handle, int(n - 1)
}

func (d *writesDecoder) write(v *handover.Write) {
	d.resources = d.resources[:0]
	v.Handles = listOf(d, func(handle *string) {
		var i int
		if *handle, i = d.handle(); i >= 0 {
			d.resources = append(d.resources, i)
		}
	})
	flags := d.Byte()
	if flags&^writeKnown != 0 || flags&writeOfHandle != 0 && len(d.resources) == 0 {
		d.Fail()
		return
	}
	if flags&writeOfHandle != 0 {
		v.Type, v.ID = d.a.Resources[d.resources[0]].Type, d.ids[d.resources[0]]
	} else {
		v.Type, v.ID = d.text(), d.id()
	}
	v.Version = d.Int()
	v.Patient = d.patient(v, flags)
	v.Aliases = d.aliases()
	switch {
	case flags&writeMembers != 0:
		v.Content = d.content(v)
	case flags&writeContent != 0:
		v.Content = json.RawMessage(rawOf(d.text()))
	}
	if d.total += len(v.Content); d.total > maxMade {
		d.Fail()
	}
	d.checksum = crc32.Update(d.checksum, castagnoli, v.Content)
	if flags&writeOwnSource != 0 {
		v.Sources = []handover.ElementSource{{Source: d.a.Source, From: d.message}}
		return
	}
	v.Sources = listOf(d, func(s *handover.ElementSource) {
		*s = handover.ElementSource{Element: d.text(), Part: d.text(), Source: d.text(), From: d.message - handover.Offset(d.Int())}
	})
}

func (d *writesDecoder) patient(v *handover.Write, flags byte) string {
	switch {
	case flags&writePatientItself != 0:
		return v.ID
	case flags&writePatientOther != 0:
		return d.id()
	case flags&writePatientOf != 0 && len(d.resources) > 0:
		if i, ok := d.handles[d.a.Resources[d.resources[0]].Patient]; ok {
			return d.ids[i]
		}
	case flags&writePatientOf == 0:
		return ""
	}
	d.Fail()
	return ""
}

// content puts a content together, member by member.
func (d *writesDecoder) content(v *handover.Write) []byte {
	d.elements = d.elementsOf(d.elements[:0], d.resources)
	b := startOf(make([]byte, 0, 512), v.Type, v.ID)
	for range d.Count() {
		b = append(b, ',', '"')
		code := d.Uint()
		if code == 0 {
			b = append(append(b, d.text()...), '"', ':')
			b = append(b, d.text()...)
			continue
		}
		i, extra := (code-1)/2, code%2 == 0
		if i >= uint64(len(d.elements)) || d.Bad || len(b) > maxMade {
			d.Fail()
			return nil
		}
		made, ok := d.made(d.elements, int(i), extra)
		if !ok {
			d.Fail()
			return nil
		}
		b = append(append(b, nameOf(d.elements[i], extra)...), '"', ':')
		b = append(b, made...)
	}
	return append(b, '}')
}

func (d *writesDecoder) aliases() []handover.Alias {
	d.identity = d.identities(d.identity[:0], d.resources)
	return listOf(d, func(al *handover.Alias) {
		n := d.Uint()
		if n == 0 {
			al.Authority, al.Value = d.text(), d.text()
			return
		}
		if n > uint64(len(d.identity)) {
			d.Fail()
			return
		}
		*al = d.alias(d.identity[n-1])
	})
}

func (d *writesDecoder) stale(s *handover.Stale) {
	var i int
	s.Handle, i = d.handle()
	d.resources = d.resources[:0]
	if i >= 0 {
		d.resources = append(d.resources, i)
	}
	flags := d.Byte()
	switch {
	case flags&^staleKnown != 0 || flags&staleOfHandle != 0 && i < 0:
		d.Fail()
		return
	case flags&staleOfHandle != 0:
		s.Type, s.ID = d.a.Resources[i].Type, d.ids[i]
	default:
		s.Type, s.ID = d.text(), d.id()
	}
	if flags&staleReason != 0 {
		s.Reason = d.text()
	}
	if flags&staleAliases != 0 {
		s.Aliases = d.aliases()
	}
}

func (d *writesDecoder) united(u *handover.United) {
	u.Type, u.ID, u.Into = d.text(), d.id(), d.id()
	d.resources = d.resources[:0]
	u.Aliases = d.aliases()
}
