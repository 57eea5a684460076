package app

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"handover/alert"
	"handover/wire/file"
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

// TestLeftOut: a number that a source leaves out is told, over a restart, and no more once
// it comes.
func TestLeftOut(t *testing.T) {
	now := time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	dir, site := t.TempDir(), sending(newLab(t))
	begin := func() (*Engine, func()) {
		e, err := Open(t.Context(), Config{Site: site, Dir: dir, Drain: time.Second, Watch: 10 * time.Millisecond, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		return e, run(t, e)
	}
	numbered := func(control, number string) string {
		return "MSH|^~\\&|A|B|C|D|20310304||ADT^A01^ADT_A01|" + control + "|P|2.5.1|" + number + "\rPID|1||900101^^^QSG^MR||Testperson^N\r"
	}
	e, stop := begin()
	sendTexts(t, e, numbered("N7", "7"), numbered("N8", "8"))
	stop()
	e, stop = begin()
	sendTexts(t, e, numbered("N10", "10"))
	mu.Lock()
	now = now.Add(2 * time.Minute)
	mu.Unlock()
	left := func() (out []string) {
		for _, a := range e.alerts.Now() {
			if a.Kind == alert.Sequence {
				out = append(out, a.Subject)
			}
		}
		return out
	}
	waitFor(t, func() bool { return slices.Equal(left(), []string{"pas 9-9"}) })
	stop()
	e, stop = begin()
	defer func() { stop() }()
	if got := left(); !slices.Equal(got, []string{"pas 9-9"}) {
		t.Errorf("after a restart it is told of %v", got)
	}
	sendTexts(t, e, numbered("N9", "9"))
	waitFor(t, func() bool {
		mu.Lock()
		now = now.Add(time.Minute)
		mu.Unlock()
		return len(left()) == 0
	})
}

// TestAlertOfABatch: a batch file that says that it has more messages than it has is told,
// until somebody takes it away; what is in it is taken.
func TestAlertOfABatch(t *testing.T) {
	site, folder := sending(newLab(t)), t.TempDir()
	site.Sources[0].Listen = &url.URL{Scheme: "file", Path: folder}
	site.Sources[0].MaxSize = 1 << 20
	e, err := Open(t.Context(), Config{Site: site, Dir: t.TempDir(), Drain: time.Second, Watch: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, e)
	defer stop()
	batch := "FHS|^~\\&|A|B\rBHS|^~\\&|A|B\r" + string(admission(1)) + "BTS|2\rFTS|1\r"
	if err := os.WriteFile(filepath.Join(folder, ".new"), []byte(batch), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(folder, ".new"), filepath.Join(folder, "night.hl7")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		open := e.alerts.Now()
		return len(open) == 1 && open[0].Kind == alert.Failed && open[0].Subject == "pas" && strings.HasPrefix(open[0].Text, "failed files from pas: 1, the first at ")
	})
	e.offsetOf(t, "M1")
	if err := os.Remove(filepath.Join(folder, "failed", "night.hl7")); err != nil {
		t.Fatal(err)
	}
	if n, _, err := file.Failed(folder); n != 0 || err != nil {
		t.Errorf("%d have failed, %v", n, err)
	}
}
