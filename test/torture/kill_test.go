package torture

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	kills       = 20
	connections = 64
)

// TestKill kills the program twenty times under 64 connections, at any moment
// of its work. Each time the senders send again what was not acknowledged.
func TestKill(t *testing.T) {
	e := newEngine(t, t.TempDir(), "volume_size: 1MB\nlow_space: 1MB\n")
	e.start()
	c := e.crowd(connections, 60*time.Millisecond)
	rng := rand.New(rand.NewPCG(20, 64))
	life := 900 * time.Millisecond
	if long() {
		life = 4 * time.Second
	}
	var starts []time.Duration
	for range kills {
		time.Sleep(100*time.Millisecond + time.Duration(rng.Int64N(int64(life))))
		e.kill()
		starts = append(starts, e.start())
	}
	end(t, c)
	e.awaitDecided(2 * time.Minute)
	e.balanced()
	e.stop()
	e.verify()
	k := e.judge(c)
	acked, resent, refused := c.Sums()
	slices.Sort(starts)
	t.Logf("%d kills, %d connections: %d messages acknowledged, tried again %d times, told to try again %d times",
		kills, connections, acked, resent, refused)
	t.Logf("the journal: %s", k.Summary())
	t.Logf("starts took %v at the median, %v at most", starts[len(starts)/2].Round(time.Millisecond), starts[len(starts)-1].Round(time.Millisecond))
	if k.Repeated == 0 || acked == 0 {
		t.Error("no message was ever in flight: this proved nothing")
	}
}
