package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"handover"
	"handover/alert"
)

// Alerts tell of what is not as it should be; *alert.Alerts does.
type Alerts interface {
	List(ctx context.Context, closed int) ([]alert.Listed, error)
	Now() []alert.Listed
	Acknowledge(ctx context.Context, by handover.Access, id handover.Offset, why string) error
}

type alertList struct {
	Alerts []alert.Listed `json:"alerts"`
}

var aboutAlerts = about{
	summary: "Alerts that are open, oldest first",
	params:  []param{{"closed", "query", "also so many of those that are over, at most 1000", "integer"}},
	answer:  alertList{}, errors: []int{http.StatusBadRequest},
}

func (a *API) alerts(c *call) error {
	if err := c.known(aboutAlerts.params); err != nil {
		return err
	}
	closed := 0
	if asked := c.params.Get("closed"); asked != "" {
		var err error
		if closed, err = strconv.Atoi(asked); err != nil || closed < 0 || closed > maxMessages {
			return invalid("closed", "it is a number from 0 to 1000")
		}
	}
	found, err := a.Alerts.List(c.Context(), closed)
	if err != nil {
		return err
	}
	return c.writeJSON(alertList{append([]alert.Listed{}, found...)})
}

var aboutAcknowledging = about{
	summary: `Note that a person knows of an open alert. The body is {"why": "..."}; who and why are kept`,
	params:  []param{{"id", "path", "the alert's id", "integer"}},
	answer:  alertList{}, errors: []int{http.StatusBadRequest, http.StatusNotFound},
}

func (a *API) acknowledge(c *call) error {
	id, err := strconv.ParseInt(c.PathValue("id"), 10, 64)
	if err != nil {
		return a.noSuchPath(c)
	}
	why, err := c.why()
	if err != nil {
		return err
	}
	if err := a.Alerts.Acknowledge(c.Context(), c.access, handover.Offset(id), why); err != nil {
		return err
	}
	found, err := a.Alerts.List(c.Context(), 0)
	if err != nil {
		return err
	}
	return c.writeJSON(alertList{found})
}

// alertNumbers counts what is open.
type alertNumbers struct {
	a    *API
	open *prometheus.Desc
}

func newAlertNumbers(a *API) *alertNumbers {
	return &alertNumbers{a, prometheus.NewDesc("handover_alert_open",
		"Alerts that are open: the value is when each began.", []string{"kind", "subject", "severity", "acknowledged"}, nil)}
}

// Describe names the figure.
func (n *alertNumbers) Describe(out chan<- *prometheus.Desc) { out <- n.open }

// Collect reads it.
func (n *alertNumbers) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), numbersTimeout)
	defer cancel()
	found, err := n.a.Alerts.List(ctx, 0)
	if err != nil {
		out <- prometheus.NewInvalidMetric(n.open, err)
		return
	}
	for _, e := range found {
		out <- prometheus.MustNewConstMetric(n.open, prometheus.GaugeValue, float64(e.Opened.Unix()), e.Kind, e.Subject,
			string(e.Severity), strconv.FormatBool(!e.Acknowledged.IsZero()))
	}
}
