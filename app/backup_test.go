package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"handover"
	"handover/app"
	"handover/wire/mllp"
)

// admission is a synthetic ADT^A01 with its own control id and patient.
func admission(control string, n int) []byte {
	return fmt.Appendf(nil, "MSH|^~\\&|PAS|QSG|HANDOVER|QSG|20260302080000+0000||ADT^A01^ADT_A01|%s|P|2.5.1\r"+
		"EVN|A01|20260302080000+0000\rPID|1||%06d^^^QSG^MR||TESTPATIENT^SYNTHETIC%d||19800101|F\rPV1|1|I|W1^1^1\r", control, 900000+n%500, n)
}

// load sends messages over some connections until it is stopped.
type load struct {
	t     *testing.T
	acked sync.Map // control ids
	count atomic.Int64
	work  sync.WaitGroup
	stop  context.CancelFunc
}

func startLoad(t *testing.T, address string, connections int) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{t: t, stop: cancel}
	for c := range connections {
		l.work.Go(func() { l.send(ctx, address, c) })
	}
	t.Cleanup(l.end)
	return l
}

func (l *load) send(ctx context.Context, address string, c int) {
	client, err := mllp.Dial(context.WithoutCancel(ctx), mllp.ClientConfig{Address: address, Answer: time.Minute})
	if err != nil {
		l.t.Error(err)
		return
	}
	defer client.Close()
	for n := 0; ctx.Err() == nil; n++ {
		control := fmt.Sprintf("L%d-%d", c, n)
		answer, err := client.Send(context.WithoutCancel(ctx), admission(control, n))
		if err != nil || !bytes.Contains(answer, []byte("MSA|AA|"+control)) {
			l.t.Errorf("%s: %q, %v", control, answer, err)
			return
		}
		l.acked.Store(control, true)
		l.count.Add(1)
	}
}

// await returns when so many messages are acknowledged, and ends the test if that
// will not be.
func (l *load) await(n int64) {
	l.t.Helper()
	for deadline := time.Now().Add(time.Minute); l.count.Load() < n; time.Sleep(10 * time.Millisecond) {
		if l.t.Failed() || time.Now().After(deadline) {
			l.t.Fatalf("%d messages are acknowledged, want %d", l.count.Load(), n)
		}
	}
}

func (l *load) end() { l.stop(); l.work.Wait() }

// sofar are the messages acknowledged until now.
func (l *load) sofar() (controls []string) {
	l.acked.Range(func(control, _ any) bool {
		controls = append(controls, control.(string))
		return true
	})
	return controls
}

// TestBackupUnderLoad takes backups over HTTP from an engine that is sent
// messages all the while, on volumes that are sealed all the while, and
// restores each: whatever was acknowledged before it began is there once.
func TestBackupUnderLoad(t *testing.T) {
	site := anyPorts(t)
	site.VolumeSize = 100_000
	e, stop := start(t, site, t.TempDir())
	l := startLoad(t, e.Addr("pas"), 8)
	for i := range 2 {
		l.await(l.count.Load() + 300)
		controls := l.sofar()
		file := fetchBackup(t, e)
		dir := filepath.Join(t.TempDir(), "restored")
		m := restored(t, file, dir)
		seen := controlsIn(t, dir)
		for _, c := range controls {
			if seen[c] != 1 {
				t.Fatalf("backup %d: %s was acknowledged before it and is in it %d times", i, c, seen[c])
			}
		}
		t.Logf("backup %d: %d facts, %d messages acknowledged before, %d bytes of %d", i, m.Tail, len(controls), len(file), m.Bytes())
	}
	l.end()
	stop()
}

func fetchBackup(t *testing.T, e *app.Engine) []byte {
	t.Helper()
	answer, err := http.Post("http://"+e.HTTP()+"/api/v1/backup", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	file, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v: %s", answer.Status, err, file[:min(len(file), 300)])
	}
	return file
}

