package acceptance

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// step is a command of the README and what it says that comes of it.
type step struct{ command, want string }

// steps reads the README's console blocks: lines that begin with "$ ", each
// with what follows it.
func steps(readme string) []step {
	var out []step
	inside := false
	for line := range strings.Lines(readme) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.HasPrefix(line, "```console")
		case inside && strings.HasPrefix(line, "$ "):
			out = append(out, step{command: strings.TrimSpace(line[2:])})
		case inside && len(out) > 0:
			out[len(out)-1].want += line
		}
	}
	return out
}

// varies is what differs from run to run: times, ids, releases, offsets.
var varies = regexp.MustCompile(`(?m)^\d+ +|(?:message|fact) \d+|\d+ (received|decided|asserted|written)|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?|\b[a-z2-7]{32}\b|release [0-9a-f]{12}`)

// plain takes out what varies, and spaces at the ends of lines.
func plain(text string) string {
	lines := strings.Split(strings.Trim(varies.ReplaceAllString(text, "*"), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// matches holds what came against what the README shows, in which "…" stands
// for anything within a line.
func matches(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(plain(want)), "…", "[^\n]*")
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(plain(got))
}

// TestReadme does what the README says, and holds it to what it says.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := steps(string(readme))
	if len(all) < 8 || all[0].command != "make run" {
		t.Fatalf("the README has %d commands, the first must be make run", len(all))
	}
	for _, port := range []string{"2575", "2576", "2577", "2578", "8080"} {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatalf("port %s is taken on this machine, and the README needs it: stop what uses it", port)
		}
		_ = l.Close()
	}
	dir := t.TempDir()
	link(t, filepath.Join(binary, "handover"), filepath.Join(dir, "handover"))
	samples, err := filepath.Abs(filepath.Join("..", "..", "samples"))
	if err != nil {
		t.Fatal(err)
	}
	link(t, samples, filepath.Join(dir, "samples"))
	greeting := runEngine(t, dir)
	if !matches(all[0].want, greeting) {
		t.Errorf("make run prints\n%s\nthe README says\n%s", greeting, all[0].want)
	}
	for _, s := range all[1:] {
		if got, ok := eventually(t, dir, s); !ok {
			t.Errorf("%s prints\n%s\nthe README says\n%s", s.command, got, s.want)
		}
	}
}

func link(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}

// runEngine does what make run does after building, and returns what it prints.
func runEngine(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	engine := exec.CommandContext(ctx, "./handover", "run")
	engine.Dir = dir
	engine.Cancel = func() error { return engine.Process.Signal(os.Interrupt) }
	var out, errs bytes.Buffer
	engine.Stdout, engine.Stderr = &out, &errs
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = engine.Wait() // ended by the signal
		if t.Failed() {
			t.Logf("the engine said: %s", errs.String())
		}
	})
	for range 200 {
		if answer, err := http.Get("http://127.0.0.1:8080/readyz"); err == nil {
			_ = answer.Body.Close()
			return out.String()
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the engine does not answer: %s", errs.String())
	return ""
}

// eventually runs a command until it prints what is wanted, for a few seconds:
// a reader types slower than the record follows.
func eventually(t *testing.T, dir string, s step) (string, bool) {
	t.Helper()
	var out []byte
	for range 50 {
		c := exec.Command("bash", "-c", s.command)
		c.Dir = dir
		out, _ = c.CombinedOutput() // an exit code without the output says too little
		if matches(s.want, string(out)) {
			return string(out), true
		}
		if strings.Contains(s.command, " send ") {
			break // sending again would be another story
		}
		time.Sleep(100 * time.Millisecond)
	}
	return string(out), false
}
