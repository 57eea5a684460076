package app_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"handover"
	"handover/app"
)

// TestEveryOffsetIsReached: a read that asks for an offset hears an answer,
// whatever fact lies there, and not only once another message comes.
func TestEveryOffsetIsReached(t *testing.T) {
	dir := t.TempDir()
	e, stop := start(t, anyPorts(t), dir)
	admission := sample(t, "1-admission.hl7")
	query := bytes.Replace(admission, []byte("ADT^A01"), []byte("QRY^A19"), 1)
	for _, c := range []struct {
		name, answer string
		message      []byte
	}{
		{"first", "AA", admission},
		{"repeated", "AA", admission},
		{"refused", "AR", query},
		{"repeated after it", "AA", admission},
	} {
		if got := send(t, e, "pas", c.message).Get("MSA-1").Text(); got != c.answer {
			t.Fatalf("%s: answer %s", c.name, got)
		}
		reached(t, e, c.name)
	}
	stop()
	e, _ = start(t, anyPorts(t), dir)
	reached(t, e, "after a restart")
	send(t, e, "lab", sample(t, "2-order.hl7"))
	reached(t, e, "the message after it")
}

// reached asks record and trace for the journal's last offset.
func reached(t *testing.T, e *app.Engine, name string) {
	t.Helper()
	tail := e.Inspect().Journal.Tail()
	deadline := time.Now().Add(30 * time.Second)
	for _, path := range []string{"/fhir/Patient?identifier=900001", "/api/v1/messages"} {
		for {
			status, said := ask(t, e, path, tail)
			if status == http.StatusOK {
				break
			}
			if status != http.StatusServiceUnavailable || time.Now().After(deadline) {
				t.Fatalf("%s: %s at offset %d: %d %s", name, path, tail, status, said)
			}
		}
	}
}

func ask(t *testing.T, e *app.Engine, path string, atLeast handover.Offset) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.HTTP()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Handover-Offset", atLeast.String())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}
