package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/journal"
)

// TestKillDeliveries kills the program twenty times while it sends on what comes
// in, to two receivers that answer late, twice, wrongly, never, or hang up: one that
// must not get anything twice, and one that may. In the end their books must agree
// with the journal's.
func TestKillDeliveries(t *testing.T) {
	e := newEngine(t, t.TempDir(), "volume_size: 4MB\nlow_space: 1MB\n")
	careful, again := newReceiver(t, 1), newReceiver(t, 2)
	for name, r := range map[string]*receiver{"careful": careful, "again": again} {
		policy := "unknown: hold"
		if r == again {
			policy = "unknown: resend\nidempotent: true"
		}
		e.configure("destinations/"+name+".yaml", fmt.Sprintf("destination: %s\nsend: mllp://%s\nowner: the tests\nconnections: 4\n"+
			"answer: 200ms\nretry:\n  first: 20ms\n  most: 200ms\n%s\n", name, r.address, policy))
	}
	e.configure("routes/out.yaml", "route: out\nfrom: [now, later]\nto:\n  - destination: careful\n  - destination: again\n")
	e.start()
	c := startCrowd(t, 16, e.sources, 20*time.Millisecond, 2*time.Minute)
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
	c.end()
	careful.rest()
	again.rest()
	e.awaitDecided(2 * time.Minute)
	e.awaitDelivered(2 * time.Minute)
	e.stop()
	e.verify()
	before := readDeliveries(t, e.data)
	before.judge(t, "careful", careful, false)
	before.judge(t, "again", again, true)

	// A person looks at what is parked, and lets it go.
	e.start()
	for _, name := range []string{"careful", "again"} {
		if out, err := exec.Command(binary, "unpark", "--server", "http://"+e.http, "--destination", name, "--why", "looked at").CombinedOutput(); err != nil {
			t.Errorf("unpark: %v\n%s", err, out)
		}
	}
	e.awaitDelivered(time.Minute)
	e.balanced()
	e.stop()
	after := readDeliveries(t, e.data)
	after.judge(t, "careful", careful, true)
	after.judge(t, "again", again, true)
	for id, state := range after.state {
		if state != "accepted" {
			t.Errorf("%v is %s in the end", id, state)
		}
	}
	acked, _, _ := c.sums()
	t.Logf("%d kills: %d messages acknowledged, deliveries before a person looked %v, after %v", kills, acked, before.count(), after.count())
	if n := before.count(); n["parked"] == 0 || len(careful.said) == 0 || int64(len(after.state)) != 2*acked {
		t.Errorf("of %d messages there are %d deliveries, %d of them were parked", acked, len(after.state), n["parked"])
	}
}

// configure adds a file to the configuration.
func (e *engine) configure(name, text string) {
	e.t.Helper()
	path := filepath.Join(e.config, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// awaitDelivered waits until nothing waits to be sent: what is open is parked.
func (e *engine) awaitDelivered(patience time.Duration) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var page struct {
			Deliveries []json.RawMessage `json:"deliveries"`
		}
		e.get("/api/v1/deliveries?state=waiting&limit=1", &page)
		if len(page.Deliveries) == 0 {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("it is not sent: %s", page.Deliveries[0])
		}
	}
}

// deliveries are what the journal says of them.
type deliveries struct {
	state   map[handover.DeliveryID]string
	reason  map[handover.DeliveryID]string // of what is parked
	control map[handover.Offset]string     // MSH-10, by the deciding fact
}

// readDeliveries folds all facts of a folder that no engine uses, by the rules of
// docs/formats/deliver.md.
func readDeliveries(t *testing.T, dir string) *deliveries {
	t.Helper()
	j, err := journal.Open(context.Background(), journal.Config{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d := &deliveries{map[handover.DeliveryID]string{}, map[handover.DeliveryID]string{}, map[handover.Offset]string{}}
	controls := map[handover.Offset]string{}
	for from := handover.Offset(1); ; {
		facts, err := j.Read(context.Background(), everything, from, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(facts) == 0 {
			return d
		}
		for _, f := range facts {
			if f.Kind == handover.Received && f.Body.File == "" {
				controls[f.Offset] = strings.SplitN(string(f.Body.Bytes), "|", 11)[9]
			}
			d.add(f, controls)
		}
		from = facts[len(facts)-1].Offset + 1
	}
}

func (d *deliveries) add(f handover.Entry, controls map[handover.Offset]string) {
	var said struct {
		handover.DeliveryID
		Deliveries []struct{ To string }
		Ending     string
		Reason     string
		Late       bool
	}
	if f.Format != "application/json" || json.Unmarshal(f.Body.Bytes, &said) != nil {
		return
	}
	id := said.DeliveryID
	if d.state[id] == "accepted" || d.state[id] == "cancelled" {
		return
	}
	switch f.Kind {
	case handover.Decided:
		for _, one := range said.Deliveries {
			d.state[handover.DeliveryID{Of: f.Offset, To: one.To}] = "waiting"
		}
		d.control[f.Offset] = controls[f.Cause]
	case handover.Attempted:
		d.state[id] = "under way"
	case handover.Ended:
		if said.Ending == "accepted" {
			d.state[id] = "accepted"
		} else if !said.Late {
			d.state[id] = "waiting"
		}
	case handover.Parked:
		d.state[id], d.reason[id] = "parked", said.Reason
	case handover.Released:
		d.state[id] = "waiting"
	case handover.Cancelled:
		d.state[id] = "cancelled"
	}
}

func (d *deliveries) count() map[string]int {
	out := map[string]int{}
	for id, state := range d.state {
		if out[state]++; state == "parked" {
			out["parked as "+d.reason[id]]++
		}
	}
	return out
}

// judge holds a receiver's book against the journal.
func (d *deliveries) judge(t *testing.T, name string, r *receiver, mayRepeat bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	known := map[string]bool{}
	for id, state := range d.state {
		if id.To != name {
			continue
		}
		control := d.control[id.Of]
		if control == "" {
			continue // a long message, whose MSH-10 is not looked at
		}
		known[control] = true
		switch took := r.took[control]; {
		case state == "accepted" && took == 0:
			t.Errorf("%s is held to be delivered to %s, which never had it", control, name)
		case state == "parked" && d.reason[id] == "rejected" && r.said[control] == 0:
			t.Errorf("%s is held to be rejected by %s, which never did", control, name)
		case state == "parked" && d.reason[id] == "rejected" && took > 0 && !mayRepeat:
			t.Errorf("%s was rejected by %s, and taken too", control, name)
		case state != "accepted" && state != "parked":
			t.Errorf("%s to %s is %s", control, name, state)
		case took > 1 && !mayRepeat:
			t.Errorf("%s was sent to %s %d times", control, name, took)
		}
	}
	for control := range r.took {
		if !known[control] && !strings.HasSuffix(control, "49") { // every largeEvery-th
			t.Errorf("%s came to %s, and nothing says that it should", control, name)
		}
	}
}
