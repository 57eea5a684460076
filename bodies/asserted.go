package bodies

import (
	"strconv"

	"handover"
)

// The flags of a resource's head.
const (
	headCorrection = 1 << 0
	headNumbered   = 1 << 1 // the handle is the type and the how-manieth of the type
	headPatient    = 1 << 2 // the number of a resource follows
	headOther      = 1 << 3 // a patient that is no handle of the message
	headRenamed    = 1 << 4
	headKnown      = headCorrection | headNumbered | headPatient | headOther | headRenamed
)

// The flags of an identity.
const (
	identityAuthority = 1 << 0
	identityType      = 1 << 1
	identityScope     = 1 << 2 // the number of a resource follows
	identityOther     = 1 << 3 // a scope that is no handle of the message
	identityOrder     = 1 << 4
	identityKnown     = identityAuthority | identityType | identityScope | identityOther | identityOrder
)

// encoder writes one body.
type encoder struct {
	writer
	cutter      cutter
	places      map[string]int // of the handles
	perType     map[string]int
	scratch     []byte
	occurrences []int64
	last        int64 // segment's number
}

func (w *encoder) begin(a *handover.Assertions) {
	w.reset()
	if w.places == nil {
		w.places, w.perType = map[string]int{}, map[string]int{}
	}
	clear(w.places)
	clear(w.perType)
	for i := range a.Resources {
		if _, twice := w.places[a.Resources[i].Handle]; !twice {
			w.places[a.Resources[i].Handle] = i
		}
	}
	w.cutter.handles, w.last = w.places, 0
}

// AppendAssertions appends the body of an Asserted fact. Shapes that are new
// must go into the journal before it (Shapes.Since).
func (f *Form) AppendAssertions(b []byte, a *handover.Assertions) []byte {
	w := writers.Get().(*encoder)
	defer writers.Put(w)
	w.begin(a)
	w.text(a.Source)
	w.text(a.Event)
	w.time(a.EventTime)
	w.time(a.SentTime)
	w.count(len(a.Resources))
	for i := range a.Resources {
		w.head(&a.Resources[i])
	}
	for i := range a.Resources {
		w.count(len(a.Resources[i].Elements))
		for j := range a.Resources[i].Elements {
			w.element(f.Shapes, a, &a.Resources[i].Elements[j])
		}
	}
	w.count(len(a.Merges))
	for i := range a.Merges {
		m := &a.Merges[i]
		for _, s := range [...]string{m.Kind, m.Event, m.Survivor, m.Loser, m.Moved} {
			w.text(s)
		}
	}
	w.count(len(a.Left))
	for i := range a.Left {
		w.text(a.Left[i].Field)
		w.text(a.Left[i].Reason)
	}
	w.count(len(a.Digest))
	w.b = append(w.b, a.Digest...)
	return w.appendTo(b)
}

// numbered reports whether the handle is the one that its place gives.
func numbered(r *handover.ResourceAssertion, nth int) bool {
	n := len(r.Type)
	return len(r.Handle) > n+1 && r.Handle[:n] == r.Type && r.Handle[n] == '-' && r.Handle[n+1:] == strconv.Itoa(nth)
}

func (w *encoder) head(r *handover.ResourceAssertion) {
	flags := byte(0)
	w.perType[r.Type]++
	if r.Correction {
		flags |= headCorrection
	}
	if r.Renamed {
		flags |= headRenamed
	}
	if numbered(r, w.perType[r.Type]) {
		flags |= headNumbered
	}
	patient, known := w.places[r.Patient]
	switch {
	case r.Patient == "":
	case known:
		flags |= headPatient
	default:
		flags |= headOther
	}
	w.byte(flags)
	w.text(r.Type)
	if flags&headNumbered == 0 {
		w.text(r.Handle)
	}
	if flags&headPatient != 0 {
		w.count(patient)
	}
	if flags&headOther != 0 {
		w.text(r.Patient)
	}
	w.count(len(r.Identities))
	for i := range r.Identities {
		w.identity(&r.Identities[i])
	}
}

