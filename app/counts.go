package app

import "sync/atomic"

// Counts are what the engine has done since it was opened.
type Counts struct {
	Recorded int64 // messages decided, and applied to the record where they go there
	Versions int64 // resource versions written
}

// counters are Counts as they grow.
type counters struct{ recorded, versions atomic.Int64 }

// Counts returns what the engine has done so far.
func (e *Engine) Counts() Counts {
	return Counts{Recorded: e.counters.recorded.Load(), Versions: e.counters.versions.Load()}
}

// add counts a batch that is through.
func (c *counters) add(batch []work) {
	for i := range batch {
		c.versions.Add(int64(batch[i].versions))
	}
	c.recorded.Add(int64(len(batch)))
}
