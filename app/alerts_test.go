package app

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"handover/alert"
)

// TestAlertOfAnUnreachableDestination: what waits too long is told, with the reason.
func TestAlertOfAnUnreachableDestination(t *testing.T) {
	l := newLab(t)
	site := sending(l)
	site.Destinations[0].Late, site.Destinations[0].Send.Host = 50*time.Millisecond, "127.0.0.1:1"
	e, err := Open(t.Context(), Config{Site: site, Dir: t.TempDir(), Drain: time.Second, Watch: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, e)
	sendAll(t, e, 0, 3)
	waitFor(t, func() bool {
		open, err := e.alerts.List(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(open) == 1 && open[0].Kind == alert.Late && open[0].Subject == "lab"
	})
	stop()
}

// TestReadsOfASilentSource: what the record says of a patient names the source of his
// that has fallen silent.
func TestReadsOfASilentSource(t *testing.T) {
	site := sending(newLab(t))
	site.Sources[0].Silence = 100 * time.Millisecond
	e, err := Open(t.Context(), Config{Site: site, Dir: t.TempDir(), Drain: time.Second, Watch: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, e)
	defer stop()
	sendAll(t, e, 0, 1)
	waitFor(t, func() bool {
		answer, err := http.Get("http://" + e.HTTP() + "/fhir/Patient")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Header.Get("X-Handover-Stale") == "pas; silence" &&
			strings.Contains(string(body), `"tag":[{"code":"pas","display":"nothing has come from pas since `)
	})
}
