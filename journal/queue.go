package journal

import (
	"errors"
	"sync"

	"handover"
)

// A commit takes up to this much of what waits. One request is never split.
const (
	maxCommitFacts = 4096
	maxCommitBytes = 8 << 20
)

var errShut = &handover.Error{Op: "appending to the journal", Kind: handover.Unavailable, Err: errors.New("the journal is closed")}

// queue gathers requests into commits without a goroutine of its own: of those
// who wait, one leads. It commits what has gathered, tells the others, and
// hands the lead to the first of those who came meanwhile.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	leading bool
	closed  bool
	idle    sync.Cond // leading has ended
}

// request is one call of Append.
type request struct {
	items    []item
	intake   bool // has messages that may be refused when space is low
	seal     bool // asks for a new volume after the commit
	receipts []handover.Receipt
	err      error
	lead     chan bool // true: commit now; false: it is done
}

// enter waits until the request is done, or returns the requests that the
// caller must now commit, its own among them.
func (q *queue) enter(r *request) (batch []*request, err error) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil, errShut
	}
	q.waiting = append(q.waiting, r)
	if q.leading {
		q.mu.Unlock()
		if lead := <-r.lead; !lead {
			return nil, nil
		}
		q.mu.Lock()
	}
	q.leading = true
	batch = q.take()
	q.mu.Unlock()
	return batch, nil
}

// take removes a commit's worth of requests from the front. The caller holds mu.
func (q *queue) take() []*request {
	facts, bytes, n := 0, 0, 0
	for _, r := range q.waiting {
		facts += len(r.items)
		for i := range r.items {
			bytes += len(r.items[i].content)
		}
		if n > 0 && (facts > maxCommitFacts || bytes > maxCommitBytes) {
			break
		}
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = append([]*request(nil), q.waiting[n:]...)
	return batch
}

// leave tells the others of the batch that they are done and hands on the lead.
func (q *queue) leave(own *request, batch []*request) {
	for _, r := range batch {
		if r != own {
			r.lead <- false
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		q.waiting[0].lead <- true
		return
	}
	q.leading = false
	if q.idle.L != nil {
		q.idle.Broadcast()
	}
}

// shut lets no one in any more and waits for those inside. It reports whether
// it was shut already.
func (q *queue) shut() (was bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	was, q.closed = q.closed, true
	q.idle.L = &q.mu
	for q.leading {
		q.idle.Wait()
	}
	return was
}

func (q *queue) isShut() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}
