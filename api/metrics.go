package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics shows. Labels are names of sources, states and our
// own paths: never what a client sent, and no patient data.
type metrics struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(a *API) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "handover_http_requests_total", Help: "Requests answered, by path, method and status.",
		}, []string{"path", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "handover_http_seconds", Help: "Time from a request to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
		}, []string{"path"}),
	}
	registry := prometheus.NewRegistry()
	all := append([]prometheus.Collector{
		m.requests, m.seconds, newNumbers(a), newSendNumbers(a), newBalanceNumbers(a), newAlertNumbers(a), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, a.Collectors...)
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelError),
	})
	return m, nil
}

var countedMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

func (m *metrics) answered(s *statusWriter, method string, took time.Duration) {
	if !slices.Contains(countedMethods, method) {
		method = "other"
	}
	m.requests.WithLabelValues(s.path, method, strconv.Itoa(s.status)).Inc()
	m.seconds.WithLabelValues(s.path).Observe(took.Seconds())
}

const mediaMetrics = "text/plain"

var aboutMetrics = about{summary: "Figures for Prometheus", media: mediaMetrics}

func (a *API) showMetrics(c *call) error {
	a.metrics.handler.ServeHTTP(c.w, c.Request)
	return nil
}
