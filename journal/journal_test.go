package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
	"handover/journal"
)

var everything = handover.Everything(handover.Engine)

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func config(at store.Place) journal.Config {
	return journal.Config{Dir: at.Dir, URL: at.URL, SiteKey: []byte("a key for tests"), LowSpace: -1, Reserve: -1}
}

func open(t testing.TB, c journal.Config) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() }) // some tests close it themselves
	return j
}

func message(source, control, text string) handover.Draft {
	return handover.Draft{
		Header: handover.Header{Kind: handover.Received, Source: source, Class: handover.KeepMessage,
			Format: "application/hl7-v2", Release: "r1", Actor: "engine", Answer: "AA", Conn: "c1"},
		Key:     []byte("key of " + source),
		Body:    handover.Body{Bytes: []byte(text)},
		Control: control,
	}
}

func appendOne(t testing.TB, j *journal.Journal, d handover.Draft) handover.Receipt {
	t.Helper()
	r, err := j.Append(t.Context(), []handover.Draft{d})
	if err != nil {
		t.Fatal(err)
	}
	return r[0]
}

func all(t testing.TB, j *journal.Journal) []handover.Entry {
	t.Helper()
	var out []handover.Entry
	for {
		got, err := j.Read(t.Context(), everything, handover.Offset(len(out)+1), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return out
		}
		out = append(out, got...)
	}
}

// proven fails the test unless the whole journal verifies.
func proven(t testing.TB, j *journal.Journal) journal.Report {
	t.Helper()
	r, err := j.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Faults {
		t.Errorf("fact %d: %s", f.Offset, f.Text)
	}
	return r
}

func TestAppendKeepsEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		clock := newClock()
		c := config(at)
		c.Now = clock.Now
		j := open(t, c)
		first := appendOne(t, j, message("adt", "1", "MSH|one"))
		clock.add(1500 * time.Microsecond)
		cause := 0
		more, err := j.Append(t.Context(), []handover.Draft{
			{Header: handover.Header{Kind: handover.Decided, Cause: first.Offset, Format: "application/json"},
				Body: handover.Body{Bytes: []byte(`{"state":"routed"}`)}},
			{Header: handover.Header{Kind: handover.Asserted, Class: handover.KeepRecord, Format: "application/json"},
				Body: handover.Body{Bytes: bytes.Repeat([]byte("x"), 100_000)}, CauseInBatch: &cause},
			{Header: handover.Header{Kind: handover.Accessed, Actor: "console:jdoe"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for round := range 2 {
			if round == 1 { // and the same after opening it again
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				j = open(t, c)
			}
			got := all(t, j)
			if len(got) != 4 || j.Tail() != 4 || more[2].Offset != 4 {
				t.Fatalf("%d facts, tail %d, last receipt %d; want 4", len(got), j.Tail(), more[2].Offset)
			}
			m := got[0]
			want := message("adt", "1", "MSH|one")
			want.Header.Time = newClock().now
			if m.Header != want.Header || string(m.Key) != string(want.Key) || string(m.Body.Bytes) != "MSH|one" {
				t.Errorf("the message reads back as %+v", m)
			}
			if got[1].Cause != 1 || got[2].Cause != 2 || len(got[2].Body.Bytes) != 100_000 || got[3].Body.Bytes != nil {
				t.Errorf("causes %d, %d; body of %d bytes; empty body %v", got[1].Cause, got[2].Cause, len(got[2].Body.Bytes), got[3].Body.Bytes)
			}
			if d := got[1].Time.Sub(got[0].Time); d != time.Millisecond || got[0].Time.Location() != time.UTC {
				t.Errorf("times differ by %v, in %v; want whole milliseconds, UTC", d, got[0].Time.Location())
			}
			proven(t, j)
		}
	})
}

func TestTimesNeverFall(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		clock := newClock()
		c := config(at)
		c.Now = clock.Now
		j := open(t, c)
		before := appendOne(t, j, message("a", "1", "x"))
		clock.add(-time.Hour)
		if after := appendOne(t, j, message("a", "2", "y")); after.Time.Before(before.Time) {
			t.Errorf("time fell from %v to %v", before.Time, after.Time)
		}
		_ = j.Close()
		j = open(t, c)
		if after := appendOne(t, j, message("a", "3", "z")); after.Time.Before(before.Time) {
			t.Errorf("after opening again, time fell from %v to %v", before.Time, after.Time)
		}
	})
}

