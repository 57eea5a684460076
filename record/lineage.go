package record

import (
	"context"
	"errors"
	"slices"
	"strings"

	"handover"
	"handover/internal/rawjson"
	"handover/internal/store"
)

// Lineage says where one version of a resource came from.
type Lineage struct {
	Type, ID string
	Version  int64
	Message  handover.Offset // whose Written fact made the version
	Written  handover.Offset
	Elements []ElementLineage // in the order of the content, an element's parts in theirs
}

// ElementLineage says where an element's value, or a part of it, came from.
type ElementLineage struct {
	Element  string
	Part     string // "": the whole
	Source   string
	Message  handover.Offset   // in which the source said it
	Asserted handover.Offset   // the Asserted fact
	Origins  []handover.Origin // the fields and rules; paths lead into the element as a whole
}

// Lineage reads from the journal where a version came from; version 0 is the
// current one. Errors are those of VRead, and Gone where retention has removed
// the fact that knew.
func (r *Record) Lineage(ctx context.Context, access handover.Access, atLeast handover.Offset, resourceType, id string, version int64) (Lineage, error) {
	const op = "reading where a resource came from"
	if r.fact == nil {
		return Lineage{}, &handover.Error{Op: op, Kind: handover.Unsupported, Err: errors.New("this record was opened without a journal")}
	}
	var v Resource
	var err error
	if version == 0 {
		v, err = r.Read(ctx, access, atLeast, resourceType, id)
	} else {
		v, err = r.VRead(ctx, access, atLeast, resourceType, id, version)
	}
	if err != nil {
		return Lineage{}, err
	}
	l := &tracing{r: r, ctx: ctx, of: ref{v.Type, v.ID}, spoken: map[handover.Offset]*speech{}}
	s, err := r.lookIn(ctx).get(l.of)
	if err != nil {
		return Lineage{}, err
	}
	if s != nil {
		l.former = s.former
	}
	out, err := l.trace(v)
	if err != nil {
		return Lineage{}, &handover.Error{Op: op, Kind: kindOf(err), Err: err}
	}
	return out, nil
}

// tracing follows one version back to the messages.
type tracing struct {
	r      *Record
	ctx    context.Context
	of     ref
	former []string // ids under which messages meant it, too
	spoken map[handover.Offset]*speech
}

// speech is what one message said of the resource.
type speech struct {
	asserted handover.Offset
	event    string
	relates  bool // it merged, linked, parted or moved something
	elements []handover.Element
}

func (t *tracing) trace(v Resource) (Lineage, error) {
	out := Lineage{Type: v.Type, ID: v.ID, Version: v.Version, Written: v.Offset}
	at, ok, err := t.facts(`pack = ?`, v.Offset)
	if err != nil || !ok {
		return out, errors.Join(err, errState)
	}
	out.Message = at.message
	_, w, err := t.read(at)
	if err != nil {
		return out, err
	}
	i := slices.IndexFunc(w.Writes, func(w handover.Write) bool { return w.Type == v.Type && w.ID == v.ID })
	if i < 0 {
		return out, errState
	}
	var names []string
	rawjson.Members(v.Content, func(name, _ []byte) {
		n := strings.TrimPrefix(string(name), "_")
		if n != "resourceType" && n != "id" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	})
	for _, property := range names {
		parts, err := t.element(property, w.Writes[i].Sources)
		if err != nil {
			return out, err
		}
		out.Elements = append(out.Elements, parts...)
	}
	return out, nil
}

