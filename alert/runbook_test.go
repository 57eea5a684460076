package alert_test

import (
	"os"
	"path/filepath"
	"testing"

	"handover/alert"
)

// TestRunbooks: every kind of alert has a page that says what to do.
func TestRunbooks(t *testing.T) {
	for _, kind := range []string{alert.Silence, alert.Behind, alert.Sequence, alert.Failed, alert.Late, alert.Deep, alert.Overdue, alert.Books, alert.Expiring} {
		if text, err := os.ReadFile(filepath.Join("..", alert.Runbook(kind))); err != nil || len(text) < 400 {
			t.Errorf("%s has no runbook: %v", kind, err)
		}
	}
}
