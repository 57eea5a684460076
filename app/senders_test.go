package app

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"handover"
	"handover/config"
	"handover/wire/nats/natstest"
)

// TestEveryWayOut: one source goes to a receiver of each kind, and every message arrives
// there once, byte for byte; the books balance.
func TestEveryWayOut(t *testing.T) {
	l := newLab(t)
	var mu sync.Mutex
	took := map[string][]string{} // by path
	web := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		control := strings.Split(string(body), "|")[9]
		mu.Lock()
		took[r.URL.Path] = append(took[r.URL.Path], string(body))
		mu.Unlock()
		if r.URL.Path == "/rejects" {
			http.Error(w, "not for us", http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/hl7-v2")
		_, _ = io.WriteString(w, "MSH|^~\\&|LAB|L|HO|H|20260302||ACK|X|P|2.5.1\rMSA|AA|"+control+"\r")
	}
	plain, secured := httptest.NewServer(http.HandlerFunc(web)), httptest.NewTLSServer(http.HandlerFunc(web))
	defer plain.Close()
	defer secured.Close()
	dir, folder := t.TempDir(), t.TempDir()
	authorities := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secured.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	site := sending(l)
	add := func(name, to string, secured *config.ClientTLS) {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		d := site.Destinations[0]
		d.Name, d.Send, d.TLS = name, u, secured
		site.Destinations = append(site.Destinations, d)
		site.Routes[0].To = append(site.Routes[0].To, config.Target{Destination: name})
	}
	add("web", plain.URL+"/hl7", nil)
	add("secure", secured.URL+"/secure", &config.ClientTLS{Authorities: authorities})
	add("strict", plain.URL+"/rejects", nil)
	add("folder", "file://"+folder, nil)
	broker := natstest.New(t, nil)
	stream := broker.Stream(t, jetstream.StreamConfig{Name: "LABS", Subjects: []string{"hospital.>"}})
	add("stream", "nats://"+broker.Address+"/hospital.lab.results", nil)
	e, stop := running(t, filepath.Join(dir, "data"), site)
	const n = 20
	sendAll(t, e, 0, n)
	waitFor(t, func() bool {
		r, err := e.balance.Report(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Balanced {
			t.Fatalf("%+v", r)
		}
		done := 0
		for _, d := range r.Destinations {
			if d.Name == "strict" && d.Parked == n || d.Name != "strict" && d.Accepted == n {
				done++
			}
		}
		return done == 6
	})
	stop()
	mu.Lock()
	defer mu.Unlock()
	for path, want := range map[string]int{"/hl7": n, "/secure": n, "/rejects": n} {
		if got := len(took[path]); got != want {
			t.Errorf("%s got %d messages, want %d", path, got, want)
		}
	}
	if len(l.taken()) != n {
		t.Errorf("the lab got %d", len(l.taken()))
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != n {
		t.Fatalf("%d files, %v", len(files), err)
	}
	whole := map[string]bool{}
	for i := range n {
		whole[string(admission(i))] = true
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || !whole[string(text)] {
			t.Errorf("%s is no message that was sent: %v", filepath.Base(name), err)
		}
	}
	for _, body := range took["/hl7"] {
		if !whole[body] {
			t.Errorf("%q is no message that was sent", body)
		}
	}
	stored := natstest.Messages(t, stream)
	if len(stored) != n {
		t.Errorf("the stream has %d messages", len(stored))
	}
	for _, m := range stored {
		if !whole[string(m.Data)] || m.Subject != "hospital.lab.results" {
			t.Errorf("%q on %s is no message that was sent", m.Data, m.Subject)
		}
	}
	if tries := e.books.destinations["strict"].ended[1].Load(); tries != n || endings[1] != handover.Rejected {
		t.Errorf("what is rejected was tried %d times", tries)
	}
}
