package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"handover"
)

const (
	readBatch = 1000
	// maxRead bounds the bytes of bodies that one Read returns, roughly.
	maxRead = 32 << 20
	// pollEvery is how often a journal on PostgreSQL looks for facts that
	// another process appended.
	pollEvery = 200 * time.Millisecond
)

// Get returns the fact at an offset: NotFound where there is none, Denied
// where access does not let it be seen.
func (j *Journal) Get(ctx context.Context, access handover.Access, at handover.Offset) (handover.Entry, error) {
	if at < 1 || at > j.Tail() {
		return handover.Entry{}, notFound(at)
	}
	facts, err := j.ledger.read(ctx, at, 1)
	if err != nil {
		return handover.Entry{}, readError(err)
	}
	if len(facts) != 1 || facts[0].at != at {
		return handover.Entry{}, notFound(at)
	}
	if !access.May(row(&facts[0])) {
		return handover.Entry{}, &handover.Error{Op: "reading the journal", Kind: handover.Denied, Where: "fact " + at.String()}
	}
	return j.entry(ctx, newUnpacker(j.ledger.read, j.comp, facts), &facts[0])
}

// Read returns facts from an offset on, in order, at most limit (1000 if 0) and
// leaving out those that access does not let be seen. It may return fewer
// when bodies are long, but none only at the end of the journal. Large bodies
// are not read: Entry.Body.File and Size name them, and Open reads them.
func (j *Journal) Read(ctx context.Context, access handover.Access, from handover.Offset, limit int) ([]handover.Entry, error) {
	if limit <= 0 {
		limit = readBatch
	}
	tail := j.Tail()
	var out []handover.Entry
	var bodies int64
	for from = max(from, 1); from <= tail && len(out) < limit && bodies < maxRead; {
		facts, err := j.ledger.read(ctx, from, int(min(int64(min(limit, readBatch)), int64(tail-from)+1)))
		if err != nil {
			return nil, readError(err)
		}
		if len(facts) == 0 {
			return nil, readError(fmt.Errorf("fact %d is not there", from))
		}
		u := newUnpacker(j.ledger.read, j.comp, facts)
		for i := range facts {
			if len(out) == limit || bodies >= maxRead {
				return out, nil
			}
			from = facts[i].at + 1
			if !access.May(row(&facts[i])) {
				continue
			}
			e, err := j.entry(ctx, u, &facts[i])
			if err != nil {
				return nil, err
			}
			bodies += int64(len(e.Body.Bytes))
			out = append(out, e)
		}
	}
	return out, nil
}

// row is what an access policy sees of a fact.
func row(f *fact) handover.Row { return handover.Row{ID: f.at.String(), Source: f.head.Source} }

func readError(err error) error {
	if _, ok := errors.AsType[*handover.Error](err); ok {
		return err
	}
	return &handover.Error{Op: "reading the journal", Kind: handover.Unavailable, Err: err}
}

// entry gives a fact the form in which it leaves the journal.
func (j *Journal) entry(ctx context.Context, u *unpacker, f *fact) (handover.Entry, error) {
	e := handover.Entry{Offset: f.at, Header: f.head, Key: f.key}
	if f.body == nil {
		e.Gone = true
		return e, nil
	}
	if f.body[0] == formFile {
		s, err := parseBody(f.at, f.body)
		if err != nil {
			return e, readError(err)
		}
		large, _ := j.ledger.large()
		e.Body = handover.Body{File: s.name, Size: f.size}
		if path := large.path(s.name); path != "" {
			e.Body.File = path
		}
		return e, nil
	}
	content, err := u.content(ctx, f)
	if err != nil {
		return e, readError(err)
	}
	if len(content) > 0 {
		e.Body.Bytes = content
	}
	return e, nil
}

// Open returns a fact's body as something to read from, whatever its length.
// It fails with Gone where retention has removed it, and with Damaged where it
// is known that trying again is of no use.
func (j *Journal) Open(ctx context.Context, access handover.Access, at handover.Offset) (Content, error) {
	e, err := j.Get(ctx, access, at)
	if err != nil {
		return nil, err
	}
	if e.Gone {
		return nil, removed(at)
	}
	if e.Body.File == "" {
		return inMemory{bytes.NewReader(e.Body.Bytes)}, nil
	}
	large, _ := j.ledger.large()
	content, err := large.open(ctx, e.Body.File, e.Body.Size)
	if handover.KindOf(err) == handover.Damaged {
		if again, errAgain := j.Get(ctx, access, at); errAgain == nil && again.Gone {
			err = removed(at) // retention came between
		}
	}
	if err != nil {
		return nil, readError(err)
	}
	return content, nil
}

func removed(at handover.Offset) error {
	return &handover.Error{Op: "reading a body", Kind: handover.Gone, Where: "fact " + at.String()}
}

type inMemory struct{ io.ReadSeeker }

func (inMemory) Close() error { return nil }

// Wait returns the journal's last offset as soon as it is after the given one.
func (j *Journal) Wait(ctx context.Context, after handover.Offset) (handover.Offset, error) {
	for {
		news := j.news.wait()
		if at := j.Tail(); at > after {
			return at, nil
		}
		var poll <-chan time.Time
		if j.config.URL != "" {
			poll = time.After(pollEvery)
		}
		select {
		case <-ctx.Done():
			return j.Tail(), ctx.Err()
		case <-poll:
			if err := j.refresh(ctx); err != nil {
				return j.Tail(), readError(err)
			}
		case <-news:
			if j.queue.isShut() {
				return j.Tail(), errShut
			}
		}
	}
}
