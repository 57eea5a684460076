package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	scratch := filepath.Join(e.config.Dir, verifyFolder)
	for _, part := range []struct {
		name  string
		prove func(context.Context, store.Place, Moved) ([]Finding, error)
	}{{"trace", e.proveTrace}, {"record", e.proveRecord}} {
		found, err := part.prove(ctx, store.Place{Dir: scratch}, moved)
		p.Findings = append(p.Findings, found...)
		if err = errors.Join(err, os.RemoveAll(scratch)); err != nil {
			return p, fmt.Errorf("verifying the %s: %w", part.name, err)
		}
	}
	return p, nil
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

func (e *Engine) proveTrace(ctx context.Context, scratch store.Place, moved Moved) (out []Finding, err error) {
	found, err := e.trace.Verify(ctx, scratch, facts{e.journal}.After, moved.telling("proving the trace"))
	for _, d := range found {
		out = append(out, Finding{"trace", d.Key, "table " + d.Table, d.What})
	}
	return out, err
}

func (e *Engine) proveRecord(ctx context.Context, scratch store.Place, moved Moved) (out []Finding, err error) {
	found, err := e.record.Verify(ctx, scratch, facts{e.journal}.After, moved.telling("proving the record"))
	for _, d := range found {
		out = append(out, Finding{Part: "record", Where: fmt.Sprintf("table %s, row %d", d.Table, d.Key), Text: d.What})
	}
	return out, err
}
