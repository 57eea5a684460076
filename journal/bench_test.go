package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal/training"
)

// sized returns synthetic messages of about 1.2 KB that the dictionary was not
// trained on.
func sized(n int) [][]byte {
	var out [][]byte
	for seed := uint64(1000); len(out) < n; seed++ {
		for _, m := range training.Messages(seed, 500) {
			if len(m) > 900 && len(m) < 1500 {
				out = append(out, m)
			}
		}
	}
	return out[:n]
}

// BenchmarkAppend measures synced appends by 1, 8 and 64 senders, each waiting
// for its own, and beside it the same bytes appended to a plain file and synced,
// one sync for all that wait. "ratio" is the journal's share of that limit.
func BenchmarkAppend(b *testing.B) {
	for _, senders := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			messages := sized(2000)
			raw := rawLimit(b, messages, senders)
			j := open(b, config(store.Place{Dir: b.TempDir()}))
			rate := perSecond(b, senders, func(i int) error {
				_, err := j.Append(context.Background(), []handover.Draft{benchDraft(messages, i)})
				return err
			})
			b.ReportMetric(rate, "msg/s")
			b.ReportMetric(raw, "raw/s")
			b.ReportMetric(rate/raw, "ratio")
		})
	}
}

// BenchmarkAppendPostgreSQL is the same on PostgreSQL as the tests run it,
// without syncing; it shows the cost of the way there.
func BenchmarkAppendPostgreSQL(b *testing.B) {
	for _, senders := range []int{1, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			messages := sized(2000)
			j := open(b, config(storetest.PostgreSQL(b)))
			rate := perSecond(b, senders, func(i int) error {
				_, err := j.Append(context.Background(), []handover.Draft{benchDraft(messages, i)})
				return err
			})
			b.ReportMetric(rate, "msg/s")
		})
	}
}

func benchDraft(messages [][]byte, i int) handover.Draft {
	d := message("adt", fmt.Sprint(i), "")
	d.Body.Bytes = messages[i%len(messages)]
	return d
}

// perSecond runs b.N operations by so many senders.
func perSecond(b *testing.B, senders int, do func(i int) error) float64 {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.StopTimer() // the timer counts one run only: b.N is chosen by it
	b.ResetTimer()
	b.StartTimer()
	for range senders {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := do(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	return float64(b.N) / b.Elapsed().Seconds()
}

// rawLimit appends the same bytes to a file: whoever finds nobody syncing
// writes and syncs for all that wait.
func rawLimit(b *testing.B, messages [][]byte, senders int) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := &rawWriter{f: f}
	rate := perSecond(b, senders, func(i int) error { return w.append(messages[i%len(messages)]) })
	return rate
}

type rawWriter struct {
	f    *os.File
	io   sync.Mutex // held while writing and syncing
	mu   sync.Mutex // guards open
	open *rawBatch
}

type rawBatch struct {
	bytes []byte
	done  bool // guarded by io
}

func (w *rawWriter) append(m []byte) error {
	w.mu.Lock()
	if w.open == nil {
		w.open = &rawBatch{}
	}
	batch := w.open
	batch.bytes = append(batch.bytes, m...)
	w.mu.Unlock()

	w.io.Lock()
	defer w.io.Unlock()
	if batch.done {
		return nil // another sender took it along
	}
	w.mu.Lock()
	w.open = nil
	w.mu.Unlock()
	batch.done = true
	if _, err := w.f.Write(batch.bytes); err != nil {
		return err
	}
	return unix.Fdatasync(int(w.f.Fd()))
}
