package app_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"sync"
	"testing"
	"time"

	"handover/app"
	"handover/config"
	"handover/hl7v2"
	"handover/samples"
	"handover/wire/mllp"
)

// anyPorts is the quickstart hospital on free ports.
func anyPorts(t testing.TB) *config.Site {
	t.Helper()
	site, err := config.Load(samples.Quickstart())
	if err != nil {
		t.Fatal(err)
	}
	site.HTTP = "127.0.0.1:0"
	for i := range site.Sources {
		site.Sources[i].Listen = &url.URL{Scheme: "mllp", Host: "127.0.0.1:0"}
	}
	return site
}

// start runs an engine and returns it with a function that stops it.
func start(t testing.TB, site *config.Site, dir string) (*app.Engine, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, err := app.Open(ctx, app.Config{Site: site, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return e, stop
}

func send(t testing.TB, e *app.Engine, source string, message []byte) *hl7v2.Message {
	t.Helper()
	c, err := mllp.Dial(t.Context(), mllp.ClientConfig{Address: e.Addr(source), Answer: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer, err := c.Send(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	m, problems := hl7v2.Parse(answer)
	if m == nil {
		t.Fatal(problems)
	}
	return m
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(samples.Quickstart(), "messages/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestQuickstartDay(t *testing.T) {
	e, _ := start(t, anyPorts(t), t.TempDir())
	for _, c := range []struct{ file, source string }{
		{"1-admission.hl7", "pas"}, {"2-order.hl7", "lab"}, {"3-result.hl7", "lab"},
		{"4-medication.hl7", "pharmacy"}, {"5-appointment.hl7", "clinic"}, {"6-discharge.hl7", "pas"},
	} {
		ack := send(t, e, c.source, sample(t, c.file))
		fmt.Printf("%s %q\n", c.file, ack.Bytes())
	}
}
