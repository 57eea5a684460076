package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"handover"
	"handover/internal/store"
)

// item is one draft, ready to be committed.
type item struct {
	draft   *handover.Draft
	sum     [sha256.Size]byte // of the content
	salt    []byte
	mark    []byte // nil: never a duplicate
	content []byte
	frame   []byte // compressed alone, where the content is long
	kept    string // name of a large body; "": it is content
}

// Append keeps the drafts, in order and next to each other, and returns a
// receipt for each once they are synced. Either all are kept or none.
//
// A message that repeats an earlier one of its source (same control id and
// bytes, within the window) becomes a Repeated fact without a body; drafts of
// the same call that follow from it are left out, because they were appended
// with the first: their receipts have no offset, only First. A spool file
// belongs to the journal afterwards; if Append fails it is still there.
//
// ctx counts until the drafts are handed over, not while they are written.
// Errors: Invalid for a draft that cannot be kept; Full when messages are
// refused for want of space; Unavailable when the disk or the database fails;
// Conflict when another process has become the appender.
func (j *Journal) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	r, err := j.prepare(ctx, drafts)
	if err == nil {
		err = j.commitWith(r)
	}
	if err != nil {
		return nil, errors.Join(appendError(err), j.giveBack(r))
	}
	j.takeOver(r)
	return r.receipts, nil
}

func (j *Journal) commitWith(r *request) error {
	batch, err := j.queue.enter(r)
	if err != nil || batch == nil {
		return errors.Join(err, r.err)
	}
	// The commit is everybody's: the caller's own context must not end it.
	j.commit(context.Background(), batch)
	for _, other := range batch {
		if other.seal {
			other.err = errors.Join(other.err, j.ledger.seal(context.Background()))
		}
	}
	j.queue.leave(r, batch)
	return r.err
}

// appendError gives an error its kind.
func appendError(err error) error {
	if _, ok := errors.AsType[*handover.Error](err); ok {
		return err
	}
	kind := handover.Unavailable
	switch {
	case store.Full(err):
		kind = handover.Full
	case errors.Is(err, errFenced):
		kind = handover.Conflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return &handover.Error{Op: "appending to the journal", Kind: kind, Err: err}
}

func invalid(i int, text string) error {
	return &handover.Error{Op: "appending to the journal", Kind: handover.Invalid,
		Where: fmt.Sprintf("draft %d", i+1), Err: errors.New(text)}
}

// prepare does what can be done before the facts have offsets: hashing, and
// making large bodies durable.
func (j *Journal) prepare(ctx context.Context, drafts []handover.Draft) (*request, error) {
	r := &request{items: make([]item, len(drafts)), lead: make(chan bool, 1)}
	for i := range drafts {
		if err := j.check(drafts, i); err != nil {
			return r, err
		}
		r.intake = r.intake || drafts[i].Header.Kind == handover.Received
	}
	if r.intake && j.space.full() {
		return r, &handover.Error{Op: "appending to the journal", Kind: handover.Full,
			Err: errors.New("there is too little free space to take messages; make room on the disk")}
	}
	salts := make([]byte, saltSize*len(drafts))
	_, _ = rand.Read(salts) // crypto/rand does not fail
	for i := range drafts {
		r.items[i] = item{draft: &drafts[i], salt: salts[i*saltSize : (i+1)*saltSize]}
		if err := j.prepareBody(ctx, &r.items[i]); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (j *Journal) check(drafts []handover.Draft, i int) error {
	d := &drafts[i]
	switch {
	case d.Header.Kind == 0:
		return invalid(i, "it has no kind")
	case d.Header.Cause < 0 || d.Header.Cause > j.Tail():
		return invalid(i, "its cause is not in the journal")
	case d.CauseInBatch != nil && (*d.CauseInBatch < 0 || *d.CauseInBatch >= i):
		return invalid(i, "its cause must come before it in the same batch")
	case d.Body.File != "" && d.Body.Bytes != nil:
		return invalid(i, "its body is both bytes and a file")
	case len(d.Body.Bytes) > maxPack:
		return &handover.Error{Op: "appending to the journal", Kind: handover.TooLarge,
			Where: fmt.Sprintf("draft %d", i+1), Err: fmt.Errorf("a body over %d bytes must come as a file", maxPack)}
	}
	return nil
}

func (j *Journal) prepareBody(ctx context.Context, it *item) (err error) {
	d := it.draft
	it.content = d.Body.Bytes
	switch {
	case d.Body.File != "" && d.Body.Size > j.config.LargeBody:
		if it.sum, err = hashFile(ctx, d.Body.File); err != nil {
			return fmt.Errorf("reading a spool file: %w", err)
		}
		large, volume := j.ledger.large()
		if it.kept, err = large.keep(ctx, volume, d.Body.File); err != nil {
			return err
		}
	case d.Body.File != "":
		if it.content, err = os.ReadFile(d.Body.File); err != nil {
			return fmt.Errorf("reading a spool file: %w", err)
		}
	}
	if it.kept == "" {
		it.sum = sha256.Sum256(it.content)
		if len(it.content) >= target(d.Header.Format) {
			it.frame = j.comp.frame(d.Header.Format, it.content)
		}
	}
	if d.Header.Kind == handover.Received && d.Control != "" {
		it.mark = j.marker.mark(d.Header.Source, d.Control, it.sum)
	}
	return nil
}

// giveBack drops what was kept for an append that failed.
func (j *Journal) giveBack(r *request) error {
	var errs []error
	for _, it := range r.items {
		if it.kept != "" {
			large, _ := j.ledger.large()
			errs = append(errs, large.drop(context.Background(), it.kept))
		}
	}
	return errors.Join(errs...)
}

// takeOver removes spool files whose content the journal now has. One that
// stays is removed when the spool is next opened.
func (j *Journal) takeOver(r *request) {
	for i, it := range r.items {
		if it.kept != "" && r.receipts[i].First != 0 {
			large, _ := j.ledger.large()
			_ = large.drop(context.Background(), it.kept) // swept by the next start
		}
		if it.draft.Body.File != "" {
			_ = os.Remove(it.draft.Body.File)
		}
	}
}