func TestAppendersShareCommits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		j := open(t, config(at))
		const appenders, each = 16, 20
		var wg sync.WaitGroup
		for a := range appenders {
			wg.Go(func() {
				last := handover.Offset(0)
				for i := range each {
					source := fmt.Sprint("s", a)
					cause := 0
					r, err := j.Append(context.Background(), []handover.Draft{
						message(source, fmt.Sprint(i), fmt.Sprintf("message %d of %s", i, source)),
						{Header: handover.Header{Kind: handover.Decided, Source: source}, CauseInBatch: &cause},
					})
					if err != nil {
						t.Error(err)
						return
					}
					if r[0].Offset <= last || r[1].Offset != r[0].Offset+1 {
						t.Errorf("receipts %d and %d after %d", r[0].Offset, r[1].Offset, last)
					}
					last = r[1].Offset
				}
			})
		}
		wg.Wait()
		got := all(t, j)
		if len(got) != appenders*each*2 {
			t.Fatalf("%d facts, want %d", len(got), appenders*each*2)
		}
		seen := map[string]int{}
		for i, e := range got {
			if e.Offset != handover.Offset(i+1) {
				t.Fatalf("fact %d has offset %d", i+1, e.Offset)
			}
			if e.Kind == handover.Received {
				if want := fmt.Sprintf("message %d of %s", seen[e.Source], e.Source); string(e.Body.Bytes) != want {
					t.Errorf("fact %d is out of its appender's order", e.Offset)
				}
				seen[e.Source]++
			}
		}
		proven(t, j)
	})
}

func TestInvalidDrafts(t *testing.T) {
	j := open(t, config(storetest.SQLite(t)))
	self := 0
	for name, d := range map[string]handover.Draft{
		"no kind":        {},
		"cause to come":  {Header: handover.Header{Kind: handover.Decided, Cause: 9}},
		"its own cause":  {Header: handover.Header{Kind: handover.Decided}, CauseInBatch: &self},
		"two bodies":     {Header: handover.Header{Kind: handover.Received}, Body: handover.Body{Bytes: []byte("x"), File: "y", Size: 1}},
		"negative cause": {Header: handover.Header{Kind: handover.Decided, Cause: -1}},
		"much too large": {Header: handover.Header{Kind: handover.Received}, Body: handover.Body{Bytes: make([]byte, 65<<20)}},
		"no such file":   {Header: handover.Header{Kind: handover.Received}, Body: handover.Body{File: "/nowhere/x", Size: 1 << 20}},
		"no small file":  {Header: handover.Header{Kind: handover.Received}, Body: handover.Body{File: "/nowhere/x", Size: 1}},
	} {
		if _, err := j.Append(t.Context(), []handover.Draft{d}); err == nil {
			t.Errorf("%s: it was appended", name)
		}
	}
	if j.Tail() != 0 {
		t.Errorf("tail %d after drafts that cannot be kept", j.Tail())
	}
	if r, err := j.Append(t.Context(), nil); r != nil || err != nil {
		t.Errorf("appending nothing: %v, %v", r, err)
	}
}

func TestReadAndGet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx, j := t.Context(), open(t, config(at))
		for i := range 10 {
			appendOne(t, j, message([]string{"adt", "lab"}[i%2], fmt.Sprint(i), fmt.Sprint("text ", i)))
		}
		lab := handover.Access{Actor: handover.Engine, Sees: func(r handover.Row) bool { return r.Source == "lab" }}
		got, err := j.Read(ctx, lab, 1, 3)
		if err != nil || len(got) != 3 || got[2].Offset != 6 {
			t.Errorf("reading three of the laboratory: %v, %v", got, err)
		}
		if got, err := j.Read(ctx, handover.Access{}, 1, 0); len(got) != 0 || err != nil {
			t.Errorf("the zero access saw %d facts, %v", len(got), err)
		}
		if e, err := j.Get(ctx, lab, 2); err != nil || string(e.Body.Bytes) != "text 1" {
			t.Errorf("Get: %v, %v", e, err)
		}
		for at, kind := range map[handover.Offset]handover.Kind{1: handover.Denied, 0: handover.NotFound, 11: handover.NotFound} {
			if _, err := j.Get(ctx, lab, at); handover.KindOf(err) != kind || err == nil {
				t.Errorf("Get %d: %v, want kind %v", at, err, kind)
			}
		}
	})
}

func TestWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		j := open(t, config(at))
		got := make(chan handover.Offset)
		go func() {
			tail, _ := j.Wait(context.Background(), 0)
			got <- tail
		}()
		appendOne(t, j, message("a", "1", "x"))
		if tail := <-got; tail != 1 {
			t.Errorf("woke at %d, want 1", tail)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := j.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting with an ended context: %v", err)
		}
		ended := make(chan error)
		go func() {
			_, err := j.Wait(context.Background(), 1)
			ended <- err
		}()
		time.Sleep(10 * time.Millisecond) // either order must end the wait
		_ = j.Close()
		if err := <-ended; err == nil {
			t.Error("waiting on a closed journal ended without an error")
		}
	})
}

func TestClosed(t *testing.T) {
	j := open(t, config(storetest.SQLite(t)))
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Error(err)
	}
	if _, err := j.Append(t.Context(), []handover.Draft{message("a", "1", "x")}); handover.KindOf(err) != handover.Unavailable {
		t.Errorf("appending to a closed journal: %v", err)
	}
}

func TestSecondProgramIsKeptOut(t *testing.T) {
	at := storetest.SQLite(t)
	open(t, config(at))
	if _, err := journal.Open(t.Context(), config(at)); handover.KindOf(err) != handover.Conflict {
		t.Errorf("a second journal on the same folder: %v", err)
	}
}
