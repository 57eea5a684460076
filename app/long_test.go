package app_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/app"
	"handover/trace"
)

// document is a message that carries a document of so many bytes.
func document(control string, size int) []byte {
	content := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("synthetic ", size/10)))
	return []byte("MSH|^~\\&|LAB|QSG|HANDOVER|QSG|20260302101500||ORU^R01^ORU_R01|" + control + "|P|2.5.1\r" +
		"PID|1||900001^^^QSG^MR||Testperson^Ada\r" +
		"OBR|1|PL-" + control + "^LAB|FI-" + control + "^LAB|DOC^Document^L|||20260302084000|||||||||||||||20260302101000|||F\r" +
		"OBX|1|ED|DOC^Document^L||LAB^application^pdf^Base64^" + content + "||||||F\r")
}

// waitDecided waits until the message is decided, and returns it.
func waitDecided(t *testing.T, e *app.Engine, control string) trace.Message {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, m := range messages(t, e) {
			if m.Control == control && m.State != handover.StateReceived {
				return m
			}
		}
	}
	t.Fatalf("message %s is not decided", control)
	return trace.Message{}
}

// observations is the answer to a search for all of them, and how often it
// speaks of one.
func observations(t *testing.T, e *app.Engine) (bytes, found int) {
	t.Helper()
	answer, err := http.Get("http://" + e.HTTP() + "/fhir/Observation?_count=50")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status, err)
	}
	return len(body), strings.Count(string(body), `"resourceType":"Observation"`)
}

// A long document is in the record, also after the record was built again from
// the facts; what is longer than can be transformed waits, with a reason.
func TestLongDocuments(t *testing.T) {
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	for i, size := range []int{3 << 20, 100, 900 << 10, 3 << 20} {
		send(t, e, "lab", document(fmt.Sprint("D", i), size))
	}
	send(t, e, "lab", document("D9", 13<<20)) // in base64 more than can be transformed
	for i := range 4 {
		if m := waitDecided(t, e, fmt.Sprint("D", i)); m.State != handover.StateRouted {
			t.Errorf("document %d is %s (%s)", i, m.State, m.Reason)
		}
	}
	if m := waitDecided(t, e, "D9"); m.State != handover.StateWaiting || m.Reason != "too-large-to-transform" {
		t.Errorf("the longest document is %s (%s)", m.State, m.Reason)
	}
	if err := e.Inspect().Record.Wait(t.Context(), e.Inspect().Journal.Tail()-1); err != nil {
		t.Fatal(err)
	}
	length, found := observations(t, e)
	if found != 4 || length < 9<<20 {
		t.Fatalf("the record has %d observations in %d bytes, want 4 in more than 9 MB", found, length)
	}
	stop()
	left, err := filepath.Glob(filepath.Join(dir, "spool", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d files are left in the spool (%v)", len(left), err)
	}

	for _, name := range []string{"record.db", "record.db-wal", "record.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	e, _ = start(t, anyPorts(t), dir)
	if again, found := observations(t, e); again != length || found != 4 {
		t.Errorf("built again the record has %d observations in %d bytes, want 4 in %d", found, again, length)
	}
}
