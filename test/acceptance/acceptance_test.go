// Package acceptance runs the built program as its users do.
package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"handover/internal/store/storetest"
)

// binary is the folder of the built program.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "handover-acceptance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "handover"), "handover/cmd/handover")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		return 1
	}
	binary = dir
	return m.Run()
}

// ports are the ports of the quickstart, which each script replaces by free ones.
var ports = regexp.MustCompile(`127\.0\.0\.1:(2575|2576|2577|2578|8080)`)

func TestScripts(t *testing.T) {
	database := storetest.PostgreSQL(t).URL // for the one script that uses it
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATABASE", database)
			return setUp(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready":   ready,
			"get":     get,
			"post":    post,
			"await":   await,
			"settled": settled,
			"bind":    bind,
			"sent":    sent,
		},
	})
}

// setUp gives each script the program and a hospital on ports of its own:
// $PAS, $LAB, $PHARMACY, $CLINIC and $HTTP.
func setUp(env *testscript.Env) error {
	env.Setenv("PATH", binary+string(os.PathListSeparator)+env.Getenv("PATH"))
	names := map[string]string{"2575": "PAS", "2576": "LAB", "2577": "PHARMACY", "2578": "CLINIC", "8080": "HTTP"}
	addresses := map[string]string{}
	for port, name := range names {
		address, err := freeAddress()
		if err != nil {
			return err
		}
		addresses[port] = address
		env.Setenv(name, address)
	}
	env.Setenv("HANDOVER_SERVER", "http://"+addresses["8080"])
	if err := otherWays(env, addresses); err != nil {
		return err
	}
	return copyTree(filepath.Join("..", "..", "samples", "quickstart"), filepath.Join(env.WorkDir, "hospital"), func(content []byte) []byte {
		return ports.ReplaceAllFunc(content, func(found []byte) []byte {
			return []byte(addresses[string(found[len("127.0.0.1:"):])])
		})
	})
}

// otherWays makes a configuration whose sources are HTTP and a drop folder.
func otherWays(env *testscript.Env, addresses map[string]string) error {
	drop := filepath.Join(env.WorkDir, "ward-drop")
	for name, content := range map[string]string{
		"ward/handover.yaml":      "http: " + addresses["8080"] + "\n",
		"ward/sources/web.yaml":   "source: web\nlisten: http://" + addresses["2575"] + "/hl7\n",
		"ward/sources/files.yaml": "source: files\nlisten: file://" + drop + "\n",
		"ward/routes/all.yaml":    "route: all\nfrom: [web, files]\nto: record\n",
		"ward-drop/.keep":         "",
	} {
		path := filepath.Join(env.WorkDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func copyTree(from, to string, change func([]byte) []byte) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), change(content), 0o644)
	})
}

// bind gives the folders' configurations the ports that are free.
func bind(ts *testscript.TestScript, neg bool, args []string) {
	names := map[string]string{"2575": "PAS", "2576": "LAB", "2577": "PHARMACY", "2578": "CLINIC", "8080": "HTTP"}
	for _, folder := range args {
		dir := ts.MkAbs(folder)
		ts.Check(copyTree(dir, dir, func(content []byte) []byte {
			return ports.ReplaceAllFunc(content, func(found []byte) []byte {
				return []byte(ts.Getenv(names[string(found[len("127.0.0.1:"):])]))
			})
		}))
	}
}

// sent waits until the message's last delivery is in a state, after so many tries; a
// fourth argument says that it was resent.
func sent(ts *testscript.TestScript, neg bool, args []string) {
	var story struct {
		Sent []struct {
			State  string
			Tries  int
			Resent bool
		}
	}
	for range 400 {
		answer, err := http.Get(ts.Getenv("HANDOVER_SERVER") + "/api/v1/traces/" + args[0])
		ts.Check(err)
		_ = json.NewDecoder(answer.Body).Decode(&story) // it may not be known yet
		_ = answer.Body.Close()
		if n := len(story.Sent); n > 0 {
			last := story.Sent[n-1]
			if last.State == args[1] && (len(args) < 3 || fmt.Sprint(last.Tries) == args[2]) && last.Resent == (len(args) == 4) {
				return
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("the delivery of %s is %+v, want %s", args[0], story.Sent, args[1])
}

// ready waits until the engine answers.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	url := ts.Getenv("HANDOVER_SERVER") + "/readyz"
	for range 200 {
		if answer, err := http.Get(url); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the engine does not answer at %s", url)
}

// get asks for a path of the engine, and puts the answer on standard output.
// Its first argument may be the status that is expected; 200 is if none is.
func get(ts *testscript.TestScript, neg bool, args []string) {
	want := "200"
	if len(args) == 2 {
		want, args = args[0], args[1:]
	}
	answer, err := http.Get(ts.Getenv("HANDOVER_SERVER") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if got := fmt.Sprint(answer.StatusCode); got != want {
		ts.Fatalf("status %s, want %s: %s", got, want, body)
	}
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
}

// post sends a file to a URL as a message, with the line ends of the wire.
func post(ts *testscript.TestScript, neg bool, args []string) {
	message := strings.ReplaceAll(ts.ReadFile(args[1]), "\n", "\r")
	answer, err := http.Post(args[0], "application/hl7-v2", strings.NewReader(message))
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
}

// await waits until a file is there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	for range 300 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not come", args[0])
}

// settled waits until the engine knows so many messages and has decided each.
func settled(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var found struct {
		Messages []struct{ State string }
	}
	for range 200 {
		answer, err := http.Get(ts.Getenv("HANDOVER_SERVER") + "/api/v1/messages?limit=1000")
		ts.Check(err)
		err = json.NewDecoder(answer.Body).Decode(&found)
		_ = answer.Body.Close()
		ts.Check(err)
		open := 0
		for _, m := range found.Messages {
			if m.State == "received" {
				open++
			}
		}
		if open == 0 && len(found.Messages) == want {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the engine knows %d messages, want %d, all decided", len(found.Messages), want)
}
