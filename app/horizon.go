package app

import (
	"sync"

	"handover"
)

// horizon is how far the pipeline has looked. Not every fact concerns the record:
// after the last one that does come messages that are repeated or refused, and
// checkpoints. Whoever waits until such an offset is applied is to be told too.
type horizon struct {
	mu      sync.Mutex
	looked  handover.Offset // every message up to here is on its way or through
	last    handover.Offset // the last message that is on its way
	through handover.Offset // the last message that is applied
}

// looked notes that the pipeline has read all facts up to an offset, and is about
// to decide these messages of them.
func (p *pipeline) looked(offset handover.Offset, todo [][]work) {
	h := &p.horizon
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looked = offset
	if n := len(todo); n > 0 {
		h.last = todo[n-1][len(todo[n-1])-1].message.Offset
	}
	p.pass()
}

// through notes that a message and all before it are in the record's tables.
func (p *pipeline) through(message handover.Offset) {
	h := &p.horizon
	h.mu.Lock()
	defer h.mu.Unlock()
	h.through = message
	p.pass()
}

// pass tells the record how far it is if nothing is on its way. What follows
// from a message comes after it in the journal, so nothing that is still to be
// applied can lie before the horizon. The horizon is locked.
func (p *pipeline) pass() {
	if p.horizon.through >= p.horizon.last {
		p.record.Pass(p.horizon.looked)
	}
}
