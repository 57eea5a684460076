// Package conformance runs the whole engine on real messages and holds what it
// does to the standard.
package conformance

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/app"
	"handover/config"
	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/trace"
)

// site is an engine's configuration with one MLLP source and one drop folder.
func site(drop string) *config.Site {
	source := func(name string, listen *url.URL) config.Source {
		return config.Source{Name: name, Listen: listen, Acknowledge: "received", Zone: time.UTC,
			MaxSize: 100 << 20, Idle: time.Minute, MaxConnections: 8}
	}
	return &config.Site{
		Name: "conformance", HTTP: "127.0.0.1:0", Duplicates: 24 * time.Hour, VolumeSize: 1 << 30, Memory: 64 << 20, Release: "test",
		Sources: []config.Source{
			source("wire", &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}),
			source("folder", &url.URL{Scheme: "file", Path: drop}),
		},
		Routes: []config.Route{{Name: "all", From: []string{"wire", "folder"}, Key: "PID-3", To: []config.Target{{Record: true}}}},
	}
}

// sender is a connection that speaks MLLP by itself: it shares no code with
// what it tests.
type sender struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, address string) *sender {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &sender{t, c, bufio.NewReader(c)}
}

// send writes a frame and reads as many answers as are owed.
func (s *sender) send(m corpus.Message, owed int) (answers [][]byte) {
	frame := append(append([]byte{0x0b}, m.Bytes...), 0x1c, 0x0d)
	if _, err := s.conn.Write(frame); err != nil {
		s.t.Fatal(err)
	}
	for range owed {
		_ = s.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		answer, err := s.frame()
		if err != nil {
			s.t.Fatalf("%s #%d: answer %d of %d: %v", m.Path, m.Index, len(answers)+1, owed, err)
		}
		answers = append(answers, answer)
	}
	return answers
}

// frame reads one frame: from VT to FS CR.
func (s *sender) frame() ([]byte, error) {
	var frame []byte
	for !bytes.HasSuffix(frame, []byte{0x1c, 0x0d}) {
		more, err := s.in.ReadBytes(0x0d)
		if err != nil {
			return nil, err
		}
		frame = append(frame, more...)
	}
	return bytes.TrimPrefix(bytes.TrimSuffix(frame, []byte{0x1c, 0x0d}), []byte{0x0b}), nil
}

// outcomeOf says by the standard what an engine that serves no queries has to
// make of a message: it is taken, in error where it cannot be read, rejected
// where it asks for something that nobody here answers.
func outcomeOf(table answersTable, message []byte, h header) string {
	m, problems := hl7v2.Parse(message)
	fatal := slices.ContainsFunc(problems, func(p hl7v2.Problem) bool { return p.Fatal })
	switch {
	case m == nil || fatal:
		return "E"
	case table.kind(h) == "query":
		return "R"
	}
	return "A"
}

type tally struct{ sent, answered, refused, unanswered, routed, left int }

// TestCorpusOverMLLP sends every real message to a running engine, and holds
// each answer to the table, each kept message to the bytes that were sent, and
// each message to what the record and the trace say of it.
func TestCorpusOverMLLP(t *testing.T) {
	messages, _ := corpus.Load(t)
	table := readAnswersTable(t)
	engine, _ := start(t, site(t.TempDir()))
	runtime.GC()
	before := runtime.NumGoroutine()
	line := dial(t, engine.Addr("wire"))
	counts := map[string]*tally{}
	first := make([][][]byte, len(messages))
	for i, m := range messages {
		h := readHeader(m.Bytes)
		outcome := outcomeOf(table, m.Bytes, h)
		want := table.expected(h, outcome)
		if !h.readable {
			want = []string{"A" + outcome}
		}
		first[i] = line.send(m, len(want))
		checkAnswers(t, m, h, want, first[i])
		c := counts[m.Type]
		if c == nil {
			c = &tally{}
			counts[m.Type] = c
		}
		c.sent++
		switch {
		case len(want) == 0:
			c.unanswered++
		case outcome == "A":
			c.answered++
		default:
			c.refused++
		}
	}
	checkKept(t, engine, messages, counts)
	checkRepeats(t, engine, line, messages, first)
	line.conn.Close()
	checkGoroutines(t, before)
	report(t, counts)
}

