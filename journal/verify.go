package journal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"handover"
)

// Report is what Verify found.
type Report struct {
	Checkpoint            // of the whole journal as it was when Verify began
	Gone        int64     // facts whose body retention has removed
	Checkpoints int64     // signed checkpoints that agree with the facts
	Faults      []Finding // what does not agree; empty: the journal is proven
}

// Finding is a place where the journal is not what it was.
type Finding struct {
	Offset handover.Offset
	Text   string
}

// maxFindings bounds a report: a damaged volume may have a fault a fact.
const maxFindings = 100

// Verify reads the whole journal and proves it: every body that is there has
// the digest in its head, the heads lead to the stored tree and to every signed
// checkpoint, offsets have no holes and times do not fall. progress, if not
// nil, is told now and then how far it is. The error says that Verify could
// not be finished, not that something is wrong.
func (j *Journal) Verify(ctx context.Context, progress func(done, total handover.Offset)) (Report, error) {
	v := &verifier{journal: j, tail: j.Tail()}
	for from := handover.Offset(1); from <= v.tail; {
		facts, err := j.ledger.read(ctx, from, int(min(readBatch, int64(v.tail-from)+1)))
		if err != nil {
			return v.stopped(ctx, from, err)
		}
		if len(facts) == 0 {
			v.fault(from, "the fact is not there, nor any after it")
			return v.report, nil
		}
		u := newUnpacker(j.ledger.read, j.comp, facts)
		for i := range facts {
			if err := v.fact(ctx, u, &facts[i]); err != nil {
				return v.report, err
			}
		}
		from = facts[len(facts)-1].at + 1
		if progress != nil {
			progress(from-1, v.tail)
		}
	}
	v.report.Checkpoint = Checkpoint{v.edge.n, v.edge.root()}
	return v.report, nil
}

type verifier struct {
	journal *Journal
	tail    handover.Offset
	edge    frontier
	time    int64
	report  Report
}

// stopped ends a Verify that cannot read on. A file that cannot be read is
// something found; a database that does not answer is not.
func (v *verifier) stopped(ctx context.Context, from handover.Offset, err error) (Report, error) {
	if _, files := v.journal.ledger.(*chain); ctx.Err() != nil || !files {
		return v.report, readError(err)
	}
	v.fault(from, "the facts from here on cannot be read, and were not looked at: "+err.Error())
	return v.report, nil
}

func (v *verifier) fault(at handover.Offset, text string) {
	if len(v.report.Faults) < maxFindings {
		v.report.Faults = append(v.report.Faults, Finding{at, text})
	}
}

func (v *verifier) fact(ctx context.Context, u *unpacker, f *fact) error {
	if want := handover.Offset(v.edge.n + 1); f.at != want {
		v.fault(want, "the fact is not there")
	}
	if t := f.head.Time.UnixMilli(); t < v.time {
		v.fault(f.at, "its time is before that of the fact before it")
	} else {
		v.time = t
	}
	if err := v.body(ctx, u, f); err != nil {
		return err
	}
	for _, n := range v.edge.add(f.leaf()) {
		stored, err := v.journal.ledger.node(ctx, n.level, n.n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || stored != n.hash {
			v.fault(f.at, fmt.Sprintf("the facts up to here do not lead to the stored tree (level %d, place %d)", n.level, n.n))
		}
	}
	return nil
}

func (v *verifier) body(ctx context.Context, u *unpacker, f *fact) error {
	if f.body == nil {
		v.report.Gone++
		return nil
	}
	s, err := parseBody(f.at, f.body)
	if err != nil {
		v.fault(f.at, "its stored body cannot be read")
		return nil
	}
	sum, content, err := v.sum(ctx, u, f, s)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		v.fault(f.at, "its body cannot be read")
	case digestOf(s.salt, sum) != f.digest:
		v.fault(f.at, "its body is not the one that was appended")
	case f.head.Kind == handover.Checkpointed:
		return v.checkpoint(ctx, f, content)
	}
	return nil
}

// sum returns the SHA-256 of the body, and the body itself unless it is large.
func (v *verifier) sum(ctx context.Context, u *unpacker, f *fact, s stored) (sum [sha256.Size]byte, content []byte, err error) {
	if s.form != formFile {
		content, err = u.content(ctx, f)
		return sha256.Sum256(content), content, err
	}
	large, _ := v.journal.ledger.large()
	file, err := large.open(ctx, s.name, f.size)
	if err != nil {
		return sum, nil, err
	}
	h := sha256.New()
	n, err := io.Copy(h, file)
	if err == nil && n != f.size {
		err = errBody
	}
	return [sha256.Size]byte(h.Sum(nil)), nil, errors.Join(err, file.Close())
}

// checkpoint compares a signed checkpoint with the facts before it.
func (v *verifier) checkpoint(ctx context.Context, f *fact, signed []byte) error {
	c, err := ReadCheckpoint(signed, v.journal.keys.public)
	if err != nil {
		v.fault(f.at, "the checkpoint's signature is not ours")
		return nil
	}
	if c.Size > v.edge.n {
		v.fault(f.at, "the checkpoint speaks of facts after it")
		return nil
	}
	root := v.edge.root()
	if c.Size < v.edge.n {
		found, err := v.journal.rootOf(ctx, c.Size)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			v.fault(f.at, "the tree of the checkpoint cannot be read")
			return nil
		}
		root = found.Root
	}
	if root != c.Root {
		v.fault(f.at, "the facts before it do not lead to the checkpoint")
		return nil
	}
	v.report.Checkpoints++
	return nil
}
