package bench

import (
	"context"
	"sync/atomic"
	"time"
)

// peak watches how much memory is resident until stop, and returns the most of
// it, in bytes. The senders run in the same process and count too.
func peak(ctx context.Context) (now func() int64, stop func() int64) {
	var most atomic.Int64
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	look := func() int64 {
		v := resident()
		for old := most.Load(); v > old && !most.CompareAndSwap(old, v); old = most.Load() {
		}
		return v
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			look()
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return look, func() int64 {
		cancel()
		<-ended
		look()
		return most.Load()
	}
}
