package wire

import "sync/atomic"

// DefaultMemory is the budget in bytes of a Memory that was given none.
const DefaultMemory = 64 << 20

// Memory is a budget of bytes that all connections share. Nobody ever waits
// for it: a message that gets none goes through a spool file instead, so two
// connections that both want more cannot hold each other up. A nil *Memory
// has no limit.
type Memory struct {
	limit      int64
	used, peak atomic.Int64
}

// NewMemory returns a budget of limit bytes; 0 means DefaultMemory.
func NewMemory(limit int64) *Memory {
	if limit <= 0 {
		limit = DefaultMemory
	}
	return &Memory{limit: limit}
}

// Take takes n bytes of the budget if they are there.
func (m *Memory) Take(n int64) bool {
	if m == nil {
		return true
	}
	used := m.used.Add(n)
	if used > m.limit {
		m.used.Add(-n)
		return false
	}
	m.note(used)
	return true
}

// must takes n bytes whether they are there or not. What is taken so is small
// and bounded by the number of connections.
func (m *Memory) must(n int64) {
	if m != nil {
		m.note(m.used.Add(n))
	}
}

func (m *Memory) note(used int64) {
	for {
		peak := m.peak.Load()
		if used <= peak || m.peak.CompareAndSwap(peak, used) {
			return
		}
	}
}

// Give gives n bytes back.
func (m *Memory) Give(n int64) {
	if m != nil {
		m.used.Add(-n)
	}
}

// Used returns the bytes taken now.
func (m *Memory) Used() int64 {
	if m == nil {
		return 0
	}
	return m.used.Load()
}

// Peak returns the most bytes that were ever taken at once.
func (m *Memory) Peak() int64 {
	if m == nil {
		return 0
	}
	return m.peak.Load()
}
