package torture

import (
	"context"
	"encoding/json"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"handover"
	"handover/app/torture"
	"handover/journal"
)

// messagesWanted is how many messages the tests of a million have: HANDOVER_MESSAGES
// may say otherwise.
func messagesWanted(t *testing.T) int {
	t.Helper()
	text := os.Getenv("HANDOVER_MESSAGES")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStartAtAMillion measures starts, backup, restore and verify at a million
// messages, all of them routed into the record, and of the last day and so within
// the window against duplicates. They are put into the journal as the intake does,
// which is the fastest; the engine does the rest. Starts are measured on the way
// too, to see how they grow. A long test: HANDOVER_LONG=1.
func TestStartAtAMillion(t *testing.T) {
	if !long() {
		t.Skip("a long test: set HANDOVER_LONG=1")
	}
	n := messagesWanted(t)
	e := newEngine(t, t.TempDir(), "")
	e.start() // makes the keys
	e.stop()
	for from, to := range tenths(n) {
		measure(t, "putting messages into the journal", func() { putMessages(t, e.data, from, to) })
		e.Patience = 30 * time.Minute
		t.Logf("a start with %d messages that no table has: %v", to-from, e.start().Round(time.Millisecond))
		e.Patience = time.Minute
		measure(t, "deciding them", func() { e.awaitDecided(100 * time.Minute) })
		awaitRouted(e, to)
		e.stop()
		for range 3 {
			t.Logf("a start at %d messages: %v", to, e.start().Round(time.Millisecond))
			e.stop()
		}
	}
	e.start()
	e.kill()
	t.Logf("a start after kill -9: %v", e.start().Round(time.Millisecond))
	t.Logf("on disk: journal %d MB, record %d MB, trace %d MB", size(t, e.data+"/journal"), size(t, e.data+"/record.db"), size(t, e.data+"/trace.db"))
	traces(e, n)
	file, twin := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "twin")
	measure(t, "backup of the running engine", func() { command(t, "backup", file, "--server", "http://"+e.Ask.HTTP) })
	t.Logf("the backup: %d MB", size(t, file))
	e.stop()
	measure(t, "restore", func() { command(t, "restore", file, "--data", twin) })
	measure(t, "verify, which builds the tables anew", func() { command(t, "verify", "--data", twin) })
	balanceAmong(e)
}

// traces asks for the stories of messages from everywhere, by offset and by control id.
func traces(e *engine, n int) {
	e.t.Helper()
	var took []time.Duration
	for i := range 50 {
		number := (i*n/50 + 17) % n
		s := torture.Sender{Source: "now", Number: number % connections}
		at := int64(number / connections)
		at += at / (torture.LargeEvery - 1)
		began := time.Now()
		var story struct {
			Message struct{ Offset handover.Offset }
		}
		e.get("/api/v1/traces/"+s.Control(at)+"?by=control", &story)
		took = append(took, time.Since(began))
		if story.Message.Offset == 0 {
			e.t.Errorf("message %d (%s) has no story", number, s.Control(at))
		}
	}
	slices.Sort(took)
	e.t.Logf("the story of a message, by its control id, of 50: half within %v, all within %v", took[25].Round(time.Microsecond), took[49].Round(time.Microsecond))
}

// tenths yields from and to of one tenth, the next two, and the rest.
func tenths(n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		from := 0
		for _, to := range []int{n / 10, 3 * n / 10, n} {
			if !yield(from, to) {
				return
			}
			from = to
		}
	}
}

// awaitRouted makes sure that all messages went into the record. They are counted
// now and then only.
func awaitRouted(e *engine, messages int) {
	e.t.Helper()
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(time.Second) {
		got := e.figures()[`handover_messages{source="now",state="routed"}`]
		if got == float64(messages) {
			break
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%.0f messages of %d are routed", got, messages)
		}
	}
	for _, resourceType := range []string{"Patient", "Observation"} {
		var found struct {
			Entry []json.RawMessage `json:"entry"`
		}
		if e.get("/fhir/"+resourceType+"?_count=1", &found); len(found.Entry) == 0 {
			e.t.Fatalf("of %d messages no %s is in the record", messages, resourceType)
		}
	}
}

func measure(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	t.Logf("%s: %v", what, time.Since(began).Round(10*time.Millisecond))
}

func command(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(binary, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// openJournal opens the journal of a folder on which no engine runs.
func openJournal(t *testing.T, data string) *journal.Journal {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(data, "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Config{Dir: data, SiteKey: key, VolumeSize: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// putMessages appends messages of 64 connections, some hundreds at once.
func putMessages(t *testing.T, data string, from, to int) {
	t.Helper()
	j := openJournal(t, data)
	var drafts []handover.Draft
	for i := from; i < to; i++ {
		s := torture.Sender{Source: "now", Number: i % connections}
		at := int64(i / connections)
		at += at / (torture.LargeEvery - 1) // passes over the long ones
		drafts = append(drafts, handover.Draft{
			Header: handover.Header{Kind: handover.Received, Release: "put", Source: s.Source, Class: handover.KeepMessage,
				Actor: "source:now", Format: "application/hl7-v2", Answer: "AA", Conn: strconv.Itoa(s.Number)},
			Body: handover.Body{Bytes: s.Message(at)}, Control: s.Control(at),
		})
		if len(drafts) == 1000 || i == to-1 {
			if _, err := j.Append(context.Background(), drafts); err != nil {
				t.Fatal(err)
			}
			drafts = drafts[:0]
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// size is that of a file or folder, in MB.
func size(t *testing.T, path string) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && d.Name() != "reserve" {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum >> 20
}