// restored restores the backup and proves the folder.
func restored(t *testing.T, file []byte, dir string) app.Manifest {
	t.Helper()
	m, err := app.Restore(t.Context(), bytes.NewReader(file), app.RestoreConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if p := prove(t, dir); len(p.Findings) != 0 || p.Facts != int64(m.Tail)+1 {
		t.Fatalf("restored %d facts and the epoch, found %d: %v", m.Tail, p.Facts, p.Findings)
	}
	return m
}

func prove(t *testing.T, dir string) app.Proof {
	t.Helper()
	f, err := app.OpenFolder(t.Context(), app.FolderConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := f.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// controlsIn starts an engine on the folder and counts its messages by control
// id, duplicates apart.
func controlsIn(t *testing.T, dir string) map[string]int {
	t.Helper()
	e, stop := start(t, anyPorts(t), dir)
	defer stop()
	seen := map[string]int{}
	for _, m := range messages(t, e) {
		if m.State != handover.StateDuplicate {
			seen[m.Control]++
		}
	}
	return seen
}

// TestEngineGoesOnAfterRestore: an acknowledged message that is sent again is
// known, a new one gets the next offset, and the epoch is told.
func TestEngineGoesOnAfterRestore(t *testing.T) {
	site := anyPorts(t)
	e, stop := start(t, site, t.TempDir())
	send(t, e, "pas", sample(t, "1-admission.hl7"))
	waitRouted(t, e, 1)
	file := fetchBackup(t, e)
	stop()
	dir := t.TempDir()
	m := restored(t, file, dir)
	e, stop = start(t, site, dir)
	send(t, e, "pas", sample(t, "1-admission.hl7"))
	send(t, e, "lab", sample(t, "2-order.hl7"))
	waitRouted(t, e, 2)
	var states []handover.State
	for _, m := range messages(t, e) {
		states = append(states, m.State)
	}
	if fmt.Sprint(states) != "[routed duplicate routed]" {
		t.Errorf("messages are %v", states)
	}
	stop()
	if p := prove(t, dir); len(p.Findings) != 0 {
		t.Error(p.Findings)
	}
	checkEpoch(t, dir, m)
}

// TestDamagedBackup: a backup that was cut off anywhere, or in which a byte is
// another, makes no data folder, unless it says the same all the same: a
// compressed stream has bits that nobody reads.
func TestDamagedBackup(t *testing.T) {
	e, stop := start(t, anyPorts(t), t.TempDir())
	for n := range 20 {
		send(t, e, "pas", admission(fmt.Sprint("D", n), n))
	}
	file := fetchBackup(t, e)
	stop()
	rng := rand.New(rand.NewPCG(1, 2))
	refused := func(what string, file []byte) {
		dir := t.TempDir()
		_, err := app.Restore(t.Context(), bytes.NewReader(file), app.RestoreConfig{Dir: dir})
		if handover.KindOf(err) != handover.Invalid {
			t.Errorf("%s: %v", what, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: left %v", what, left)
		}
	}
	for _, cut := range []int{0, 1, 100, len(file) / 2, len(file) - 1000, len(file) - 5, len(file) - 1} {
		refused(fmt.Sprint("cut at ", cut), file[:cut])
	}
	whole, err := decompressed(file)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		at := rng.IntN(len(file))
		bad := bytes.Clone(file)
		bad[at] ^= 1 << rng.IntN(8)
		if content, err := decompressed(bad); err == nil && bytes.Equal(content, whole) {
			continue
		}
		refused(fmt.Sprint("another byte at ", at), bad)
	}
	refused("something else", []byte("this is no backup"))
}

func decompressed(file []byte) ([]byte, error) {
	z, err := zstd.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return io.ReadAll(z)
}

func TestRestoreOnlyIntoAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "site.key"), make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := app.Restore(t.Context(), bytes.NewReader(nil), app.RestoreConfig{Dir: dir})
	if handover.KindOf(err) != handover.Usage {
		t.Errorf("restored over what was there: %v", err)
	}
}

// TestHalfRestoredFolder: what a crash leaves of a restore is not taken for a
// data folder, and neither is a journal whose key is missing.
func TestHalfRestoredFolder(t *testing.T) {
	for _, c := range []struct{ what, path string }{
		{"a restore that did not end", "restore.part/journal/x"},
		{"a journal without its key", "journal/facts-0000000000000001.0.db"},
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(c.path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, c.path), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if e, err := app.Open(t.Context(), app.Config{Site: anyPorts(t), Dir: dir}); err == nil {
			_ = e.Close()
			t.Errorf("%s: an engine opened it", c.what)
		}
	}
}

// TestBackupRefusals: whom a backup is not given, and what is asked wrongly.
func TestBackupRefusals(t *testing.T) {
	e, _ := start(t, anyPorts(t), t.TempDir())
	for _, c := range []struct {
		what, method, path string
		header, value      string
		status             int
	}{
		{"a web page of another site", "POST", "/api/v1/backup", "Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"a name that is not this machine's", "POST", "/api/v1/verify", "Host", "elsewhere.example", http.StatusForbidden},
		{"a link that is followed", "GET", "/api/v1/backup", "", "", http.StatusNotFound},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+e.HTTP()+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		switch c.header {
		case "":
		case "Host":
			r.Host = c.value
		default:
			r.Header.Set(c.header, c.value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s: %s", c.what, answer.Status)
		}
	}
}

// TestOperationsAreDescribed: openapi.json tells of what is served beside it.
func TestOperationsAreDescribed(t *testing.T) {
	e, _ := start(t, anyPorts(t), t.TempDir())
	answer, err := http.Get("http://" + e.HTTP() + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/backup", "/api/v1/verify"} {
		if d.Paths[path]["post"] == nil {
			t.Errorf("%s is not described", path)
		}
	}
}

// TestBackupThatNobodyTakes: one backup at a time, and one that is given up
// leaves nothing.
func TestBackupThatNobodyTakes(t *testing.T) {
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	slow, full := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := e.Backup(ctx, full, nil)
		ended <- err
	}()
	one := make([]byte, 1)
	if _, err := slow.Read(one); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Backup(t.Context(), io.Discard, nil); handover.KindOf(err) != handover.Conflict {
		t.Errorf("two backups at once: %v", err)
	}
	cancel()
	_ = slow.CloseWithError(context.Canceled)
	if err := <-ended; err == nil {
		t.Error("a backup that nobody took succeeded")
	}
	if _, err := os.Stat(filepath.Join(dir, "backup.part")); err == nil {
		t.Error("its files stayed")
	}
	stop()
}

// TestBackupBreaksOffWithTheEngine: an engine that stops does not wait for a
// client that takes its time, and the client does not take a part for a whole.
func TestBackupBreaksOffWithTheEngine(t *testing.T) {
	e, stop := start(t, anyPorts(t), t.TempDir())
	noise := make([]byte, 2<<20) // does not fit between two sockets when compressed
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 8 {
		for i := range noise {
			noise[i] = byte('A' + rng.IntN(26))
		}
		send(t, e, "pas", fmt.Appendf(admission(fmt.Sprint("N", n), n), "ZZZ|%s\r", noise))
	}
	answer, err := http.Post("http://"+e.HTTP()+"/api/v1/backup", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	stop()
	if _, err := io.Copy(io.Discard, answer.Body); err == nil {
		t.Error("the client took a part for a whole")
	}
}
