package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// The ring gives back the state that was put last of a resource, or nothing.
func TestStateRing(t *testing.T) {
	const room = 64 << 10
	q := newStateRing(room)
	random := rand.New(rand.NewPCG(1, 2))
	last := map[ref]*state{}
	hits := 0
	for n := range 20_000 {
		name := ref{"Observation", fmt.Sprint("o", random.IntN(300))}
		rid := int64(n)
		s := &state{ref: name, rid: &rid, version: int64(n), owner: strings.Repeat("p", random.IntN(40)),
			content: []byte(strings.Repeat("c", random.IntN(600)))}
		if random.IntN(100) == 0 {
			s.content = bytes.Repeat([]byte("c"), room/8) // too long to be kept
		}
		q.put(s, s.encode())
		last[name] = s
		other := ref{"Observation", fmt.Sprint("o", random.IntN(300))}
		got, want := q.get(other), last[other]
		if got == nil {
			continue
		}
		hits++
		if got.version != want.version || got.owner != want.owner || *got.rid != *want.rid || !bytes.Equal(got.content, want.content) {
			t.Fatalf("after %d: %s is of %d, want %d", n, other, got.version, want.version)
		}
	}
	if hits < 5000 {
		t.Errorf("found %d of 20,000", hits)
	}
	if len(q.at) > room/ringHeader {
		t.Errorf("%d names are kept of what is overwritten", len(q.at))
	}
}

// What one message did is found by the next without a look into the tables.
func TestStateCacheKeepsWhatWasApplied(t *testing.T) {
	c := newStateCache(1, 64<<10)
	var all []ref
	for i := range 50 {
		rid := int64(i + 1)
		s := &state{ref: ref{"Patient", fmt.Sprint("p", i)}, rid: &rid, version: 1, content: []byte(`{"resourceType":"Patient"}`)}
		c.applied(s, s.encode())
		all = append(all, s.ref)
	}
	for i, r := range all {
		if s := c.get(r); s == nil || *s.rid != int64(i+1) || s.version != 1 {
			t.Errorf("%s: %v", r, s)
		}
	}
	c.clear()
	if c.get(all[0]) != nil {
		t.Error("there is something after clear")
	}
}
