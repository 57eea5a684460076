package journal_test

import (
	"os"
	"path/filepath"
	"testing"

	"handover/internal/store/storetest"
	"handover/journal"
)

// TestReserveIsSparedForOpening: a start that fails gives up the reserve on a
// full disk, and only there.
func TestReserveIsSparedForOpening(t *testing.T) {
	free := int64(1 << 40)
	c := config(storetest.SQLite(t))
	c.LowSpace, c.Reserve = 1000, 5000
	c.Free = func(string) (int64, error) { return free, nil }
	folder := filepath.Join(c.Dir, "journal")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	reserve := filepath.Join(folder, "reserve")
	for path, text := range map[string]string{
		filepath.Join(folder, "facts-0000000000000001.0.db"): "this is no volume",
		reserve: "held back",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []bool{true, false} {
		if j, err := journal.Open(t.Context(), c); err == nil {
			_ = j.Close()
			t.Fatal("opened what is no journal")
		}
		if _, err := os.Stat(reserve); (err == nil) != want {
			t.Errorf("with %d bytes free, the reserve is there: %v", free, err == nil)
		}
		free = 10
	}
}