func (w *encoder) identity(id *handover.Identity) {
	flags := byte(0)
	if id.Authority != "" {
		flags |= identityAuthority
	}
	if id.Type != "" {
		flags |= identityType
	}
	if id.Order {
		flags |= identityOrder
	}
	scope, known := w.places[id.Scope]
	switch {
	case id.Scope == "":
	case known:
		flags |= identityScope
	default:
		flags |= identityOther
	}
	w.byte(flags)
	if flags&identityAuthority != 0 {
		w.text(id.Authority)
	}
	if flags&identityType != 0 {
		w.text(id.Type)
	}
	w.text(id.Value)
	if flags&identityScope != 0 {
		w.count(scope)
	}
	if flags&identityOther != 0 {
		w.text(id.Scope)
	}
}

// element writes the number of the shape, 0 for none, and what fills it.
func (w *encoder) element(shapes *Shapes, a *handover.Assertions, e *handover.Element) {
	number, kind, ok := w.shapeOf(shapes, a, e)
	if !ok {
		w.count(0)
		w.whole(e)
		return
	}
	w.count(number + 1)
	for _, n := range w.occurrences {
		w.int(n - w.last)
		w.last = n
	}
	if kind&shapePart == partText {
		w.text(e.Part)
	}
	for i := range w.cutter.leaves {
		if l := &w.cutter.leaves[i]; l.kind == leafHandle {
			w.count(l.handle)
		} else {
			w.textOf(l.text)
		}
	}
}

// shapeOf finds the element's shape, and what fills it.
func (w *encoder) shapeOf(shapes *Shapes, a *handover.Assertions, e *handover.Element) (number int, kind byte, ok bool) {
	c := &w.cutter
	c.skeleton, c.leaves = c.skeleton[:0], c.leaves[:0]
	if e.Removed {
		kind |= shapeRemoved
	}
	if e.Listed {
		kind |= shapeListed
	}
	if len(e.Value) > 0 {
		kind |= shapeValue
		if !c.cut(e.Value) {
			return 0, 0, false
		}
	}
	size := len(c.skeleton)
	if len(e.Extra) > 0 {
		kind |= shapeExtra
		if !c.cut(e.Extra) {
			return 0, 0, false
		}
	}
	kind |= c.partOf(a, e.Part)
	value, extra := c.skeleton[:size], c.skeleton[size:]
	w.scratch, w.occurrences, ok = appendShape(w.scratch[:0], e, kind, value, extra, w.occurrences[:0])
	if !ok {
		return 0, 0, false
	}
	number, ok = shapes.number(w.scratch)
	return number, kind, ok
}

// partOf says how the part is kept.
func (c *cutter) partOf(a *handover.Assertions, part string) byte {
	switch to := c.firstHandle(); {
	case part == "":
		return partNone
	case isField(part):
		return partField
	case to >= 0 && isKeyOf(&a.Resources[to], part):
		return partKey
	}
	return partText
}

// firstHandle returns the first resource that the values refer to, -1 if there
// is none.
func (c *cutter) firstHandle() int {
	for i := range c.leaves {
		if c.leaves[i].kind == leafHandle {
			return c.leaves[i].handle
		}
	}
	return -1
}

// whole writes an element that has no shape.
func (w *encoder) whole(e *handover.Element) {
	flags := byte(0)
	if e.Removed {
		flags = shapeRemoved
	}
	if e.Listed {
		flags |= shapeListed
	}
	w.byte(flags)
	w.text(e.Name)
	w.text(e.Part)
	w.text(e.Property)
	w.textOf(e.Value)
	w.textOf(e.Extra)
	w.count(len(e.From))
	for i := range e.From {
		w.text(e.From[i].Path)
		w.text(e.From[i].Field)
		w.text(e.From[i].Rule)
	}
}
