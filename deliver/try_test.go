package deliver

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"handover"
)

// watching is a sender and a journal that note what they are told each call is about.
type watching struct {
	*receiver
	*memory
	mu    sync.Mutex
	sent  []Try
	ended []Try // what appends were about
}

func (w *watching) Send(ctx context.Context, message []byte) handover.Outcome {
	t, _ := TryOf(ctx)
	w.mu.Lock()
	w.sent = append(w.sent, t)
	w.mu.Unlock()
	return w.receiver.Send(ctx, message)
}

func (w *watching) Append(ctx context.Context, drafts []handover.Draft) ([]handover.Receipt, error) {
	if t, ok := TryOf(ctx); ok {
		w.mu.Lock()
		w.ended = append(w.ended, t)
		w.mu.Unlock()
	}
	return w.memory.Append(ctx, drafts)
}

// TestTryOf: sender and journal see what is being sent, and since when it is to be: since
// it was made, or released.
func TestTryOf(t *testing.T) {
	w := &watching{memory: newMemory(), receiver: &receiver{say: func(_ string, nth int) handover.Outcome {
		return handover.Outcome{Ending: []handover.Ending{handover.Failed, handover.Rejected, handover.Accepted}[nth-1]}
	}}}
	lab := to("lab", w.receiver)
	lab.Open = func(func([]byte)) Sender { return w }
	h := start(t, t.TempDir(), w.memory, 0, lab)
	h.end()
	h.config.Journal = w
	d, err := Open(t.Context(), h.config)
	if err != nil {
		t.Fatal(err)
	}
	h.Deliverer, h.ended = d, make(chan struct{})
	var ctx context.Context
	ctx, h.stop = context.WithCancel(context.Background())
	go func() { d.Run(ctx); close(h.ended) }()
	message, decision := w.receive(delivery1("lab", "k"))
	id := handover.DeliveryID{Of: decision, To: "lab"}
	h.until("it is parked", func() bool { return h.ledger().count("lab", "parked") == 1 })
	if err := d.Release(t.Context(), someone, id, "a test"); err != nil {
		t.Fatal(err)
	}
	h.until("it is accepted", func() bool { return h.ledger().count("lab", "accepted") == 1 })
	h.end()
	var since []time.Time
	for _, e := range w.all() {
		if e.Kind == handover.Decided || e.Kind == handover.Released {
			since = append(since, e.Time)
		}
	}
	var want []Try
	for try, at := range []time.Time{since[0], since[0], since[1]} {
		want = append(want, Try{handover.Attempt{DeliveryID: id, Try: try + 1}, message, w.entries[message-1].Header, at})
	}
	if !slices.Equal(w.sent, want) || !slices.Equal(w.ended, want) {
		t.Errorf("sent %+v\nended %+v\nwant %+v", w.sent, w.ended, want)
	}
}
