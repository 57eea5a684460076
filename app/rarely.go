package app

import (
	"sync"
	"time"
)

// rarely lets one of many like things be told. On a full disk every sender is
// refused several times a second, and a line for each would fill what is left.
type rarely struct {
	mu    sync.Mutex
	last  time.Time
	since int
}

// rarelyEvery is how much time lies between two that are told.
const rarelyEvery = 10 * time.Second

// may reports whether this one is told, and how many were not since the last.
func (r *rarely) may(now time.Time) (untold int, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && now.Sub(r.last) < rarelyEvery {
		r.since++
		return 0, false
	}
	untold, r.since, r.last = r.since, 0, now
	return untold, true
}
