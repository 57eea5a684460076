package torture

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
	t       *testing.T
	config  string
	data    string
	sources map[string]string // source → address
	http    string
	process *exec.Cmd
	ended   chan error
	log     *os.File
	// patience is how long a start may take.
	patience time.Duration
}

// newEngine writes a configuration with two sources on free ports: now, which
// hears AA once a message is synced, and later, once it is in the record.
// settings are further lines of handover.yaml.
func newEngine(t *testing.T, data, settings string) *engine {
	t.Helper()
	e := &engine{t: t, config: t.TempDir(), data: data, sources: map[string]string{}, http: freePort(t), patience: time.Minute}
	write := func(name, text string) {
		path := filepath.Join(e.config, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("handover.yaml", "name: Torture\nhttp: "+e.http+"\n"+settings)
	for name, acknowledge := range map[string]string{"now": "received", "later": "recorded"} {
		e.sources[name] = freePort(t)
		write("sources/"+name+".yaml", fmt.Sprintf("source: %s\nlisten: mllp://%s\nacknowledge: %s\nauthorities: [TEST]\n",
			name, e.sources[name], acknowledge))
	}
	write("routes/record.yaml", "route: record\nfrom: [now, later]\nto: record\n")
	log, err := os.Create(filepath.Join(e.config, "log"))
	if err != nil {
		t.Fatal(err)
	}
	e.log = log
	t.Cleanup(func() {
		if e.process != nil {
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

// start runs the program and returns how long it took until it listened.
func (e *engine) start() time.Duration {
	e.t.Helper()
	began := time.Now()
	e.process = exec.Command(binary, "run", "--config", e.config, "--data", e.data)
	e.process.Stdout, e.process.Stderr = e.log, e.log
	if err := e.process.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.ended = make(chan error, 1)
	go func(p *exec.Cmd, ended chan<- error) { ended <- p.Wait() }(e.process, e.ended)
	for {
		if listens(e.sources["now"]) && listens(e.sources["later"]) && listens(e.http) {
			return time.Since(began)
		}
		select {
		case err := <-e.ended:
			e.process = nil
			e.t.Fatalf("the engine ended at its start: %v", err)
		case <-time.After(2 * time.Millisecond):
		}
		if time.Since(began) > e.patience {
			e.t.Fatalf("the engine did not start within %v", e.patience)
		}
	}
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close() // nothing was said
	}
	return err == nil
}

// kill is kill -9.
func (e *engine) kill() {
	_ = e.process.Process.Kill() // it may have ended
	if err := <-e.ended; err == nil {
		e.t.Error("a program that was killed ended well")
	}
	e.process = nil
}

// stop asks it to end, as an operator would.
func (e *engine) stop() {
	e.t.Helper()
	if err := e.process.Process.Signal(syscall.SIGTERM); err != nil {
		e.t.Error(err)
	}
	select {
	case err := <-e.ended:
		if err != nil {
			e.t.Errorf("stopping: %v", err)
		}
		e.process = nil
	case <-time.After(time.Minute):
		e.t.Error("the engine did not stop within a minute")
		e.kill()
	}
}

// undecided reports whether a message waits to be decided, or a fact to be
// taken into the trace, which is what can be asked.
func (e *engine) undecided() bool {
	e.t.Helper()
	var page struct {
		Messages []json.RawMessage `json:"messages"`
	}
	e.get("/api/v1/messages?state=received&limit=1", &page)
	figures := e.figures()
	return len(page.Messages) > 0 || figures[`handover_applied_offset{projection="trace"}`] != figures["handover_journal_offset"]
}

// figures are those of /metrics, which writes a million as 1e+06.
func (e *engine) figures() map[string]float64 {
	e.t.Helper()
	answer, err := http.Get("http://" + e.http + "/metrics")
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			out[name] = value
		}
	}
	if _, told := out["handover_journal_offset"]; !told {
		e.t.Fatal("/metrics does not tell the journal's offset")
	}
	return out
}

func (e *engine) get(path string, v any) {
	e.t.Helper()
	answer, err := http.Get("http://" + e.http + path)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %s", path, answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		e.t.Fatal(err)
	}
}

// awaitDecided waits until nothing is undecided.
func (e *engine) awaitDecided(patience time.Duration) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); e.undecided(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatal("messages stay undecided")
		}
	}
}

// verify is the command, on the stopped engine's folder.
func (e *engine) verify() {
	e.t.Helper()
	out, err := exec.Command(binary, "verify", "--data", e.data).CombinedOutput()
	if err != nil {
		e.t.Errorf("verify: %v\n%s", err, out)
		return
	}
	e.t.Logf("verify: %s", strings.TrimSpace(string(out)))
}
