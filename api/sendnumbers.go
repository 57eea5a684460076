package api

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// sendNumbers reads the figures of the destinations when they are asked for.
type sendNumbers struct {
	a                                       *API
	open, overdue, oldest, fail, try, stray *prometheus.Desc
}

func newSendNumbers(a *API) *sendNumbers {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("handover_"+name, help, append([]string{"destination"}, labels...), nil)
	}
	return &sendNumbers{
		a:       a,
		open:    desc("deliveries", "Deliveries that are open: waiting, which counts those being sent, or parked.", "state"),
		overdue: desc("deliveries_overdue", "Parked deliveries whose deadline has passed."),
		oldest:  desc("deliveries_oldest_seconds", "How long the oldest one waits that is not parked."),
		fail:    desc("destination_failures", "Tries in a row that failed or were not answered."),
		stray:   desc("stray_answers_total", "Answers since the engine started that answered nothing that waited for one."),
		try:     desc("delivery_tries_total", "Tries since the engine started, by how they ended.", "ending"),
	}
}

// Describe names the figures.
func (n *sendNumbers) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{n.open, n.overdue, n.oldest, n.fail, n.try, n.stray} {
		out <- d
	}
}

// Collect reads the figures.
func (n *sendNumbers) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), numbersTimeout)
	defer cancel()
	found, err := n.a.Deliveries.Statuses(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(n.open, err)
		return
	}
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range found {
		gauge(n.open, float64(s.Waiting), s.Name, "waiting")
		gauge(n.open, float64(s.Parked), s.Name, "parked")
		gauge(n.overdue, float64(s.Overdue), s.Name)
		gauge(n.fail, float64(s.Failures), s.Name)
		oldest := 0.0
		if !s.Oldest.IsZero() {
			oldest = n.a.Now().Sub(s.Oldest).Seconds()
		}
		gauge(n.oldest, oldest, s.Name)
		out <- prometheus.MustNewConstMetric(n.stray, prometheus.CounterValue, float64(s.Strays), s.Name)
		for ending, v := range s.Tries {
			out <- prometheus.MustNewConstMetric(n.try, prometheus.CounterValue, float64(v), s.Name, string(ending))
		}
	}
}
