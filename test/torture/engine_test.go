package torture

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"handover/app/torture"
)

// binary is the built program.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "handover-torture-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "handover")
	if out, err := exec.Command("go", "build", "-o", binary, "handover/cmd/handover").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// long reports whether the long forms are asked for.
func long() bool { return os.Getenv("HANDOVER_LONG") == "1" }

// engine is the program on a configuration and a data folder of its own.
type engine struct {
	torture.Program
	torture.Ask
	t       *testing.T
	config  string
	data    string
	sources []torture.Address
}

// newEngine writes a configuration with two sources on free ports: now, which
// hears AA once a message is synced, and later, once it is in the record.
// settings are further lines of handover.yaml.
func newEngine(t *testing.T, data, settings string) *engine {
	t.Helper()
	e := &engine{t: t, config: t.TempDir(), data: data, Ask: torture.Ask{HTTP: freePort(t)}}
	e.configure("handover.yaml", "name: Torture\nhttp: "+e.Ask.HTTP+"\n"+settings)
	for _, s := range []struct{ name, acknowledge string }{{"now", "received"}, {"later", "recorded"}} {
		at := torture.Address{Name: s.name, Host: freePort(t)}
		e.sources = append(e.sources, at)
		e.configure("sources/"+s.name+".yaml", fmt.Sprintf("source: %s\nlisten: mllp://%s\nacknowledge: %s\nauthorities: [TEST]\n",
			at.Name, at.Host, s.acknowledge))
	}
	e.configure("routes/record.yaml", "route: record\nfrom: [now, later]\nto: record\n")
	log, err := os.Create(filepath.Join(e.config, "log"))
	if err != nil {
		t.Fatal(err)
	}
	e.Program = torture.Program{Path: binary, Config: e.config, Data: data, HTTP: e.Ask.HTTP, Sources: e.sources, Log: log}
	t.Cleanup(func() {
		if e.Running() {
			e.kill()
		}
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the engine's log ends:\n%s", text[max(0, len(text)-4000):])
		}
		_ = log.Close()
	})
	return e
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs the program and returns how long it took until it was ready.
func (e *engine) start() time.Duration {
	e.t.Helper()
	took, err := e.Start(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	return took
}

// kill is kill -9.
func (e *engine) kill() {
	e.t.Helper()
	if !e.Kill() {
		e.t.Error("the program had ended before it was killed")
	}
}

// stop asks it to end, as an operator would.
func (e *engine) stop() {
	e.t.Helper()
	if err := e.Stop(); err != nil {
		e.t.Error(err)
	}
}

// figures are those of /metrics.
func (e *engine) figures() map[string]float64 {
	e.t.Helper()
	figures, err := e.Figures(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	return figures
}

func (e *engine) get(path string, v any) {
	e.t.Helper()
	if err := e.Get(e.t.Context(), path, v); err != nil {
		e.t.Fatal(err)
	}
}

// awaitDecided waits until nothing is undecided.
func (e *engine) awaitDecided(patience time.Duration) {
	e.t.Helper()
	if err := torture.Await(e.t.Context(), patience, "messages stay undecided", e.Undecided); err != nil {
		e.t.Fatal(err)
	}
}

// awaitDelivered waits until nothing waits to be sent: what is open is parked.
func (e *engine) awaitDelivered(patience time.Duration) {
	e.t.Helper()
	err := torture.Await(e.t.Context(), patience, "messages still wait to be sent",
		func(ctx context.Context) (bool, error) { return e.Waiting(ctx, "") })
	if err != nil {
		e.t.Fatal(err)
	}
}

// verify is the command, on the stopped engine's folder.
func (e *engine) verify() {
	e.t.Helper()
	out, err := e.Verify(e.t.Context())
	if err != nil {
		e.t.Error(err)
		return
	}
	e.t.Logf("verify: %s", out)
}

// crowd begins senders that end with the test.
func (e *engine) crowd(n int, pause time.Duration) *torture.Crowd {
	return torture.StartCrowd(e.t.Context(), n, e.sources, pause, 2*time.Minute)
}

// end waits until every message that was begun is acknowledged.
func end(t *testing.T, c *torture.Crowd) {
	t.Helper()
	if err := c.End(); err != nil {
		t.Error(err)
	}
}

// judge holds the books of the senders, and of receivers by the names of their
// destinations, against the journal of the stopped engine.
func (e *engine) judge(c *torture.Crowd, receivers ...receiver) *torture.Kept {
	e.t.Helper()
	kept, err := torture.ReadKept(e.t.Context(), e.data)
	if err != nil {
		e.t.Fatal(err)
	}
	b := torture.Books{Sent: c.Books(), Kept: kept, Receivers: map[string]torture.ReceiverBook{}}
	for _, r := range receivers {
		b.Destinations = append(b.Destinations, r.to)
		b.Receivers[r.to.Name] = r.Book()
	}
	_, found := b.Judge()
	for _, f := range found {
		e.t.Error(f)
	}
	return kept
}

// receiver is who gets what is sent to a destination.
type receiver struct {
	*torture.Receiver
	to torture.Destination
}

// newReceiver makes one that meets faults with so many of a hundred messages.
func newReceiver(t *testing.T, seed uint64, trouble int, to torture.Destination) receiver {
	t.Helper()
	r, err := torture.NewReceiver(torture.ReceiverConfig{Seed: seed, Trouble: trouble, Late: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Down)
	return receiver{r, to}
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
