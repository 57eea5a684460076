package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// The ring gives back what was put last by a hash, or nothing.
func TestRing(t *testing.T) {
	const room = 64 << 10
	q := newRing(room)
	random := rand.New(rand.NewPCG(1, 2))
	type kept struct {
		rid           int64
		first, second []byte
	}
	last := map[int64]kept{}
	hits := 0
	for n := range 20_000 {
		hash := random.Int64N(300)
		put := kept{int64(n + 1), bytes.Repeat([]byte("c"), random.IntN(600)), bytes.Repeat([]byte("p"), random.IntN(40))}
		if random.IntN(100) == 0 {
			put.first = bytes.Repeat([]byte("c"), room/8) // too long to be kept
		}
		q.put(hash, put.rid, ref{"Observation", fmt.Sprint("o", hash)}, put.first, put.second)
		last[hash] = put
		other := random.Int64N(300)
		if random.IntN(2) == 0 {
			q.used(other)
		}
		got, rid := q.find(other)
		if rid == 0 {
			continue
		}
		hits++
		want := last[other]
		if rid != want.rid || string(got[0]) != "Observation" || string(got[1]) != fmt.Sprint("o", other) ||
			!bytes.Equal(got[2], want.first) || !bytes.Equal(got[3], want.second) {
			t.Fatalf("after %d: %d is of %d, want %d", n, other, rid, want.rid)
		}
	}
	if hits < 5000 {
		t.Errorf("found %d of 20,000", hits)
	}
	if len(q.at) > room/ringHeader {
		t.Errorf("%d names are kept of what is overwritten", len(q.at))
	}
}

// What is used stays, however much else comes; what is dropped is gone.
func TestRingKeepsWhatIsUsed(t *testing.T) {
	q := newRing(16 << 10)
	for hash := range int64(1000) {
		q.put(hash, hash+1, ref{"Patient", "p"}, make([]byte, 100), nil)
		q.used(7)
		if hash >= 7 && !has(q, 7) {
			t.Fatalf("it is gone after %d", hash)
		}
	}
	if has(q, 8) {
		t.Error("what nobody uses is still there")
	}
	if q.drop(7); has(q, 7) {
		t.Error("it is there after it was dropped")
	}
}

func has(q *ring, hash int64) bool { _, rid := q.find(hash); return rid != 0 }
