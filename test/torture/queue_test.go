package torture

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"handover/app/torture"
	"handover/deliver"
)

// TestLongQueue lets a million messages (HANDOVER_MESSAGES) wait for a destination that
// is paused, and then go: how fast each tenth of them leaves, and what the program holds
// in memory meanwhile. A long test: HANDOVER_LONG=1.
func TestLongQueue(t *testing.T) {
	if !long() {
		t.Skip("a long test: set HANDOVER_LONG=1")
	}
	n := messagesWanted(t)
	e := newEngine(t, t.TempDir(), "")
	fast := newReceiver(t, 4, 0, torture.Destination{Name: "fast"})
	e.configure("destinations/fast.yaml", fmt.Sprintf("destination: fast\nsend: mllp://%s\nowner: the tests\nconnections: 16\n", fast.Address()))
	e.configure("routes/record.yaml", "route: record\nfrom: later\nto: record\n")
	e.configure("routes/out.yaml", "route: out\nfrom: now\nto:\n  - destination: fast\n")
	e.Patience = 10 * time.Minute
	e.start()
	act := func(verb string) {
		command(t, verb, "fast", "--server", "http://"+e.Ask.HTTP, "--why", "a test")
	}
	act("pause")
	e.stop()
	putMessages(t, e.data, 0, n)
	e.start()
	measure(t, "deciding them", func() { e.awaitDecided(time.Hour) })
	t.Logf("%d wait, the program holds %d MB", e.waiting(), e.resident())
	began, tenth := time.Now(), time.Now()
	act("resume")
	for left, before, next := n, n, n*9/10; left > 0; time.Sleep(2 * time.Second) { // to ask counts all that wait
		if left = e.waiting(); left <= next {
			t.Logf("%7d left: %6.0f a second, the program holds %d MB", left, float64(before-left)/time.Since(tenth).Seconds(), e.resident())
			tenth, before, next = time.Now(), left, left-n/10
		}
	}
	t.Logf("all %d in %v, %.0f a second", n, time.Since(began).Round(time.Second), float64(n)/time.Since(began).Seconds())
	r := e.balanced()
	if d := r.Destinations[0]; d.Accepted != int64(n) || d.InFlight != 0 {
		t.Errorf("the balance says %+v", d)
	}
	e.stop()
	came := fast.Book().Came
	if len(came) != n {
		t.Errorf("%d messages came, of %d", len(came), n)
	}
	for control, times := range came {
		if times > 1 {
			t.Errorf("%s came %d times", control, times)
		}
	}
}

// waiting is how many messages wait for the one destination.
func (e *engine) waiting() int {
	e.t.Helper()
	var list struct{ Destinations []deliver.Status }
	e.get("/api/v1/destinations", &list)
	return int(list.Destinations[0].Waiting)
}

// resident is what the program holds in memory, in MB.
func (e *engine) resident() int {
	e.t.Helper()
	text, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(e.PID())).Output()
	if err != nil {
		return 0
	}
	kb, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return kb >> 10
}
