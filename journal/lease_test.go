package journal_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/internal/store/storetest"
)

func newContext(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), 30*time.Second)
}

// Two processes want to append: one does, the other is told so, and takes over
// when the first has closed.
func TestTwoAppendersRace(t *testing.T) {
	c := config(storetest.PostgreSQL(t))
	a, b := open(t, c), open(t, c)
	appendOne(t, a, message("x", "1", "by a"))
	if _, err := b.Append(t.Context(), []handover.Draft{message("x", "2", "by b")}); handover.KindOf(err) != handover.Conflict {
		t.Errorf("the second appender: %v, want Conflict", err)
	}
	if at, err := b.Wait(t.Context(), 0); err != nil || at != 1 {
		t.Errorf("the second process sees %d, %v", at, err)
	}
	if got := all(t, b); len(got) != 1 || string(got[0].Body.Bytes) != "by a" {
		t.Errorf("the second process reads %v", got)
	}
	_ = a.Close()
	if r := appendOne(t, b, message("x", "1", "by a")); r.First != 1 {
		t.Errorf("the new appender does not know the old one's messages: %+v", r)
	}
	proven(t, b)
}

// Appenders that fight for a short lease still leave one order without holes.
func TestAppendersFight(t *testing.T) {
	c := config(storetest.PostgreSQL(t))
	c.Lease = 30 * time.Millisecond
	var mu sync.Mutex
	acked := map[string]handover.Offset{}
	var wg sync.WaitGroup
	for n := range 3 {
		j := open(t, c)
		wg.Go(func() {
			for i := range 30 {
				text := fmt.Sprintf("%d of %d", i, n)
				r, err := j.Append(context.Background(), []handover.Draft{message(fmt.Sprint("s", n), fmt.Sprint(i), text)})
				if err == nil {
					mu.Lock()
					acked[text] = r[0].Offset
					mu.Unlock()
				} else if k := handover.KindOf(err); k != handover.Conflict {
					t.Errorf("%v", err)
				}
				time.Sleep(5 * time.Millisecond)
				if i%5 == n {
					time.Sleep(2 * c.Lease) // pauses beyond its lease
				}
			}
		})
	}
	wg.Wait()
	c.Lease = 0
	time.Sleep(50 * time.Millisecond)
	j := open(t, c)
	appendOne(t, j, decided("the end"))
	found := map[string]handover.Offset{}
	for i, e := range all(t, j) {
		if e.Offset != handover.Offset(i+1) {
			t.Fatalf("fact %d has offset %d", i+1, e.Offset)
		}
		found[string(e.Body.Bytes)] = e.Offset
	}
	for text, at := range acked {
		if found[text] != at {
			t.Errorf("%q was acknowledged as %d and is at %d", text, at, found[text])
		}
	}
	if len(acked) < 20 {
		t.Errorf("only %d of 90 appends went through", len(acked))
	}
	proven(t, j)
}

// A holder that slept through its lease cannot commit any more.
func TestStaleHolderIsFenced(t *testing.T) {
	c := config(storetest.PostgreSQL(t))
	c.Lease = 50 * time.Millisecond
	stale := open(t, c)
	appendOne(t, stale, message("x", "1", "before"))
	time.Sleep(100 * time.Millisecond)
	c.Lease = time.Minute
	fresh := open(t, c)
	appendOne(t, fresh, message("x", "2", "the new holder's"))
	for range 2 {
		if _, err := stale.Append(t.Context(), []handover.Draft{message("x", "3", "late")}); handover.KindOf(err) != handover.Conflict {
			t.Errorf("the stale holder: %v, want Conflict", err)
		}
	}
	if got := all(t, fresh); len(got) != 2 {
		t.Errorf("%d facts, want 2", len(got))
	}
	proven(t, fresh)
}

// While a commit is slow, nobody else's facts come between, even if the lease
// has run out: whoever wants it waits for the commit.
func TestSlowCommit(t *testing.T) {
	c := config(storetest.PostgreSQL(t))
	c.Lease = 50 * time.Millisecond
	slow := open(t, c)
	appendOne(t, slow, message("x", "1", "one"))

	db, err := sql.Open("pgx", c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	blocker, err := db.Begin() // makes the next insert wait
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blocker.Exec(`LOCK TABLE journal.fact IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() {
		_, err := slow.Append(context.Background(), []handover.Draft{message("x", "2", "two")})
		first <- err
	}()
	time.Sleep(100 * time.Millisecond) // it hangs in its transaction, the lease is over
	other := open(t, c)
	second := make(chan handover.Receipt, 1)
	go func() {
		for {
			r, err := other.Append(context.Background(), []handover.Draft{message("x", "3", "three")})
			if err == nil {
				second <- r[0]
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	time.Sleep(100 * time.Millisecond)
	if err := blocker.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Errorf("the slow commit: %v", err)
	}
	if r := <-second; r.Offset != 3 {
		t.Errorf("the other's fact: %+v, want offset 3", r)
	}
	proven(t, other)
}
