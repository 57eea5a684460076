package journal

import (
	"math/rand/v2"
	"testing"

	"handover"
)

// The table answers as a map does, however it grew, also where numbers differ in
// their last bits only.
func TestControls(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, size := range []int{0, 50_000} {
		c, want := newControls(size), map[uint64]handover.Offset{}
		number := func() uint64 {
			if random.IntN(10) == 0 {
				return uint64(random.IntN(20_000)) << (8 * random.IntN(5)) // close to each other
			}
			return random.Uint64N(1 << 48)
		}
		for n := range 100_000 {
			k := number()
			at := handover.Offset(n + 1)
			if n%1000 == 0 {
				at = 1<<48 - 1 - at
			}
			c.put(k, at)
			want[k] = at
			probe := number()
			if got, ok := c.get(probe); got != want[probe] || ok != (want[probe] != 0) {
				t.Fatalf("%x leads to %d, %t, and was put for %d", probe, got, ok, want[probe])
			}
		}
		for k, at := range want {
			if got, ok := c.get(k); !ok || got != at {
				t.Fatalf("%x leads to %d, %t, and was put for %d", k, got, ok, at)
			}
		}
		if c.used != len(want) {
			t.Errorf("%d are used, for %d", c.used, len(want))
		}
		if size == 0 && c.used < len(c.low)/2 {
			t.Errorf("%d of %d places are used", c.used, len(c.low))
		}
	}
}
