package bodies

import (
	"strconv"

	"handover"
)

// decoder reads an Asserted fact.
type decoder struct {
	*reader
	shapes []*shape
	a      handover.Assertions
	refers []reference // to resources that were not read yet
	last   int64
	leaves []string
	made   int // bytes of values
}

// reference is a place for the handle of a resource.
type reference struct {
	into *string
	to   uint64
}

func (f *Form) readAssertions(body []byte) (handover.Assertions, error) {
	d := &decoder{reader: newReader(body), shapes: f.Shapes.all()}
	d.a.Source, d.a.Event, d.a.EventTime, d.a.SentTime = d.text(), d.text(), d.time(), d.time()
	d.heads()
	for i := range d.a.Resources {
		if n := d.Count(); n > 0 {
			d.a.Resources[i].Elements = make([]handover.Element, n)
		}
		for j := range d.a.Resources[i].Elements {
			d.element(&d.a.Resources[i].Elements[j])
		}
		if d.Bad {
			return handover.Assertions{}, errBody
		}
	}
	d.rest()
	if err := d.done(); err != nil {
		return handover.Assertions{}, err
	}
	return d.a, nil
}

// heads reads what resources there are.
func (d *decoder) heads() {
	if n := d.Count(); n > 0 {
		d.a.Resources = make([]handover.ResourceAssertion, n)
	}
	perType := map[string]int{}
	for i := range d.a.Resources {
		r := &d.a.Resources[i]
		flags := d.Byte()
		if flags&^headKnown != 0 || d.Bad {
			d.Fail()
			return
		}
		r.Correction, r.Renamed = flags&headCorrection != 0, flags&headRenamed != 0
		r.Type = d.text()
		perType[r.Type]++
		if flags&headNumbered != 0 {
			r.Handle = r.Type + "-" + strconv.Itoa(perType[r.Type])
		} else {
			r.Handle = d.text()
		}
		d.handle(&r.Patient, flags&headPatient != 0, flags&headOther != 0)
		if n := d.Count(); n > 0 {
			r.Identities = make([]handover.Identity, n)
		}
		for j := range r.Identities {
			d.identity(&r.Identities[j])
		}
	}
	for _, r := range d.refers {
		*r.into = d.handleOf(r.to)
	}
}

// handle reads a handle, by its number or as it is.
func (d *decoder) handle(into *string, number, other bool) {
	if number {
		d.refers = append(d.refers, reference{into, d.Uint()})
	}
	if other {
		*into = d.text()
	}
}

func (d *decoder) handleOf(n uint64) string {
	if n >= uint64(len(d.a.Resources)) {
		d.Fail()
		return ""
	}
	return d.a.Resources[n].Handle
}

func (d *decoder) identity(id *handover.Identity) {
	flags := d.Byte()
	if flags&^identityKnown != 0 {
		d.Fail()
	}
	if flags&identityAuthority != 0 {
		id.Authority = d.text()
	}
	if flags&identityType != 0 {
		id.Type = d.text()
	}
	id.Value = d.text()
	d.handle(&id.Scope, flags&identityScope != 0, flags&identityOther != 0)
	id.Order = flags&identityOrder != 0
}

func (d *decoder) element(e *handover.Element) {
	number := d.Uint()
	if number == 0 {
		d.whole(e)
		return
	}
	if number > uint64(len(d.shapes)) || d.Bad {
		d.Fail()
		return
	}
	s := d.shapes[number-1]
	e.Name, e.Property, e.Part, e.Removed = s.name, s.property, s.part, s.kind&shapeRemoved != 0
	e.Listed = s.kind&shapeListed != 0
	var occurrences [10]int64
	for i := range s.occurrences {
		d.last += d.Int()
		occurrences[i] = d.last
	}
	if s.kind&shapePart == partText {
		e.Part = d.text()
	}
	to := -1
	if s.kind&shapeValue != 0 {
		e.Value = d.fill(&s.value, &to)
	}
	if s.kind&shapeExtra != 0 {
		e.Extra = d.fill(&s.extra, &to)
	}
	if s.kind&shapePart == partKey {
		if to < 0 {
			d.Fail()
			return
		}
		e.Part = keyOf(&d.a.Resources[to])
	}
	if len(s.origins) > 0 {
		e.From = make([]handover.Origin, len(s.origins))
	}
	for i := range s.origins {
		o := &s.origins[i]
		e.From[i] = handover.Origin{Path: o.path, Field: o.field(occurrences[:]), Rule: o.rule}
	}
}

// fill puts leaves into the frame of a value. to becomes the first resource that
// it refers to, if it has none yet.
func (d *decoder) fill(f *frame, to *int) []byte {
	d.leaves = d.leaves[:0]
	size := f.size
	for _, kind := range f.holes {
		var text string
		if kind == leafHandle {
			n := d.Uint()
			if text = d.handleOf(n); *to < 0 && !d.Bad {
				*to = int(n)
			}
			size += len(handover.HandleScheme)
		} else {
			text = d.text()
		}
		size += len(text)
		d.leaves = append(d.leaves, text)
	}
	if d.made += size; d.Bad || d.made > maxMade {
		d.Fail()
		return nil
	}
	out := make([]byte, 0, size)
	for i, kind := range f.holes {
		out = append(out, f.pieces[i]...)
		switch kind {
		case leafText:
			out = append(append(append(out, '"'), d.leaves[i]...), '"')
		case leafHandle:
			out = append(append(append(append(out, '"'), handover.HandleScheme...), d.leaves[i]...), '"')
		case leafOther:
			out = append(out, d.leaves[i]...)
		}
	}
	return append(out, f.pieces[len(f.holes)]...)
}

func (d *decoder) whole(e *handover.Element) {
	flags := d.Byte()
	if flags&^(shapeRemoved|shapeListed) != 0 {
		d.Fail()
	}
	e.Removed, e.Listed = flags&shapeRemoved != 0, flags&shapeListed != 0
	e.Name, e.Part, e.Property = d.text(), d.text(), d.text()
	e.Value, e.Extra = rawOf(d.text()), rawOf(d.text())
	if n := d.Count(); n > 0 {
		e.From = make([]handover.Origin, n)
	}
	for i := range e.From {
		e.From[i] = handover.Origin{Path: d.text(), Field: d.text(), Rule: d.text()}
	}
}

func rawOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// rest reads what stands after the elements.
func (d *decoder) rest() {
	if n := d.Count(); n > 0 {
		d.a.Merges = make([]handover.Merge, n)
	}
	for i := range d.a.Merges {
		d.a.Merges[i] = handover.Merge{Kind: d.text(), Event: d.text(), Survivor: d.text(), Loser: d.text(), Moved: d.text()}
	}
	if n := d.Count(); n > 0 {
		d.a.Left = make([]handover.Left, n)
	}
	for i := range d.a.Left {
		d.a.Left[i] = handover.Left{Field: d.text(), Reason: d.text()}
	}
	if digest := d.Take(d.Uint()); len(digest) > 0 {
		d.a.Digest = append([]byte(nil), digest...)
	}
}
