package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"handover"
	"handover/internal/store"
)

// aJournal has bodies of all lengths below that of a file, the long ones first.
func aJournal(t *testing.T) (j *Journal, want [][]byte) {
	t.Helper()
	j, err := Open(t.Context(), Config{Dir: t.TempDir(), SiteKey: []byte("a key for tests"), LowSpace: -1, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		content := bytes.Repeat(fmt.Appendf(nil, "synthetic %d\r", rng.Int()), 1+rng.IntN(40))
		if i%50 == 0 {
			content = bytes.Repeat(content, 1+100_000/len(content)) // longer than a pack should be
		}
		_, err := j.Append(t.Context(), []handover.Draft{{
			Header: handover.Header{Kind: handover.Received, Source: "pas", Class: handover.KeepMessage, Format: "application/hl7-v2"},
			Body:   handover.Body{Bytes: content},
		}})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, content)
	}
	return j, want
}

// A volume that is packed anew gives the same bodies.
func TestSealedBodiesAreTheSame(t *testing.T) {
	j, want := aJournal(t)
	if err := j.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := j.ledger.(*chain).volumes[0].generation; g != 1 {
		t.Fatalf("the volume has generation %d: it was not packed anew", g)
	}
	entries, err := j.Read(t.Context(), handover.Everything(handover.Engine), 1, len(want))
	if err != nil || len(entries) != len(want) {
		t.Fatalf("%d facts, %v", len(entries), err)
	}
	for i, e := range entries {
		if !bytes.Equal(e.Body.Bytes, want[i]) {
			t.Errorf("fact %d is another", e.Offset)
		}
	}
	r, err := j.Verify(t.Context(), nil)
	if err != nil || len(r.Faults) > 0 {
		t.Errorf("%v, %v", r.Faults, err)
	}
}

// A draft with a body that is another, or that cannot be read, replaces nothing.
func TestDraftsAreReadBack(t *testing.T) {
	j, want := aJournal(t)
	ch := j.ledger.(*chain)
	for name, harm := range map[string]func(*fact){
		"another body": func(f *fact) { f.body = plainBody(make([]byte, saltSize), want[0][:f.size]) },
		"half a pack":  func(f *fact) { f.body = f.body[:len(f.body)-2] },
		"no form":      func(f *fact) { f.body[0] = 99 },
	} {
		facts, err := j.ledger.read(t.Context(), 1, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range facts {
			facts[i].digest = digestOf(facts[i].body[1:1+saltSize], sha256.Sum256(want[i]))
		}
		const draft = draftPrefix + "test"
		if err := write(t.Context(), ch, draft, facts); err != nil {
			t.Fatal(err)
		}
		if err := ch.readBack(t.Context(), draft); err != nil {
			t.Fatalf("a good draft: %v", err)
		}
		harm(&facts[77])
		if err := write(t.Context(), ch, draft, facts); err != nil {
			t.Fatal(err)
		}
		if err := ch.readBack(t.Context(), draft); handover.KindOf(err) != handover.Damaged {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// write makes a volume of the facts.
func write(ctx context.Context, ch *chain, name string, facts []fact) error {
	path := ch.place.Path(name)
	if err := removeFiles(path, path+"-wal", path+"-shm"); err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{Place: ch.place, Name: name, Schema: schema, Durable: true})
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, &commit{facts: facts}, newNameTable()) })
	if err != nil {
		return err
	}
	return db.Finish(ctx)
}
