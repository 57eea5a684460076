package api

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"handover/balance"
)

// Balance says whether what came in is what became of it; *balance.Balance does.
type Balance interface {
	Report(ctx context.Context, since time.Time) (balance.Report, error)
}

var aboutBalance = about{
	summary: "Whether what came in is what became of it: of each source, route and destination, and what does not agree with it, by offset",
	params: []param{
		{"since", "query", "only messages that came, and deliveries that were made, since the beginning of the hour: a span back from now (90s, 15m, 2h, 7d) or a time (2026-03-02T08:00:00Z)", ""},
	},
	answer: balance.Report{}, errors: []int{http.StatusBadRequest},
}

func (a *API) balance(c *call) error {
	if err := c.known(aboutBalance.params); err != nil {
		return err
	}
	from, err := c.moment("since", a.Now())
	if err != nil {
		return err
	}
	r, err := a.Balance.Report(c.Context(), from)
	if err != nil {
		return err
	}
	r.Sources = slices.DeleteFunc(r.Sources, func(s balance.SourceBook) bool { return !seesSource(c.access, s.Name) })
	r.Record = slices.DeleteFunc(r.Record, func(s balance.RecordBook) bool { return !seesSource(c.access, s.Source) })
	if !seesSource(c.access, "") { // who sees not everything sees numbers of nobody's
		r.Findings = []balance.Finding{}
	}
	return c.writeJSON(r)
}

// balanceNumbers reads the figures of the balance when they are asked for, anew at
// most twice a minute.
type balanceNumbers struct {
	a                                                   *API
	messages, deliveries, resources, difference, missed *prometheus.Desc
	compared                                            *prometheus.Desc

	mu   sync.Mutex
	last balance.Report
	at   time.Time
}

func newBalanceNumbers(a *API) *balanceNumbers {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("handover_balance_"+name, help, labels, nil)
	}
	return &balanceNumbers{
		a:          a,
		messages:   desc("messages", "Messages by source and by what became of them, by the balance's own book; received is all of them.", "source", "what"),
		deliveries: desc("deliveries", "Deliveries by destination and by what became of them, by the balance's own book; created is all of them.", "destination", "what"),
		resources:  desc("resources", "Resources that messages of a source spoke of, by what became of them; asserted is all of them.", "source", "what"),
		difference: desc("difference", "How far the books of a source, a destination or the record of a source do not balance; 0 if they do.", "book", "name"),
		missed:     desc("findings", "Places where the books do not agree. Any is an alert of the highest kind."),
		compared:   desc("compared_timestamp_seconds", "When every table had been held against the book last; 0: not yet."),
	}
}

// Describe names the figures.
func (n *balanceNumbers) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{n.messages, n.deliveries, n.resources, n.difference, n.missed, n.compared} {
		out <- d
	}
}

// Collect reads the figures.
func (n *balanceNumbers) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), numbersTimeout)
	defer cancel()
	r, err := n.report(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(n.missed, err)
		return
	}
	gauge := func(desc *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(v), labels...)
	}
	each := func(desc *prometheus.Desc, name string, what map[string]int64) {
		for label, v := range what {
			gauge(desc, v, name, label)
		}
	}
	for _, s := range r.Sources {
		each(n.messages, s.Name, map[string]int64{"received": s.Received, "refused": s.Refused, "duplicate": s.Duplicate,
			"filtered": s.Filtered, "routed": s.Routed, "waiting": s.Waiting, "undecided": s.Undecided})
		gauge(n.difference, s.Difference, "source", s.Name)
	}
	for _, d := range r.Destinations {
		each(n.deliveries, d.Name, map[string]int64{"created": d.Created, "accepted": d.Accepted, "parked": d.Parked,
			"unknown": d.Unknown, "in-flight": d.InFlight, "cancelled": d.Cancelled})
		gauge(n.difference, d.Difference, "destination", d.Name)
	}
	for _, s := range r.Record {
		each(n.resources, s.Source, map[string]int64{"asserted": s.Asserted, "made": s.Made, "same": s.Same, "older": s.Older, "parked": s.Parked})
		gauge(n.difference, s.Difference, "record", s.Source)
	}
	gauge(n.missed, int64(len(r.Findings))+r.More)
	checked := int64(0)
	if !r.Checked.IsZero() {
		checked = r.Checked.Unix()
	}
	gauge(n.compared, checked)
}

func (n *balanceNumbers) report(ctx context.Context) (balance.Report, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.a.Now(); n.at.IsZero() || now.Sub(n.at) >= countsEvery {
		r, err := n.a.Balance.Report(ctx, time.Time{})
		if err != nil {
			return r, err
		}
		n.last, n.at = r, now
	}
	return n.last, nil
}
