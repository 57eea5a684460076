// Package insist tries until it succeeds: what must not be passed over is late
// where it cannot be done.
package insist

import (
	"context"
	"log/slog"
	"time"
)

// Until tries until it succeeds or ctx ends, waiting longer each time, from a tenth
// of a second to ten, and logs each failure. It reports whether it succeeded.
func Until(ctx context.Context, log *slog.Logger, what string, try func() error) bool {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		err := try()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		log.Error(what+" failed and is tried again", "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false
		}
	}
}
