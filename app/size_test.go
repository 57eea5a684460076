package app_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/config"
	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/journal"
	"handover/wire"
)

// onDisk returns the journal's bytes, without the space that is held back for a
// full disk.
func onDisk(t testing.TB, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "journal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "reserve" {
			return err
		}
		info, err := d.Info()
		sum += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// appendAll appends the messages as so many senders would, each waiting for its
// own, and returns how many bytes it were. Not every message of the corpus is
// owed an answer, so no door would do.
func appendAll(t testing.TB, j *journal.Journal, source string, senders int, all [][]byte) (bytes int64) {
	t.Helper()
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			for i := s; i < len(all); i += senders {
				d := handover.Draft{Body: handover.Body{Bytes: all[i]}, Header: handover.Header{
					Kind: handover.Received, Release: source, Source: source, Class: handover.KeepMessage, Actor: "source:" + source,
					Format: wire.MediaType, Answer: "AA", Conn: fmt.Sprint("127.0.0.1:", 40000+s),
				}}
				if m, _ := hl7v2.Parse(all[i]); m != nil {
					d.Control = m.ControlID()
				}
				if _, err := j.Append(t.Context(), []handover.Draft{d}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, m := range all {
		bytes += int64(len(m))
	}
	group.Wait()
	return bytes
}

// everything is a site that takes all messages of one source into the record.
func everything() *config.Site {
	return &config.Site{
		Name: "corpus", HTTP: "127.0.0.1:0", Release: "corpus",
		Sources: []config.Source{{Name: "corpus", Listen: &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}, Acknowledge: "received", Zone: time.UTC}},
		Routes:  []config.Route{{Name: "record", From: []string{"corpus"}, To: []config.Target{{Record: true}}}},
	}
}

// kinds counts the facts of each kind, and the bytes that they say.
func kinds(t testing.TB, j *journal.Journal) (facts, bytes map[handover.FactKind]int64) {
	t.Helper()
	facts, bytes = map[handover.FactKind]int64{}, map[handover.FactKind]int64{}
	for at := handover.Offset(1); ; {
		entries, err := j.Read(t.Context(), handover.Everything(handover.Engine), at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			return facts, bytes
		}
		for _, e := range entries {
			facts[e.Kind]++
			bytes[e.Kind] += e.Body.Len()
		}
		at = entries[len(entries)-1].Offset + 1
	}
}

// The goal is 1.2 bytes on disk per byte received, of all facts that the
// messages of the corpus lead to, by a dictionary that was trained on others.
func TestSizeOfAllFacts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	loaded, _ := corpus.Load(t)
	var all [][]byte
	for _, m := range loaded {
		all = append(all, m.Bytes)
	}
	dir := t.TempDir()
	e, stop := start(t, everything(), dir)
	j := e.Inspect().Journal
	received := appendAll(t, j, "corpus", 64, all)
	facts, bytes := kinds(t, j)
	for deadline := time.Now().Add(5 * time.Minute); facts[handover.Decided] < facts[handover.Received]; facts, bytes = kinds(t, j) {
		if time.Sleep(time.Second); time.Now().After(deadline) {
			t.Fatalf("of %d messages %d are decided", facts[handover.Received], facts[handover.Decided])
		}
	}
	for _, k := range []handover.FactKind{handover.Received, handover.Repeated, handover.Decided, handover.Shaped, handover.Asserted, handover.Written, handover.Enclosed} {
		t.Logf("%-10s %6d facts, %6.3f bytes per byte received before packing", k, facts[k], float64(bytes[k])/float64(received))
	}
	stop()
	open := float64(onDisk(t, dir)) / float64(received)
	j, err := journal.Open(context.Background(), journal.Config{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	sealed := float64(onDisk(t, dir)) / float64(received)
	t.Logf("%d bytes received; %.3f on disk for each, %.3f sealed", received, open, sealed)
	if open > 1.2 || sealed > 1.2 {
		t.Errorf("%.3f bytes on disk per byte received, %.3f sealed; want 1.2 at most", open, sealed)
	}
	for _, f := range prove(t, dir).Findings { // what the facts give is what the record holds
		t.Error(f)
	}
}
