package torture

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"handover/app/torture"
)

// TestKillDeliveries kills the program twenty times while it sends on what comes
// in, to two receivers that do all that receivers do: one that must not get anything
// twice, and one that may. In the end their books must agree with the journal's.
func TestKillDeliveries(t *testing.T) {
	e := newEngine(t, t.TempDir(), "volume_size: 4MB\nlow_space: 1MB\n")
	careful, again := newReceiver(t, 1, 12, torture.Destination{Name: "careful"}), newReceiver(t, 2, 12, torture.Destination{Name: "again", Repeats: true})
	for _, r := range []receiver{careful, again} {
		policy := "unknown: hold"
		if r.to.Repeats {
			policy = "unknown: resend\nidempotent: true"
		}
		e.configure("destinations/"+r.to.Name+".yaml", fmt.Sprintf("destination: %s\nsend: mllp://%s\nowner: the tests\nconnections: 4\n"+
			"answer: 200ms\nwrite: 1s\nretry:\n  first: 20ms\n  most: 200ms\n%s\n", r.to.Name, r.Address(), policy))
	}
	e.configure("routes/out.yaml", "route: out\nfrom: [now, later]\nto:\n  - destination: careful\n  - destination: again\n")
	e.start()
	c := e.crowd(16, 20*time.Millisecond)
	rng := rand.New(rand.NewPCG(20, 16))
	life := 700 * time.Millisecond
	if long() {
		life = 4 * time.Second
	}
	for range kills {
		time.Sleep(100*time.Millisecond + time.Duration(rng.Int64N(int64(life))))
		e.kill()
		e.start()
	}
	end(t, c)
	careful.Rest()
	again.Rest()
	e.awaitDecided(2 * time.Minute)
	e.awaitDelivered(2 * time.Minute)
	e.stop()
	e.verify()
	before := e.judge(c, careful, again)

	// A person looks at what is parked, and lets it go.
	e.start()
	for _, name := range []string{"careful", "again"} {
		if out, err := exec.Command(binary, "unpark", "--server", "http://"+e.Ask.HTTP, "--destination", name, "--why", "looked at").CombinedOutput(); err != nil {
			t.Errorf("unpark: %v\n%s", err, out)
		}
	}
	e.awaitDelivered(time.Minute)
	e.balanced()
	e.stop()
	after := e.judge(c, careful, again)
	for id, d := range after.Deliveries {
		if d.State != "accepted" {
			t.Errorf("%v is %s in the end", id, d.State)
		}
	}
	acked, _, _ := c.Sums()
	t.Logf("%d kills: %d messages acknowledged, deliveries before a person looked %v, after %v", kills, acked, before.Count(), after.Count())
	if n := before.Count(); n["parked"] == 0 || len(careful.Book().Rejected) == 0 || int64(len(after.Deliveries)) != 2*acked {
		t.Errorf("of %d messages there are %d deliveries, %d of them were parked", acked, len(after.Deliveries), n["parked"])
	}
}
