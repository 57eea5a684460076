package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// get asks the FHIR server, in the form that accept names.
func get(t *testing.T, e *app.Engine, path, accept string) (status int, media string, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.HTTP()+"/fhir/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Content-Type"), body
}

var binaryURL = regexp.MustCompile(`"url":"(Binary/[a-z2-7]+)"`)

// checkDocument holds what is read of the document of so many bytes against it,
// in both forms, and beside others in a Bundle.
func checkDocument(t *testing.T, e *app.Engine, url string, size int) {
	t.Helper()
	whole := strings.Repeat("synthetic ", size/10)
	status, media, body := get(t, e, url, "application/pdf, text/plain;q=0.5")
	if status != http.StatusOK || media != "application/pdf" || string(body) != whole {
		t.Errorf("%s is given as %d, %s, %d bytes, want %d", url, status, media, len(body), len(whole))
	}
	var resource struct{ ResourceType, ContentType, Data string }
	status, media, body = get(t, e, url, "application/fhir+json")
	if err := json.Unmarshal(body, &resource); err != nil || status != http.StatusOK || !strings.HasPrefix(media, "application/fhir+json") {
		t.Fatalf("%s as a resource: %d, %s, %v", url, status, media, err)
	}
	if resource.ContentType != "application/pdf" || resource.Data != base64.StdEncoding.EncodeToString([]byte(whole)) {
		t.Errorf("%s as a resource: %s, %d characters of data", url, resource.ContentType, len(resource.Data))
	}
	if status, _, _ := get(t, e, url, "image/png"); status != http.StatusNotAcceptable {
		t.Errorf("%s as an image: %d", url, status)
	}
	_, _, body = get(t, e, "Binary?_id="+strings.TrimPrefix(url, "Binary/"), "application/fhir+json")
	if !strings.Contains(string(body), "SUBSETTED") || strings.Contains(string(body), `"data"`) {
		t.Errorf("in a Bundle it is %.300s", body)
	}
}

// A long document becomes a Binary, kept once, also after the record was built
// again from the facts; what is short stays where it came, and what is too long
// without its documents waits, with a reason.
func TestLongDocuments(t *testing.T) {
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	sizes := []int{3 << 20, 100, 900 << 10, 3 << 20, 13 << 20}
	for i, size := range sizes {
		send(t, e, "lab", document(fmt.Sprint("D", i), size))
	}
	text := strings.Repeat("synthetic ", 17<<20/10)
	send(t, e, "lab", []byte(strings.Replace(string(document("D9", 100)), "|F\r", "|F\rNTE|1||"+text+"\r", 1)))
	for i := range sizes {
		if m := waitDecided(t, e, fmt.Sprint("D", i)); m.State != handover.StateRouted {
			t.Errorf("document %d is %s (%s)", i, m.State, m.Reason)
		}
	}
	if m := waitDecided(t, e, "D9"); m.State != handover.StateWaiting || m.Reason != "too-large-to-transform" {
		t.Errorf("the longest text is %s (%s)", m.State, m.Reason)
	}
	check := func() string {
		if err := e.Inspect().Record.Wait(t.Context(), e.Inspect().Journal.Tail()-1); err != nil {
			t.Fatal(err)
		}
		_, _, all := get(t, e, "Observation?_count=50", "application/fhir+json")
		urls := binaryURL.FindAllStringSubmatch(string(all), -1)
		if n := strings.Count(string(all), `"resourceType":"Observation"`); n != len(sizes) || len(urls) != 4 || len(all) > 100_000 {
			t.Fatalf("the record has %d observations with %d documents apart in %d bytes", n, len(urls), len(all))
		}
		seen := map[string]bool{}
		for _, u := range urls {
			seen[u[1]] = true
		}
		if len(seen) != 3 { // the same document came twice
			t.Errorf("there are %d documents: %v", len(seen), seen)
		}
		return string(all)
	}
	before := check()
	lengths := map[string]int{}
	for _, u := range binaryURL.FindAllStringSubmatch(before, -1) {
		_, _, body := get(t, e, u[1], "*/*")
		lengths[u[1]] = len(body)
	}
	for url, size := range lengths {
		checkDocument(t, e, url, size)
	}
	if found := slices.Sorted(maps.Values(lengths)); !slices.Equal(found, []int{900 << 10 / 10 * 10, 3 << 20 / 10 * 10, 13 << 20 / 10 * 10}) {
		t.Errorf("the documents have %v bytes", found)
	}
	stop()
	for pattern, want := range map[string]int{"spool/*": 0, "journal/bodies/*": 3 + 5} { // documents, and messages over 256 KB
		left, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(left) != want {
			t.Errorf("%s: %d files, want %d (%v)", pattern, len(left), want, err)
		}
	}

	for _, name := range []string{"record.db", "record.db-wal", "record.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	e, _ = start(t, anyPorts(t), dir)
	if again := check(); len(again) != len(before) {
		t.Errorf("built again the record has %d bytes, before %d", len(again), len(before))
	}
	for url, size := range lengths {
		checkDocument(t, e, url, size)
	}
}
