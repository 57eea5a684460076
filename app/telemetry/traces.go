package telemetry

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says where traces go.
type Config struct {
	URL     string      // to which spans are posted
	Header  http.Header // that go with each request
	TLS     *tls.Config // nil: Go's defaults
	Share   float64     // of the traces that begin here, from 0 to 1
	SiteKey []byte
	Version string // the engine's
	Room    int    // how many spans may wait; 0: 8192
	Pause   time.Duration
	Answer  time.Duration // how long the collector may take; 0: ten seconds
	Last    time.Duration // how long what is left may take at the end; 0: three seconds
	Log     *slog.Logger  // nil: nothing is logged
}

// Traces are told to one collector.
type Traces struct {
	config Config
	key    []byte
	client *http.Client
	queue  chan *span
	taken  atomic.Int64 // that the collector has
	lost   atomic.Int64
	faults faults
}

// New makes Traces. Nothing leaves until Run.
func New(c Config) *Traces {
	c.Room, c.Pause = cmp.Or(c.Room, 8192), cmp.Or(c.Pause, time.Second)
	c.Answer, c.Last = cmp.Or(c.Answer, 10*time.Second), cmp.Or(c.Last, 3*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Traces{
		config: c, key: keyOf(c.SiteKey), queue: make(chan *span, c.Room), faults: faults{log: c.Log},
		client: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: c.TLS.Clone(), TLSHandshakeTimeout: c.Answer,
				MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
			},
			// What goes with a request may be a secret, and is for the collector alone.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// add gives a span to whoever exports. It never waits.
func (t *Traces) add(s *span) {
	select {
	case t.queue <- s:
	default:
		t.lost.Add(1)
	}
}

// Lose counts spans that could not be made.
func (t *Traces) Lose(n int64) { t.lost.Add(n) }

// batchSize is how many spans go in one request at most.
const batchSize = 512

// Run exports until ctx ends, and then what is left, if the collector takes it at once.
func (t *Traces) Run(ctx context.Context) {
	defer t.client.CloseIdleConnections()
	batch := make([]*span, 0, batchSize)
	for ctx.Err() == nil {
		batch = t.gather(ctx, batch)
		if t.insist(ctx, batch) {
			clear(batch)
			batch = batch[:0]
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.config.Last)
	defer cancel()
	for batch = t.more(batch); len(batch) > 0; batch = t.more(batch[:0]) {
		if err := t.post(last, batch); err != nil {
			t.lost.Add(int64(len(batch) + len(t.queue)))
			t.faults.tell(err, t.lost.Load())
			return
		}
	}
}

// gather waits for a span, and then a while for more, until ctx ends.
func (t *Traces) gather(ctx context.Context, batch []*span) []*span {
	select {
	case s := <-t.queue:
		batch = append(batch, s)
	case <-ctx.Done():
		return batch
	}
	pause := time.NewTimer(t.config.Pause)
	defer pause.Stop()
	for len(batch) < batchSize {
		select {
		case s := <-t.queue:
			batch = append(batch, s)
		case <-pause.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// more adds to a batch what waits, as long as there is room in it.
func (t *Traces) more(batch []*span) []*span {
	for len(batch) < batchSize {
		select {
		case s := <-t.queue:
			batch = append(batch, s)
		default:
			return batch
		}
	}
	return batch
}

// Collectors are the figures for Prometheus.
func (t *Traces) Collectors() []prometheus.Collector {
	if t == nil {
		return nil
	}
	counter := func(name, help string, n *atomic.Int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(n.Load()) })
	}
	return []prometheus.Collector{
		counter("handover_telemetry_exported_total", "Spans that the collector has taken.", &t.taken),
		counter("handover_telemetry_dropped_total", "Spans that were dropped, since the collector did not take them in time or at all.", &t.lost),
	}
}
