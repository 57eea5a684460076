package journal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/bodies"
	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/internal/store"
	"handover/journal"
	"handover/journal/training"
	"handover/record"
	"handover/transform/v2fhir"
)

// onDisk returns the bytes of the volumes and large bodies.
func onDisk(t testing.TB, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "journal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
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

// stored appends the drafts by so many senders at once, closes the journal,
// sealed or not, and returns its bytes on disk,
// less what an empty journal takes.
func stored(t testing.TB, senders int, seal bool, batches [][]handover.Draft) int64 {
	t.Helper()
	e := config(store.Place{Dir: t.TempDir()})
	if err := open(t, e).Close(); err != nil {
		t.Fatal(err)
	}
	empty := onDisk(t, e.Dir)
	if seal {
		empty *= 2 // the new last volume
	}
	c := config(store.Place{Dir: t.TempDir()})
	j := open(t, c)
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := s; i < len(batches); i += senders {
				if _, err := j.Append(context.Background(), batches[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if seal {
		if err := j.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return onDisk(t, c.Dir) - empty
}

func received(bodies [][]byte) (batches [][]handover.Draft, bytes int64) {
	for i, m := range bodies {
		d := message("adt", fmt.Sprint(i), "")
		d.Key = make([]byte, 32)
		d.Body.Bytes = m
		batches = append(batches, []handover.Draft{d})
		bytes += int64(len(m))
	}
	return batches, bytes
}

// The goals are bytes on disk per byte received, by messages that the
// dictionary was not trained on: 0.35 for messages, 1.2 for all facts.
func TestSizeOfRealMessages(t *testing.T) {
	loaded, _ := corpus.Load(t)
	var whole, middle [][]byte
	for _, m := range loaded {
		whole = append(whole, m.Bytes)
		if len(m.Bytes) > 800 && len(m.Bytes) < 1700 {
			middle = append(middle, m.Bytes)
		}
	}
	for _, x := range []struct {
		name    string
		bodies  [][]byte
		senders int
		seal    bool
		limit   float64
	}{
		{"the corpus, 64 senders", whole, 64, false, 0.35},
		{"the corpus, 1 sender", whole, 1, false, 0.45},
		{"the corpus, sealed", whole, 1, true, 0.30},
		{"its messages of about 1.2 KB, 64 senders", middle, 64, false, 0.45},
		{"its messages of about 1.2 KB, 1 sender", middle, 1, false, 0.75},
		{"its messages of about 1.2 KB, sealed", middle, 1, true, 0.35},
	} {
		batches, bytes := received(x.bodies)
		ratio := float64(stored(t, x.senders, x.seal, batches)) / float64(bytes)
		t.Logf("%s: %d messages, %d bytes each, %.3f on disk per byte", x.name, len(x.bodies), bytes/int64(len(x.bodies)), ratio)
		if ratio > x.limit {
			t.Errorf("%s: %.3f is over %.2f", x.name, ratio, x.limit)
		}
	}
}

// factsOf are the facts that the messages lead to, for each what its way through
// the pipeline appends.
func factsOf(t testing.TB, messages [][]byte) [][]handover.Draft {
	t.Helper()
	r, err := record.Open(context.Background(), record.Config{Place: store.Place{Dir: t.TempDir()}, SiteKey: []byte("test")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	converter := v2fhir.New(v2fhir.Config{Source: "adt", Zone: time.UTC})
	decision, _ := json.Marshal(handover.Decision{State: handover.StateRouted, Routes: []string{"record"}})
	out := make([][]handover.Draft, len(messages))
	for i, data := range messages {
		m, problems := hl7v2.Parse(data)
		if m == nil {
			t.Fatal(problems)
		}
		a, _ := converter.Convert(m)
		w, err := r.Compose(context.Background(), handover.Offset(i+1), a)
		if err != nil {
			t.Fatal(err)
		}
		add := func(kind handover.FactKind, class handover.Retention, format string, body []byte) {
			out[i] = append(out[i], handover.Draft{Body: handover.Body{Bytes: body},
				Header: handover.Header{Kind: kind, Class: class, Source: "adt", Release: "r1", Actor: "engine", Format: format}})
		}
		shapes, asserted, written, _ := r.Facts(nil, handover.Offset(i+1), &a, &w)
		add(handover.Decided, handover.KeepForever, "application/json", decision)
		if shapes != nil {
			add(handover.Shaped, handover.KeepForever, bodies.MediaType, shapes)
		}
		add(handover.Asserted, handover.KeepRecord, bodies.MediaType, asserted)
		add(handover.Written, handover.KeepRecord, bodies.MediaType, written)
	}
	return out
}

// The messages are not those that the dictionaries were trained on. One sender
// is the worst case: hardly a body shares a pack with another. The goal is for
// real messages: app, TestSizeOfAllFacts.
func TestSizeOfSyntheticFacts(t *testing.T) {
	messages := training.Messages(4321, 300)
	var batches [][]handover.Draft
	var bytes, raw int64
	for i, facts := range factsOf(t, messages) {
		d := message("adt", fmt.Sprint(i), "")
		d.Body.Bytes = messages[i]
		bytes += int64(len(messages[i]))
		batches = append(batches, []handover.Draft{d}, facts)
		for _, f := range facts {
			raw += f.Body.Len()
		}
	}
	size, sealed := float64(stored(t, 1, false, batches)), float64(stored(t, 1, true, batches))
	t.Logf("%d bytes received, %d made of them: %.2f on disk per byte received, sealed %.2f",
		bytes, raw, size/float64(bytes), sealed/float64(bytes))
	if share := size / float64(bytes+raw); share > 0.60 {
		t.Errorf("%.3f of the bytes kept are on disk, want 0.60 at most", share)
	}
}

// BenchmarkStart measures opening a journal of 200,000 messages, or as many as
// HANDOVER_BENCH_MESSAGES says. Little of it may grow with them.
func BenchmarkStart(b *testing.B) {
	c := config(store.Place{Dir: b.TempDir()})
	n := 200_000
	if said, err := strconv.Atoi(os.Getenv("HANDOVER_BENCH_MESSAGES")); err == nil {
		n = said
	}
	const batch = 500
	messages := sized(2000)
	j := open(b, c)
	for i := 0; i < n; i += batch {
		drafts := make([]handover.Draft, batch)
		for k := range drafts {
			drafts[k] = benchDraft(messages, i+k)
		}
		if _, err := j.Append(context.Background(), drafts); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(onDisk(b, c.Dir))/1e6, "MB")
	for b.Loop() {
		began := time.Now()
		j, err := journal.Open(context.Background(), c)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/open")
		if int(j.Tail()) != n {
			b.Fatalf("tail %d", j.Tail())
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead measures reading everything in order, as a projection does.
func BenchmarkRead(b *testing.B) {
	c := config(store.Place{Dir: b.TempDir()})
	j := open(b, c)
	messages := sized(500)
	facts := factsOf(b, messages)
	for i, m := range messages {
		d := message("adt", fmt.Sprint(i), "")
		d.Body.Bytes = m
		if _, err := j.Append(context.Background(), append([]handover.Draft{d}, facts[i]...)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		if n := len(all(b, j)); n < 2000 {
			b.Fatalf("%d facts", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(j.Tail()), "us/fact")
}
