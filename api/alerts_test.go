package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/alert"
)

// alerts has one that is open, and one that is over; of sources there are others.
type alerts struct{ ofSources []alert.Listed }

func (a alerts) Now() []alert.Listed { return slices.Clone(a.ofSources) }

func (alerts) List(_ context.Context, closed int) (out []alert.Listed, err error) {
	at := time.Unix(1_800_000_000, 0).UTC()
	if closed > 0 {
		out = append(out, alert.Listed{ID: 3, Alert: handover.Alert{Kind: "queue-late", Subject: "registry", Severity: handover.Warning}, Opened: at, Closed: at})
	}
	return append(out, alert.Listed{ID: 7, Alert: handover.Alert{Kind: "silence", Subject: "elsewhere", Severity: handover.Warning, Text: "nothing has come"}, Opened: at}), nil
}

func (alerts) Acknowledge(_ context.Context, by handover.Access, id handover.Offset, why string) error {
	if id != 7 || by.Actor.ID != "test" || why != "known" {
		return &handover.Error{Op: "acknowledging alert " + id.String(), Kind: handover.NotFound}
	}
	return nil
}

func TestAlerts(t *testing.T) {
	h := newHouse(t)
	if a := h.get("/api/v1/alerts"); !strings.Contains(a.body, `"id":7`) || strings.Contains(a.body, `"id":3`) {
		t.Errorf("open alerts: %s", a.body)
	}
	if a := h.get("/api/v1/alerts?closed=5"); !strings.Contains(a.body, `"id":3`) {
		t.Errorf("with closed ones: %s", a.body)
	}
	h.get("/api/v1/alerts?closed=many").failure(t, http.StatusBadRequest)
	if a := h.post("/api/v1/alerts/7/acknowledge", `{"why": "known"}`); a.StatusCode != http.StatusOK {
		t.Errorf("acknowledging: %d %s", a.StatusCode, a.body)
	}
	h.post("/api/v1/alerts/8/acknowledge", `{"why": "known"}`).failure(t, http.StatusNotFound)
	h.post("/api/v1/alerts/7/acknowledge", `{}`).failure(t, http.StatusBadRequest)
	if line := `handover_alert_open{acknowledged="false",kind="silence",severity="warning",subject="elsewhere"} 1.8e+09`; !strings.Contains(h.get("/metrics").body, line+"\n") {
		t.Errorf("no line %s", line)
	}
}
