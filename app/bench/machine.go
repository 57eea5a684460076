package bench

import (
	"math/rand/v2"
	"time"
)

// machine measures what the figures without a disk are bounded by, so that those
// of two machines, or of one machine in two hours, can be compared: parsing and
// converting wait for memory more than they calculate.
func machine(r *Report) {
	const part = "This machine, one core"
	r.add(part, "dependent multiplications", multiplications(), "million/s")
	r.add(part, "one load from 64 MB at random", randomLoad().Seconds()*1e9, "ns")
}

// multiplications is how many millions of multiplications a second follow one
// another, each waiting for the one before.
func multiplications() float64 {
	const n = 100_000_000
	x := uint64(Sink) | 1
	took := processorTime(func() {
		for range n {
			x *= 6364136223846793005
		}
	})
	Sink = int(x >> 1)
	return n / took.Seconds() / 1e6
}

// randomLoad is how long a load takes whose address the one before gave, from
// memory that fits into no cache.
func randomLoad() time.Duration {
	const places, loads = 64 << 20 / 4, 2_000_000
	next := make([]uint32, places)
	for i := range next {
		next[i] = uint32(i)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := places - 1; i > 0; i-- { // Sattolo's shuffle: one round through all places
		j := random.IntN(i)
		next[i], next[j] = next[j], next[i]
	}
	at := uint32(0)
	took := processorTime(func() {
		for range loads {
			at = next[at]
		}
	})
	Sink = int(at)
	return took / loads
}

// processorTime is what do takes of all cores: what others do on the machine at
// the time should not count, as far as that can be had.
func processorTime(do func()) time.Duration {
	start, spent := time.Now(), busy()
	do()
	if spent = busy() - spent; spent > 0 {
		return spent
	}
	return time.Since(start)
}
