package app

import (
	"context"
	"sync"

	"handover"
	"handover/hl7v2"
)

// waitingRoom is where senders wait that are told only once their message is
// in the record.
type waitingRoom struct {
	mu      sync.Mutex
	done    handover.Offset // every message up to here is decided and applied
	waiting map[handover.Offset][]chan arrivalVerdict
	// look finds what became of a message that was decided before.
	look func(ctx context.Context, offset handover.Offset) (handover.Decision, error)
}

// begin says that every message up to an offset was decided before.
func (r *waitingRoom) begin(offset handover.Offset) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = offset
}

// wait returns the verdict on a message once it is decided. Where ctx ends
// first the sender hears an error, and keeps its message.
func (r *waitingRoom) wait(ctx context.Context, offset handover.Offset) arrivalVerdict {
	r.mu.Lock()
	if offset <= r.done {
		r.mu.Unlock()
		d, err := r.look(ctx, offset)
		if err != nil {
			return notRecorded("the record cannot be asked now; send it again")
		}
		return verdictOn(d)
	}
	told := make(chan arrivalVerdict, 1)
	if r.waiting == nil {
		r.waiting = map[handover.Offset][]chan arrivalVerdict{}
	}
	r.waiting[offset] = append(r.waiting[offset], told)
	r.mu.Unlock()
	select {
	case v := <-told:
		return v
	case <-ctx.Done():
		return notRecorded("it is kept, but not yet in the record; send it again")
	}
}

// anyone reports whether somebody waits.
func (r *waitingRoom) anyone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting) > 0
}

// tell passes on what was decided of a message, and that it is applied.
func (r *waitingRoom) tell(offset handover.Offset, d handover.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = max(r.done, offset)
	for _, told := range r.waiting[offset] {
		told <- verdictOn(d)
	}
	delete(r.waiting, offset)
}

// verdictOn turns a decision into what the sender hears.
func verdictOn(d handover.Decision) arrivalVerdict {
	switch d.State {
	case handover.StateRouted, handover.StateFiltered:
		return arrivalVerdict{outcome: hl7v2.Accepted}
	}
	return notRecorded("it is kept, and waits for a person: " + d.Reason)
}

func notRecorded(text string) arrivalVerdict {
	return arrivalVerdict{hl7v2.InError, "not-recorded", []hl7v2.AckError{{Code: "207", Text: text}}}
}
