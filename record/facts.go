package record

import (
	"context"

	"handover"
	"handover/internal/store"
)

// shapes are how far the shapes of elements (package bodies) have come: all that
// are numbered, less those that are not in the journal for sure.
type shapes struct {
	drafted int // are in facts that are about to be appended
	applied int // are in the tables
}

// Facts writes the bodies of a message's Asserted and Written facts into room,
// one after the other. shapes, if not nil, is the body of the
// Shaped fact that must go before them. It is for the one who composes: after
// Reset the shapes that were not applied have no numbers any more.
func (r *Record) Facts(room []byte, message handover.Offset, a *handover.Assertions, w *handover.Writes) (shapes, asserted, written, rest []byte) {
	begin := len(room)
	room = r.form.AppendAssertions(room, a)
	end := len(room)
	room = r.form.AppendWrites(room, message, a, w)
	if shapes = r.form.Shapes.Since(r.shapes.drafted); shapes != nil {
		r.shapes.drafted = r.form.Shapes.Len()
	}
	return shapes, room[begin:end:end], room[end:len(room):len(room)], room
}

// Assertions reads an Asserted fact of the journal.
func (r *Record) Assertions(e *handover.Entry) (handover.Assertions, error) {
	return r.form.Assertions(e)
}

// Writes reads a Written fact of the journal, given what the Asserted one before
// it says.
func (r *Record) Writes(e *handover.Entry, a *handover.Assertions) (handover.Writes, error) {
	return r.form.Writes(e, a)
}

// rememberShapes reads the shapes that are in the tables.
func (r *Record) rememberShapes(ctx context.Context, tx *store.Tx) error {
	err := tx.Each(ctx, `SELECT body FROM shape ORDER BY fact`, nil, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		_, err := r.form.Shapes.Learn(body)
		return err
	})
	n := r.form.Shapes.Len()
	r.shapes.applied, r.shapes.drafted = n, n
	return err
}

// shaped takes in a Shaped fact.
func (a *applying) shaped(e *handover.Entry) error {
	n, err := a.r.form.Shapes.Learn(e.Body.Bytes)
	if err != nil {
		return err
	}
	a.shapes = n
	return a.tx.Insert(a.ctx, "shape", []string{"fact", "body"}, [][]any{{int64(e.Offset), e.Body.Bytes}})
}
