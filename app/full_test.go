package app_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"handover"
	"handover/app"
)

// TestFullDisk: below the mark a message is refused with AE and a code that
// says to send it again; what was kept before is read, decided and removed by
// retention; and when there is room it goes on. test/torture does the same with
// a file system that is really full.
func TestFullDisk(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	site := anyPorts(t)
	ctx, cancel := context.WithCancel(context.Background())
	e, err := app.Open(ctx, app.Config{Site: site, Dir: t.TempDir(), Free: func(string) (int64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	for n := range 20 {
		send(t, e, "pas", admission(fmt.Sprint("F", n), n))
	}
	free.Store(site.LowSpace - 1)
	time.Sleep(300 * time.Millisecond) // it looks five times a second
	refused := send(t, e, "pas", admission("F20", 20))
	if code, why := refused.Get("MSA-1").Text(), refused.Get("ERR-3.1").Text(); code != "AE" || why == "" {
		t.Errorf("below the mark: %s %q", code, why)
	}
	waitRouted(t, e, 20)
	kept := e.Inspect().Journal
	if _, err := kept.Expire(t.Context(), handover.KeepMessage, time.Now()); err != nil {
		t.Errorf("retention on a full disk: %v", err)
	}
	if got := len(messages(t, e)); got != 20 {
		t.Errorf("%d messages are found, want 20", got)
	}
	free.Store(1 << 40)
	time.Sleep(300 * time.Millisecond)
	if code := send(t, e, "pas", admission("F20", 20)).Get("MSA-1").Text(); code != "AA" {
		t.Errorf("when there is room again: %s", code)
	}
	waitRouted(t, e, 21)
}
