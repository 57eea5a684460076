package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"handover"
	"handover/internal/store"
)

// verifyFolder holds, in the data folder, the tables that are built a second
// time to be compared.
const verifyFolder = "verify.part"

// Proof is what Verify found.
type Proof struct {
	Facts       int64     `json:"facts"`       // in the journal
	Root        []byte    `json:"root"`        // of its tree
	Checkpoints int64     `json:"checkpoints"` // signed ones that agree with the facts
	Gone        int64     `json:"gone"`        // facts whose body retention has removed
	Findings    []Finding `json:"findings"`    // empty: all is proven
}

// Finding is a place where something is not what it was.
type Finding struct {
	Part   string          `json:"part"` // journal, record, trace
	Offset handover.Offset `json:"offset,omitempty"`
	Where  string          `json:"where,omitempty"` // a table's row
	Text   string          `json:"text"`
}

// String reads as "journal, offset 12: its body cannot be read".
func (f Finding) String() string {
	at := f.Part
	if f.Offset != 0 {
		at += ", offset " + f.Offset.String()
	}
	if f.Where != "" {
		at += ", " + f.Where
	}
	return at + ": " + f.Text
}

// Verify proves the journal's tree and, by building them a second time from the
// facts, that the tables hold what the facts give. Everything goes on meanwhile;
// it needs free space for the tables. An error says that Verify could not be
// finished; what is wrong with the data is in the Proof.
func (e *Engine) Verify(ctx context.Context, moved Moved) (Proof, error) {
	if !e.proving.TryLock() {
		return Proof{}, &handover.Error{Op: "verifying", Kind: handover.Conflict,
			Err: errors.New("it is being done already; wait for its end")}
	}
	defer e.proving.Unlock()
	p, err := e.proveJournal(ctx, moved)
	if err != nil || len(p.Findings) > 0 {
		return p, err // tables cannot be proven by facts that are not
	}
	found, err := e.proveTables(ctx, moved)
	p.Findings = append(p.Findings, found...)
	return p, err
}

// proveTables builds the tables of trace, deliveries and record a second time, all at once.
// Progress is the record's, which takes longer.
func (e *Engine) proveTables(ctx context.Context, moved Moved) ([]Finding, error) {
	scratch := filepath.Join(e.config.Dir, verifyFolder)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := []struct {
		name  string
		prove func(context.Context, store.Place) ([]Finding, error)
	}{
		{"trace", e.proveTrace},
		{"deliveries", e.proveDeliveries},
		{"record", func(ctx context.Context, place store.Place) ([]Finding, error) {
			return e.proveRecord(ctx, place, moved)
		}},
	}
	found := make([][]Finding, len(parts))
	var group sync.WaitGroup
	for i, part := range parts {
		group.Go(func() {
			var err error
			if found[i], err = part.prove(ctx, store.Place{Dir: filepath.Join(scratch, part.name)}); err != nil {
				cancel(fmt.Errorf("verifying the %s: %w", part.name, err))
			}
		})
	}
	group.Wait()
	return slices.Concat(found...), errors.Join(context.Cause(ctx), os.RemoveAll(scratch))
}

// telling makes progress in offsets progress of a named part.
func (m Moved) telling(what string) func(done, total handover.Offset) {
	return func(done, total handover.Offset) { m.to(what, int64(done), int64(total)) }
}

func (e *Engine) proveJournal(ctx context.Context, moved Moved) (Proof, error) {
	r, err := e.journal.Verify(ctx, moved.telling("proving the journal"))
	p := Proof{Facts: r.Size, Root: r.Root[:], Checkpoints: r.Checkpoints, Gone: r.Gone, Findings: []Finding{}}
	for _, f := range r.Faults {
		p.Findings = append(p.Findings, Finding{Part: "journal", Offset: f.Offset, Text: f.Text})
	}
	return p, err
}

func (e *Engine) proveTrace(ctx context.Context, scratch store.Place) (out []Finding, err error) {
	found, err := e.trace.Verify(ctx, scratch, readAhead(facts{e.journal}.After), nil)
	for _, d := range found {
		out = append(out, Finding{"trace", d.Key, "table " + d.Table, d.What})
	}
	return out, err
}

func (e *Engine) proveDeliveries(ctx context.Context, scratch store.Place) (out []Finding, err error) {
	found, err := e.deliveries.Verify(ctx, scratch, readAhead(facts{e.journal}.After))
	for _, d := range found {
		out = append(out, Finding{"deliveries", d.Of, "table open", d.What})
	}
	return out, err
}

func (e *Engine) proveRecord(ctx context.Context, scratch store.Place, moved Moved) (out []Finding, err error) {
	found, err := e.record.Verify(ctx, scratch, readAhead(facts{e.journal}.After), moved.telling("proving the tables"))
	for _, d := range found {
		out = append(out, Finding{Part: "record", Where: fmt.Sprintf("table %s, row %d", d.Table, d.Key), Text: d.What})
	}
	return out, err
}

// readFacts reads the journal's entries after an offset, at most limit of them.
type readFacts = func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error)

// readAhead reads what follows while what was read is worked on. It is for one
// caller, who goes on where the last answer ended.
func readAhead(read readFacts) readFacts {
	type answer struct {
		entries []handover.Entry
		err     error
	}
	var at handover.Offset
	var next chan answer
	return func(ctx context.Context, after handover.Offset, limit int) ([]handover.Entry, error) {
		var a answer
		if next != nil && at == after {
			a = <-next
		} else {
			a.entries, a.err = read(ctx, after, limit)
		}
		if next = nil; a.err == nil && len(a.entries) > 0 {
			at, next = a.entries[len(a.entries)-1].Offset, make(chan answer, 1)
			go func(at handover.Offset, out chan<- answer) {
				entries, err := read(ctx, at, limit)
				out <- answer{entries, err}
			}(at, next)
		}
		return a.entries, a.err
	}
}
