package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/balance"
	"handover/deliver"
)

// peerMessages is how many messages the sender sends.
const peerMessages = 60

// TestPeers runs the program between peers that others wrote: node-hl7-client sends,
// simple-hl7 receives, and node-hl7-server 2.5.0 receives with a fault: on an open
// connection it acknowledges with the n-th message all before it once more. Whoever
// takes the next frame for the answer marks what never came as delivered; here what
// each receiver printed must be what the engine holds to be delivered.
func TestPeers(t *testing.T) {
	dir := installPeers(t)
	good, faulty := startPeer(t, dir, "receiver.mjs"), startPeer(t, dir, "faulty.mjs")
	e := startBetween(t, map[string]string{"good": good.address, "faulty": faulty.address})

	acks := outputOf(t, dir, "sender.mjs", port(e.source), strconv.Itoa(peerMessages))
	for i := range peerMessages {
		if want := fmt.Sprintf("AA PEER%d", i+1); i >= len(acks) || acks[i] != want {
			t.Fatalf("the sender's answers are %q; number %d should be %q", acks, i+1, want)
		}
	}
	// Everything is delivered to both, or parked as what it is.
	e.await(t, func() bool {
		return e.destination(t, "good").Waiting == 0 && e.destination(t, "faulty").Waiting == 0 &&
			e.destination(t, "good").Tries[handover.Accepted] == peerMessages
	})
	if s := e.destination(t, "faulty"); s.Parked != 0 || s.Tries[handover.Accepted] != peerMessages || s.Strays == 0 {
		t.Errorf("the faulty receiver's is %+v: every message should be accepted by its own answer, and the others kept as strays", s)
	}
	if took := good.lines(); len(took) != peerMessages || len(slices.Compact(slices.Sorted(slices.Values(took)))) != peerMessages {
		t.Errorf("simple-hl7 took %d messages: %q", len(took), took)
	}
	checkOrder(t, good.lines())
	took := map[string]bool{}
	for _, control := range faulty.lines() {
		took[control] = true
	}
	if len(took) != peerMessages {
		t.Errorf("node-hl7-server took %d different messages", len(took))
	}
	var r balance.Report
	if e.get(t, "/api/v1/balance", &r); !r.Balanced {
		t.Errorf("it does not balance: %+v", r)
	}
}

// checkOrder: of each patient, messages came in the order in which they were sent.
func checkOrder(t *testing.T, took []string) {
	t.Helper()
	last := map[int]int{} // by patient
	for _, control := range took {
		n, err := strconv.Atoi(strings.TrimPrefix(control, "PEER"))
		if err != nil {
			t.Fatal(err)
		}
		if n < last[n%5] {
			t.Errorf("%s came after PEER%d of the same patient", control, last[n%5])
		}
		last[n%5] = n
	}
}

// unreachable is how npm says that it cannot reach its registry.
var unreachable = regexp.MustCompile(`ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|E403|E407|E50[234]`)

// installPeers installs what the lock file names, where nothing else is, and returns
// the folder.
func installPeers(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the peers cannot run", tool)
		}
	}
	dir := t.TempDir()
	if err := copyTree("peers", dir, func(content []byte) []byte { return content }); err != nil {
		t.Fatal(err)
	}
	install := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		if unreachable.Match(out) {
			t.Skipf("npm's registry cannot be reached: the peers cannot be installed")
		}
		t.Fatalf("installing the peers: %v\n%s", err, out)
	}
	return dir
}

// peer is a receiver, and what it printed.
type peer struct {
	address string
	mu      sync.Mutex
	printed []string
}

func startPeer(t *testing.T, dir, script string) *peer {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{address: address}
	ctx, cancel := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, "node", script, port(address))
	process.Dir, process.Stderr = dir, os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			p.printed = append(p.printed, lines.Text())
			p.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
		_ = process.Wait()
	})
	for range 400 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return p
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s does not listen", script)
	return nil
}

func (p *peer) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.printed)
}

// outputOf runs a script to its end and returns the lines that it printed.
func outputOf(t *testing.T, dir, script string, args ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	process := exec.CommandContext(ctx, "node", append([]string{script}, args...)...)
	process.Dir, process.Stderr = dir, os.Stderr
	out, err := process.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// between is an engine that sends on what its one source sends.
type between struct{ source, http string }

func startBetween(t *testing.T, destinations map[string]string) between {
	t.Helper()
	var e between
	var err1, err2 error
	e.source, err1 = freeAddress()
	e.http, err2 = freeAddress()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	dir := t.TempDir()
	files := map[string]string{
		"handover.yaml":    "name: Between peers\nhttp: " + e.http + "\n",
		"sources/pas.yaml": "source: pas\nlisten: mllp://" + e.source + "\nauthorities: [PEER]\n",
	}
	route := "route: all\nfrom: pas\nto:\n  - record\n"
	for _, name := range slices.Sorted(maps.Keys(destinations)) {
		files["destinations/"+name+".yaml"] = "destination: " + name + "\nsend: mllp://" + destinations[name] + "\nowner: the tests\nconnections: 2\nanswer: 10s\n"
		route += "  - destination: " + name + "\n"
	}
	files["routes/all.yaml"] = route
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	process := exec.Command(filepath.Join(binary, "handover"), "run", "--config", dir, "--data", t.TempDir())
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(os.Interrupt)
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
	})
	e.await(t, func() bool {
		answer, err := http.Get("http://" + e.http + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return e
}

func (e between) await(t *testing.T, so func() bool) {
	t.Helper()
	for range 1200 {
		if so() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("not within half a minute")
}

func (e between) get(t *testing.T, path string, into any) {
	t.Helper()
	answer, err := http.Get("http://" + e.http + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

func (e between) destination(t *testing.T, name string) deliver.Status {
	t.Helper()
	var list struct{ Destinations []deliver.Status }
	e.get(t, "/api/v1/destinations", &list)
	for _, s := range list.Destinations {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no destination %s", name)
	return deliver.Status{}
}
