package store

import (
	"context"
	"testing"
	"time"
)

// TestPool: readers that come one after the other share a session; what a crowd has
// opened is closed when it is not needed for a while.
func TestPool(t *testing.T) {
	db, err := Open(t.Context(), Config{Place: Place{Dir: t.TempDir()}, Name: "pool", Schema: []string{`CREATE TABLE a (b INTEGER)`}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p := db.readers
	for range 10 {
		s, err := p.take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p.give(s, true)
	}
	if n := len(p.idle); n != 1 {
		t.Errorf("%d sessions are open after readers that came one by one", n)
	}
	var crowd []*session
	for range cap(p.turns) {
		s, err := p.take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, s)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.take(ended); err == nil {
		t.Error("there is one more than may be")
	}
	for _, s := range crowd {
		p.give(s, true)
	}
	p.mu.Lock()
	for _, s := range p.idle {
		s.used = s.used.Add(-2 * idleAtMost)
	}
	p.mu.Unlock()
	for range cap(p.turns) {
		s, err := p.take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p.give(s, true)
	}
	if n := len(p.idle); n != 1 || time.Since(p.idle[0].used) > idleAtMost {
		t.Errorf("%d sessions are open after the crowd has gone", n)
	}
}
