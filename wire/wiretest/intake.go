package wiretest

import (
	"bytes"
	"context"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"handover/wire"
)

// Source is the name of the source that a listener under test is set up for.
const Source = "testward"

// Message returns a small synthetic message with MSH-10 and a note.
func Message(control, note string) []byte {
	return []byte("MSH|^~\\&|TESTWARD|SYNTHETIC|ENGINE|HERE|20240101000000||ADT^A01^ADT_A01|" + control +
		"|T|2.5.1\rEVN||20240101000000\rPID|1||SYN-0001^^^TEST||TESTPATIENT^SYNTHETIC\rNTE|1||" + note + "\r")
}

// Answer is what an Intake answers to the message.
func Answer(message []byte, code string) []byte {
	return []byte("MSH|^~\\&|ENGINE|HERE|TESTWARD|SYNTHETIC|20240101000000||ACK|A-" + control(message) +
		"|T|2.5.1\rMSA|" + code + "|" + control(message) + "\r")
}

// Only returns the one answer as a Receiver gives it; none where it is nil.
func Only(answer []byte) [][]byte {
	if answer == nil {
		return nil
	}
	return [][]byte{answer}
}

// control is MSH-10.
func control(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r"))
	if fields := bytes.Split(line, []byte("|")); len(fields) > 9 {
		return string(fields[9])
	}
	return ""
}

// Kept is a message that an Intake has.
type Kept struct {
	Arrival wire.Arrival
	Content []byte // of the body, wherever it was
}

// Intake is a Receiver that keeps everything in memory.
type Intake struct {
	mu      sync.Mutex
	kept    []Kept
	refuse  string
	fail    int
	err     error
	hold    chan struct{}
	arrived chan struct{}
}

// Receive keeps the arrival and answers AA, or what it was told to.
func (i *Intake) Receive(ctx context.Context, a wire.Arrival) ([][]byte, error) {
	i.mu.Lock()
	hold, arrived := i.hold, i.arrived
	i.mu.Unlock()
	if hold != nil {
		arrived <- struct{}{}
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	content := a.Body.Bytes
	if a.Body.File != "" {
		var err error
		if content, err = os.ReadFile(a.Body.File); err != nil {
			return nil, err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail > 0 {
		i.fail--
		return nil, i.err
	}
	i.kept = append(i.kept, Kept{a, content})
	code := "AA"
	switch {
	case i.refuse != "":
		code = i.refuse
	case a.Err != nil:
		code = "AR"
	}
	return Only(Answer(a.Head, code)), nil
}

// Kept returns what arrived, in order.
func (i *Intake) Kept() []Kept {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Kept(nil), i.kept...)
}

// Refuse makes it answer with the code from now on; "" ends that.
func (i *Intake) Refuse(code string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refuse = code
}

// Fail makes the next n calls fail with err.
func (i *Intake) Fail(n int, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail, i.err = n, err
}

// Hold makes Receive wait until the returned function is called.
func (i *Intake) Hold() (release func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hold, i.arrived = make(chan struct{}), make(chan struct{}, 100)
	return sync.OnceFunc(func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		close(i.hold)
		i.hold = nil
	})
}

// WaitForArrival waits until Receive is waiting.
func (i *Intake) WaitForArrival(t *testing.T) {
	t.Helper()
	select {
	case <-i.arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrived")
	}
}

// NoGoroutines fails the test if code of wire's is still running a while after
// everything was stopped.
func NoGoroutines(t *testing.T) {
	t.Helper()
	var left string
	for wait := time.Millisecond; wait < 5*time.Second; wait *= 2 {
		if left = running(); left == "" {
			return
		}
		time.Sleep(wait)
	}
	t.Errorf("a goroutine is left:\n%s", left)
}

// running returns the stack of a goroutine that runs wire's code and no test's.
func running() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "handover/wire") && !strings.Contains(stack, "testing.tRunner") &&
			!strings.Contains(stack, "handover/wire/wiretest") {
			return stack
		}
	}
	return ""
}
