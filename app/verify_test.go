package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/driver"

	"handover"
	"handover/app"
	"handover/internal/store"
	"handover/journal"
	"handover/trace"
)

// messages are all messages of the engine, newest first.
func messages(t *testing.T, e *app.Engine) []trace.Message {
	t.Helper()
	var out []trace.Message
	for before := ""; ; {
		answer, err := http.Get("http://" + e.HTTP() + "/api/v1/messages?limit=1000" + before)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Messages []trace.Message `json:"messages"`
			Before   int64           `json:"before"`
		}
		err = json.NewDecoder(answer.Body).Decode(&page)
		if err != nil || answer.Body.Close() != nil {
			t.Fatalf("%s: %v", answer.Status, err)
		}
		out = append(out, page.Messages...)
		if page.Before == 0 {
			return out
		}
		before = fmt.Sprint("&before=", page.Before)
	}
}

// waitRouted waits until n messages are decided and in the trace.
func waitRouted(t *testing.T, e *app.Engine, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		routed := 0
		for _, m := range messages(t, e) {
			if m.State == handover.StateRouted {
				routed++
			}
		}
		if routed == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages are routed, want %d", routed, n)
		}
	}
}

// checkEpoch looks for the fact that a restore leaves.
func checkEpoch(t *testing.T, dir string, m app.Manifest) {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	fact, err := j.Get(t.Context(), handover.Everything(handover.Engine), m.Tail+1)
	if err != nil || fact.Kind != handover.EpochOpened {
		t.Fatalf("after the backup comes %v: %v", fact.Kind, err)
	}
	var epoch app.Epoch
	if err := json.Unmarshal(fact.Body.Bytes, &epoch); err != nil {
		t.Fatal(err)
	}
	if epoch.After != m.Tail || !bytes.Equal(epoch.Root, m.Root) || !epoch.Made.Equal(m.Made) || epoch.Restored.IsZero() {
		t.Errorf("the epoch is %+v, the backup's %+v", epoch, m)
	}
}

// aFolder is a data folder that some messages went through.
func aFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	for n := range 30 {
		send(t, e, "pas", admission(fmt.Sprint("V", n), n))
	}
	waitRouted(t, e, 30)
	stop()
	return dir
}

func findings(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	for _, f := range prove(t, dir).Findings {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}

// TestVerifyFindsFlippedBytes: one bit in a fact's head or body is found. The
// mark against duplicates, at the head's end, is no part of the tree.
func TestVerifyFindsFlippedBytes(t *testing.T) {
	dir := aFolder(t)
	volume := filepath.Join(dir, "journal", "facts-0000000000000001.0.db")
	if found := findings(t, dir); found != "" {
		t.Fatal(found)
	}
	good, err := os.ReadFile(volume)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"head", "body", "key"} {
		for _, offset := range []int{1, 7, 31} {
			blob := column(t, dir, name, offset)
			if len(blob) == 0 {
				continue // this fact has no key
			}
			at := bytes.Index(good, blob)
			if at < 0 || bytes.Contains(good[at+1:], blob) {
				continue // it goes on in another page
			}
			places := []int{0, len(blob) / 2}
			if name != "head" {
				places = append(places, len(blob)-1)
			}
			for _, place := range places {
				bad := bytes.Clone(good)
				bad[at+place] ^= 0x10
				if err := os.WriteFile(volume, bad, 0o600); err != nil {
					t.Fatal(err)
				}
				if !found(t, dir) {
					t.Errorf("%s of fact %d, byte %d: not found", name, offset, place)
				}
			}
		}
	}
	if err := os.WriteFile(volume, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, dir); found != "" {
		t.Error(found)
	}
}

// found reports whether something is wrong with the folder. A journal so
// damaged that it cannot be opened is told as an error.
func found(t *testing.T, dir string) bool {
	f, err := app.OpenFolder(t.Context(), app.FolderConfig{Dir: dir})
	if err != nil {
		return true
	}
	defer f.Close()
	p, err := f.Verify(t.Context(), nil)
	return err != nil || len(p.Findings) > 0
}

// column reads one column of one fact.
func column(t *testing.T, dir, name string, offset int) (blob []byte) {
	t.Helper()
	query(t, filepath.Join(dir, "journal"), "facts-0000000000000001.0", func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Get(ctx, []any{&blob}, "SELECT "+name+" FROM fact WHERE at = ?", offset)
		return err
	})
	return blob
}

func query(t *testing.T, dir, name string, do func(context.Context, *store.Tx) error) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Place: store.Place{Dir: dir}, Name: name, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(t.Context(), func(tx *store.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyFindsChangedTables: a row that was deleted, changed or added behind
// the engine's back is found, and named.
func TestVerifyFindsChangedTables(t *testing.T) {
	dir := aFolder(t)
	for _, c := range []struct{ table, change, want string }{
		{"trace", `DELETE FROM message WHERE id = (SELECT max(id) FROM message)`, "trace, offset"},
		{"trace", `INSERT INTO patient VALUES ('900999', 1)`, "trace, offset 1, table patient: it differs"},
		{"record", `DELETE FROM resource WHERE rid = 1`, "record, table resource, row 1: it is missing"},
		{"record", `DELETE FROM token WHERE rid = 2`, "record, table token, row 2: it is missing"},
		{"record", `UPDATE pack SET body = zeroblob(10) WHERE pack = (SELECT max(pack) FROM pack)`, "it differs from what the facts give"},
	} {
		path := filepath.Join(dir, c.table+".db")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		change(t, dir, c.table, c.change)
		if found := findings(t, dir); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", c.change, found, c.want)
		}
		for _, side := range []string{"-wal", "-shm"} {
			_ = os.Remove(path + side)
		}
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func change(t *testing.T, dir, name, statement string) {
	t.Helper()
	db, err := driver.Open("file:" + filepath.Join(dir, name+".db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyWhileRunning asks a running engine that is sent messages meanwhile.
func TestVerifyWhileRunning(t *testing.T) {
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	l := startLoad(t, e.Addr("pas"), 4)
	l.await(200)
	before := l.count.Load()
	p, err := e.Verify(t.Context(), nil)
	if err != nil || len(p.Findings) > 0 || p.Facts < before {
		t.Errorf("%d facts, %v, %v", p.Facts, p.Findings, err)
	}
	l.end()
	if l.count.Load() == before {
		t.Error("nothing was taken in meanwhile")
	}
	if _, err := app.OpenFolder(t.Context(), app.FolderConfig{Dir: dir}); handover.KindOf(err) != handover.Unavailable {
		t.Errorf("opened the folder under an engine: %v", err)
	}
	stop()
}
