package journal

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// A draft that lacks anything of the volume replaces nothing.
func TestDraftsAreReadBack(t *testing.T) {
	j, want := aJournal(t)
	ch := j.ledger.(*chain)
	v := ch.volumes[0]
	all := &expiry{class: handover.KeepMessage, before: math.MaxInt64}
	const draft = draftPrefix + "test"
	prove := func(harm func([]fact) []fact, e *expiry) error {
		t.Helper()
		facts, err := j.ledger.read(t.Context(), 1, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(t.Context(), ch, draft, harm(facts)); err != nil {
			t.Fatal(err)
		}
		return ch.readBack(t.Context(), v, e, draft)
	}
	one := func(harm func(*fact)) func([]fact) []fact {
		return func(facts []fact) []fact {
			harm(&facts[77])
			return facts
		}
	}
	asIs := func(facts []fact) []fact { return facts }
	without := func(facts []fact) []fact {
		for i := range facts {
			facts[i].body, facts[i].mark = nil, nil
		}
		return facts
	}
	if err := prove(asIs, nil); err != nil {
		t.Fatalf("a good draft: %v", err)
	}
	if err := prove(without, all); err != nil {
		t.Fatalf("a good draft without what expired: %v", err)
	}
	for name, c := range map[string]struct {
		harm func([]fact) []fact
		e    *expiry
	}{
		"another body":                   {one(func(f *fact) { f.body = plainBody(make([]byte, saltSize), want[0][:f.size]) }), nil},
		"half a pack":                    {one(func(f *fact) { f.body = f.body[:len(f.body)-2] }), nil},
		"no form":                        {one(func(f *fact) { f.body[0] = 99 }), nil},
		"no body":                        {one(func(f *fact) { f.body = nil }), nil},
		"no body of one that is not due": {without, &expiry{class: handover.KeepMessage, before: 1}},
		"a body of one that is due":      {asIs, all},
		"another mark":                   {one(func(f *fact) { f.mark = make([]byte, markSize) }), nil},
		"another source":                 {one(func(f *fact) { f.head.Source = "lab" }), nil},
		"another key":                    {one(func(f *fact) { f.key = []byte("other") }), nil},
		"a fact less in the middle":      {func(facts []fact) []fact { return slices.Delete(facts, 77, 78) }, nil},
		"a fact less at the end":         {func(facts []fact) []fact { return facts[:len(facts)-1] }, nil},
		"nothing":                        {func([]fact) []fact { return nil }, nil},
	} {
		if err := prove(c.harm, c.e); handover.KindOf(err) != handover.Damaged {
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