// element finds the origins of the element that the property belongs to, none
// where no message said it (meta).
func (t *tracing) element(property string, sources []handover.ElementSource) ([]ElementLineage, error) {
	var own, rest sayings // from answers for this element, and from that for all others
	for _, s := range sources {
		sp, err := t.said(s.From)
		if err != nil {
			return nil, err
		}
		el := ElementLineage{Element: property, Source: s.Source, Message: s.From, Asserted: sp.asserted}
		into := &rest
		if s.Element != "" {
			into = &own
		}
		matched := false
		for _, e := range sp.elements {
			if e.JSONProperty() == property && (s.Element == "" || s.Element == e.Name && s.Part == e.Part) {
				matched = true
				into.add(el, e)
			}
		}
		merging := s.Element == property || s.Element == "" && sp.relates && property != "meta"
		if !matched && merging { // what a merge says stands in no element of the message
			into.add(el, handover.Element{Name: property, From: []handover.Origin{{Rule: "merge/" + sp.event}}})
		}
	}
	if len(own.said) > 0 {
		return own.parts(), nil
	}
	return rest.parts(), nil
}

// sayings gathers what was said of an element, and by whom.
type sayings struct {
	said []handover.Element
	by   map[string]ElementLineage // part → who said it last
}

func (f *sayings) add(by ElementLineage, e handover.Element) {
	if f.by == nil {
		f.by = map[string]ElementLineage{}
	}
	by.Element, by.Part = e.Name, e.Part
	f.said, f.by[e.Part] = append(f.said, e), by
}

func (f *sayings) parts() []ElementLineage {
	var out []ElementLineage
	for _, e := range handover.Arrange(f.said) {
		el := f.by[e.Part]
		el.Origins = e.From
		out = append(out, el)
	}
	return out
}

// said reads what the message said of the resource.
func (t *tracing) said(message handover.Offset) (*speech, error) {
	if s := t.spoken[message]; s != nil {
		return s, nil
	}
	at, ok, err := t.facts(`message = ?`, message)
	if err != nil || !ok {
		return nil, errors.Join(err, errState)
	}
	a, w, err := t.read(at)
	if err != nil {
		return nil, err
	}
	s := &speech{asserted: at.asserted, event: a.Event, relates: len(a.Merges) > 0}
	handles := t.handles(&w)
	for i := range a.Resources {
		if slices.Contains(handles, a.Resources[i].Handle) {
			s.elements = append(s.elements, a.Resources[i].Elements...)
		}
	}
	t.spoken[message] = s
	return s, nil
}

// handles returns the handles that meant the resource.
func (t *tracing) handles(w *handover.Writes) []string {
	var out []string
	meant := func(resourceType, id string) bool {
		return resourceType == t.of.Type && (id == t.of.ID || contains(t.former, id))
	}
	for _, v := range w.Writes {
		if meant(v.Type, v.ID) {
			out = append(out, v.Handles...)
		}
	}
	for _, list := range [][]handover.Stale{w.Same, w.Older, w.Parked} {
		for _, s := range list {
			if meant(s.Type, s.ID) {
				out = append(out, s.Handle)
			}
		}
	}
	return out
}

// messageFacts are the facts of one message.
type messageFacts struct{ written, message, asserted handover.Offset }

func (t *tracing) facts(where string, o handover.Offset) (at messageFacts, ok bool, err error) {
	err = t.r.db.Read(t.ctx, func(tx *store.Tx) error {
		ok, err = tx.Get(t.ctx, []any{&at.written, &at.message, &at.asserted},
			`SELECT pack, message, asserted FROM pack WHERE `+where+` ORDER BY pack DESC LIMIT 1`, int64(o))
		return err
	})
	return at, ok, err
}

// read reads what a message asserted, and what was written of it.
func (t *tracing) read(at messageFacts) (a handover.Assertions, w handover.Writes, err error) {
	asserted, err := t.fact(at.asserted)
	if err != nil {
		return a, w, err
	}
	written, err := t.fact(at.written)
	if err != nil {
		return a, w, err
	}
	if a, err = t.r.form.Assertions(&asserted); err == nil {
		w, err = t.r.form.Writes(&written, &a)
	}
	return a, w, err
}

func (t *tracing) fact(o handover.Offset) (handover.Entry, error) {
	e, err := t.r.fact(t.ctx, o)
	if err == nil && e.Gone {
		err = &handover.Error{Kind: handover.Gone, Where: "offset " + o.String(), Err: errors.New("retention has removed the fact's body")}
	}
	return e, err
}
