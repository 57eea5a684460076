package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"handover"
)

func example() fact {
	f := fact{at: 300, key: []byte{1, 2, 3}, size: 5, mark: bytes.Repeat([]byte{7}, markSize)}
	f.head = handover.Header{Kind: handover.Received, Time: time.UnixMilli(1700000000123).UTC(), Release: "r", Source: "adt",
		Cause: 299, Class: handover.KeepMessage, Actor: "engine", Format: "application/hl7-v2", Answer: "AA", Conn: "c"}
	f.digest = digestOf(bytes.Repeat([]byte{9}, saltSize), emptySum)
	return f
}

// The leaf hash and the head are part of format 1: if this test fails, old
// journals cannot be read or proven any more.
func TestFormatDoesNotChange(t *testing.T) {
	f := example()
	leaf := f.leaf()
	if got := hex.EncodeToString(leaf[:]); got != wantLeaf {
		t.Errorf("leaf %s", got)
	}
	head := f.appendHead(nil, newNameTable())
	if got := hex.EncodeToString(head); got != wantHead {
		t.Errorf("head %s", got)
	}
	f.head.Answer = "AE"
	if f.leaf() == leaf {
		t.Error("the leaf does not cover the answer")
	}
}

// TestTraceIsAddedToTheFormat: a fact with a trace has the head and the leaf of one
// without, and more; and both are read.
func TestTraceIsAddedToTheFormat(t *testing.T) {
	names, without, with := newNameTable(), example(), example()
	with.head.Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 vendor=1"
	head := with.appendHead(nil, names)
	if !bytes.HasPrefix(head, without.appendHead(nil, names)) || with.leaf() == without.leaf() {
		t.Error("the trace is not added at the end of the head, or not covered by the leaf")
	}
	got := fact{at: with.at, key: with.key}
	got.head.Kind, got.head.Time = with.head.Kind, with.head.Time
	if err := got.parseHead(head, names); err != nil || got.head != with.head || !bytes.Equal(got.mark, with.mark) {
		t.Errorf("read %+v, %v", got, err)
	}
	for _, bad := range [][]byte{head[:len(head)-1], append(bytes.Clone(head), 'x'), append(without.appendHead(nil, names), 0)} {
		if err := got.parseHead(bad, names); err == nil {
			t.Errorf("%x was read", bad)
		}
	}
}

const (
	wantLeaf = "52bb0541b2c94b218d21c2379832440e2ff3b32ee1160145b855555ad5d0804f"
	wantHead = "0facbe0ab6edfa29aadcf3a0b62836a18cbb13a986e0647ea838580fa74b9fcf050101000102030405061007070707070707070707070707070707"
)

func TestHeadRoundTrip(t *testing.T) {
	names := newNameTable()
	want := example()
	got := fact{at: want.at, key: want.key}
	got.head.Kind, got.head.Time = want.head.Kind, want.head.Time
	if err := got.parseHead(want.appendHead(nil, names), names); err != nil {
		t.Fatal(err)
	}
	if got.head != want.head || got.digest != want.digest || got.size != want.size || !bytes.Equal(got.mark, want.mark) {
		t.Errorf("got %+v", got)
	}
	names.settle(false)
	if err := got.parseHead(want.appendHead(nil, names)[:40], names); err == nil {
		t.Error("half a head was read")
	}
}

func FuzzHead(f *testing.F) {
	names := newNameTable()
	e := example()
	f.Add(e.appendHead(nil, names))
	e.head.Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	f.Add(e.appendHead(nil, names))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := fact{at: 300}
		if got.parseHead(b, names) != nil {
			return
		}
		again := fact{at: 300}
		if err := again.parseHead(got.appendHead(nil, names), names); err != nil || again.head != got.head || again.size != got.size {
			t.Errorf("a head that was read does not survive writing: %v", err)
		}
	})
}

func FuzzBody(f *testing.F) {
	salt := make([]byte, saltSize)
	f.Add(plainBody(salt, []byte("x")))
	f.Add(fileBody(salt, "name"))
	f.Add(packBody(salt, 1, 2, 3, []byte("piece")))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseBody(9, b)
		if err != nil {
			return
		}
		if s.form == formPack && (s.pack.owner < 1 || s.pack.owner > 9 || s.pack.start < 0) {
			t.Errorf("an impossible pack: %+v", s.pack)
		}
		u := newUnpacker(nil, nil, nil)
		if s.form == formPlain {
			fact := fact{at: 9, size: int64(len(s.data)), body: b}
			if got, err := u.content(t.Context(), &fact); err != nil || !bytes.Equal(got, s.data) {
				t.Errorf("a plain body reads as %q, %v", got, err)
			}
		}
	})
}

func FuzzMarks(f *testing.F) {
	b := markBlock{marks: []marked{{5, 1000, [markSize]byte(bytes.Repeat([]byte{1}, markSize))}, {9, 1000, [markSize]byte(bytes.Repeat([]byte{2}, markSize))}}}
	f.Add(b.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		marks, err := decodeMarks(data)
		if err != nil {
			return
		}
		again, err := decodeMarks((&markBlock{marks: marks}).encode())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(marks) {
			t.Errorf("marks that were read do not survive writing: %v", err)
		}
	})
}

