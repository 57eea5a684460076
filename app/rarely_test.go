package app

import (
	"testing"
	"time"
)

func TestRarely(t *testing.T) {
	var r rarely
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	told, untold := 0, 0
	for i := range 1000 { // over 50 seconds
		if n, yes := r.may(start.Add(time.Duration(i) * 50 * time.Millisecond)); yes {
			told, untold = told+1, untold+n
		}
	}
	if told != 5 || untold != 4*199 {
		t.Errorf("%d were told and %d counted, want 5 and %d", told, untold, 4*199)
	}
}