// checkRepeats sends everything again: who has a control id gets the very
// answers of the first time, nothing is kept twice, and memory does not grow.
func checkRepeats(t *testing.T, engine *app.Engine, line *sender, messages []corpus.Message, first [][][]byte) {
	t.Helper()
	heap := heapInUse()
	for i, m := range messages {
		again := line.send(m, len(first[i]))
		if readHeader(m.Bytes).control == "" {
			continue
		}
		for j := range again {
			if !bytes.Equal(again[j], first[i][j]) {
				t.Errorf("%s #%d: answered otherwise when it came again", m.Path, m.Index)
			}
		}
	}
	kept := engine.Inspect()
	waitDecided(t, kept)
	again, err := kept.Trace.Search(t.Context(), everything, trace.Query{Source: "wire", Limit: len(messages)})
	if err != nil {
		t.Fatal(err)
	}
	for i, found := range again {
		sent := messages[len(messages)-1-i]
		if (found.First != 0) != (readHeader(sent.Bytes).control != "") {
			t.Errorf("%s #%d came again and is %s", sent.Path, sent.Index, found.State)
		}
	}
	if grown := heapInUse() - heap; grown > 16<<20 {
		t.Errorf("the heap has grown by %d MB since the first time", grown>>20)
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func checkAnswers(t *testing.T, m corpus.Message, h header, want []string, answers [][]byte) {
	t.Helper()
	for i, answer := range answers {
		a, problems := hl7v2.Parse(answer)
		if a == nil {
			t.Errorf("%s #%d: the answer cannot be read: %v", m.Path, m.Index, problems)
			continue
		}
		code := string(a.Get("MSA-1").Raw())
		if code != want[i] {
			t.Errorf("%s #%d: answer %d is %s, the table says %s", m.Path, m.Index, i+1, code, want[i])
		}
		if got := string(a.First("MSA").Field(2).Raw()); h.readable && got != h.control {
			t.Errorf("%s #%d: MSA-2 is not MSH-10", m.Path, m.Index)
		}
		if code[1] != 'A' && !a.First("ERR").Valid() {
			t.Errorf("%s #%d: refused without ERR", m.Path, m.Index)
		}
	}
}

// checkKept looks for every message in the journal, byte for byte, and for what
// became of it.
func checkKept(t *testing.T, engine *app.Engine, messages []corpus.Message, counts map[string]*tally) {
	t.Helper()
	kept := engine.Inspect()
	waitDecided(t, kept)
	all, err := kept.Trace.Search(t.Context(), everything, trace.Query{Source: "wire"})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	if len(all) != len(messages) {
		t.Fatalf("%d messages were sent, the trace has %d", len(messages), len(all))
	}
	for i, found := range all {
		sent := messages[i]
		story, err := kept.Trace.Story(t.Context(), everything, found.Offset)
		if err != nil {
			t.Fatal(err)
		}
		offset := found.Offset
		if found.First != 0 {
			offset = found.First // the very bytes came before
		}
		if !bytes.Equal(body(t, kept, offset), sent.Bytes) {
			t.Errorf("%s #%d: kept with other bytes", sent.Path, sent.Index)
		}
		checkStory(t, sent, story, counts[sent.Type])
	}
}

// body reads a message back from the journal.
func body(t *testing.T, kept app.Inspection, offset handover.Offset) []byte {
	t.Helper()
	r, err := kept.Journal.Open(t.Context(), everything, offset)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// checkStory: a routed message made something of the record, or says why not.
func checkStory(t *testing.T, sent corpus.Message, s trace.Story, c *tally) {
	t.Helper()
	switch s.Message.State {
	case handover.StateRouted:
		c.routed++
		c.left += len(s.Left)
		if len(s.Wrote)+len(s.Left)+len(s.Older)+len(s.Parked) == 0 && len(s.Facts) < 4 {
			t.Errorf("%s #%d: routed, and nothing says what became of it", sent.Path, sent.Index)
		}
	case handover.StateRefused:
		if s.Decision == nil || s.Decision.Reason == "" {
			t.Errorf("%s #%d: refused without a reason", sent.Path, sent.Index)
		}
	case handover.StateDuplicate:
	default:
		t.Errorf("%s #%d: is %s (%s)", sent.Path, sent.Index, s.Message.State, s.Message.Reason)
	}
}

var everything = handover.Everything(handover.Actor{ID: "test"})

// waitDecided waits until no message is undecided.
func waitDecided(t *testing.T, kept app.Inspection) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
		applied, err := kept.Trace.Applied(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		undecided, err := kept.Trace.Undecided(t.Context(), 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if applied == kept.Journal.Tail() && len(undecided) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("messages are still undecided after five minutes")
}

// checkGoroutines: what served the connection has ended.
func checkGoroutines(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before+2 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

// report prints the table by type that people compare runs by.
func report(t *testing.T, counts map[string]*tally) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %6s %8s %8s %8s %8s %8s\n", "type", "sent", "AA/CA", "refused", "no ack", "routed", "left")
	var sum tally
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b].sent - counts[a].sent }) {
		c := counts[name]
		fmt.Fprintf(&b, "%-20.20s %6d %8d %8d %8d %8d %8d\n", name, c.sent, c.answered, c.refused, c.unanswered, c.routed, c.left)
		sum.sent, sum.answered, sum.refused = sum.sent+c.sent, sum.answered+c.answered, sum.refused+c.refused
		sum.unanswered, sum.routed, sum.left = sum.unanswered+c.unanswered, sum.routed+c.routed, sum.left+c.left
	}
	fmt.Fprintf(&b, "%-20s %6d %8d %8d %8d %8d %8d", "all", sum.sent, sum.answered, sum.refused, sum.unanswered, sum.routed, sum.left)
	t.Log("\n" + b.String())
}

// start runs an engine until the test ends.
func start(t *testing.T, s *config.Site) (*app.Engine, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, err := app.Open(ctx, app.Config{Site: s, Dir: t.TempDir()})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stop := func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return e, stop
}