// The edge of the tree agrees with the reference implementation at every size.
func TestFrontierIsTheTree(t *testing.T) {
	var f frontier
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, _ error) {
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for n := range int64(600) {
		if n > 0 {
			want, err := tlog.TreeHash(n, reader)
			if err != nil || f.root() != want {
				t.Fatalf("at %d leaves the root differs: %v", n, err)
			}
		}
		leaf := tlog.RecordHash([]byte{byte(n), byte(n >> 8)})
		more, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
		for _, c := range f.add(leaf) {
			if stored[tlog.StoredHashIndex(c.level, c.n)] != c.hash {
				t.Errorf("node %d of level %d differs", c.n, c.level)
			}
		}
	}
}

// Whatever is packed comes out again, whichever facts lie between, also where
// bodies are longer than what should share a pack.
func TestPackRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			limit := target
			if seed%2 == 1 {
				limit = func(string) int { return 500 }
			}
			packRoundTrip(t, rand.New(rand.NewPCG(seed, 2)), limit)
		})
	}
}

func packRoundTrip(t *testing.T, rng *rand.Rand, limit func(format string) int) {
	c, err := compressors()
	if err != nil {
		t.Fatal(err)
	}
	facts := make([]fact, 500)
	var all []packable
	var want [][]byte
	for i := range facts {
		f := &facts[i]
		f.at = handover.Offset(i + 1)
		f.head.Class = handover.Retention(rng.IntN(3))
		f.head.Format = []string{"application/hl7-v2", "application/json"}[rng.IntN(2)]
		content := bytes.Repeat([]byte(fmt.Sprint("text ", i)), rng.IntN(400))
		if rng.IntN(10) == 0 {
			content = nil
		}
		f.size = int64(len(content))
		p := packable{f: f, salt: bytes.Repeat([]byte{byte(i)}, saltSize), content: content}
		f.digest = digestOf(p.salt, sha256.Sum256(content))
		if rng.IntN(20) == 0 && content != nil {
			p.frame = c.frame(f.head.Format, content)
		}
		all, want = append(all, p), append(want, content)
	}
	c.pack(all, limit)
	classes := map[handover.Offset]handover.Retention{}
	u := newUnpacker(nil, c, facts)
	for i := range facts {
		f := &facts[i]
		got, err := u.content(t.Context(), f)
		if err != nil || !bytes.Equal(got, want[i]) {
			t.Fatalf("fact %d: %d bytes, %v; want %d", f.at, len(got), err, len(want[i]))
		}
		if err := u.prove(t.Context(), f); err != nil {
			t.Errorf("fact %d: %v", f.at, err)
		}
		s, err := parseBody(f.at, f.body)
		if err != nil || s.salt[0] != byte(i) {
			t.Errorf("fact %d: salt %v, %v", f.at, s.salt, err)
		}
		if s.form == formPack {
			if class, known := classes[s.pack.owner]; known && class != f.head.Class {
				t.Errorf("fact %d shares a pack with another class", f.at)
			}
			classes[s.pack.owner] = f.head.Class
		}
	}
}

func TestWindowForgets(t *testing.T) {
	w := newWindow(24 * time.Hour)
	m := newMarker([]byte("k"))
	hour := time.Hour.Milliseconds()
	for h := range int64(100) {
		w.add(marked{handover.Offset(h + 1), h * hour, [markSize]byte(m.mark("s", fmt.Sprint(h), emptySum))})
	}
	if n := len(w.candidates(m.mark("s", "99", emptySum), 99*hour)); n != 1 {
		t.Errorf("%d candidates for the newest", n)
	}
	if n := len(w.candidates(m.mark("s", "76", emptySum), 99*hour)); n != 1 {
		t.Errorf("%d candidates for one of 23 hours ago", n)
	}
	if n := len(w.candidates(m.mark("s", "50", emptySum), 99*hour)); n != 0 {
		t.Errorf("%d candidates for one of two days ago", n)
	}
	if len(w.eras) > eraCount+2 {
		t.Errorf("%d eras", len(w.eras))
	}
}

func TestMarksTellApart(t *testing.T) {
	m := newMarker([]byte("k"))
	one := m.mark("ab", "c", emptySum)
	for name, other := range map[string][]byte{
		"moved border": m.mark("a", "bc", emptySum),
		"other key":    newMarker([]byte("l")).mark("ab", "c", emptySum),
		"other bytes":  m.mark("ab", "c", digestOf(nil, emptySum)),
	} {
		if bytes.Equal(one, other) || exactOf(one) == exactOf(other) {
			t.Errorf("%s: the same mark", name)
		}
		if same := controlOf(one) == controlOf(other); same != (name == "other bytes") {
			t.Errorf("%s: control part the same: %v", name, same)
		}
	}
}
