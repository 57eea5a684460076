package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"handover/balance"
)

// books is a balance with a finding.
type books struct{}

func (books) Report(_ context.Context, since time.Time) (balance.Report, error) {
	return balance.Report{
		UpTo: 12, Since: since, Checked: time.Unix(1_800_000_000, 0).UTC(),
		Sources: []balance.SourceBook{
			{Name: "lab", Received: 3, Routed: 1, Waiting: 1, Undecided: 1},
			{Name: "pas", Received: 4, Routed: 2, Duplicate: 1, Difference: 1},
		},
		Routes:       []balance.RouteBook{{Name: "results", Routed: 3}},
		Destinations: []balance.DestinationBook{{Name: "registry", Created: 5, Accepted: 2, Unknown: 1, InFlight: 2}},
		Record:       []balance.RecordBook{{Source: "lab"}, {Source: "pas"}},
		Findings:     []balance.Finding{{Part: "messages", Offset: 7, Text: "it was passed over"}},
	}, nil
}

func TestBalance(t *testing.T) {
	h := newHouse(t)
	a := h.get("/api/v1/balance?since=2h")
	for _, want := range []string{`"upTo":12`, `"since":"` + noon.Add(-2*time.Hour).Format(time.RFC3339) + `"`, `"balanced":false`, `"name":"pas"`, `"offset":7`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
	if a = h.get("/api/v1/balance", "X-Test-As: lab"); strings.Contains(a.body, "pas") || strings.Contains(a.body, `"offset":7`) {
		t.Errorf("who sees only the lab is told %s", a.body)
	}
	h.get("/api/v1/balance?since=yesterday").failure(t, http.StatusBadRequest)
	metrics := h.get("/metrics").body
	for _, line := range []string{
		`handover_balance_messages{source="lab",what="received"} 3`,
		`handover_balance_difference{book="source",name="pas"} 1`,
		`handover_balance_deliveries{destination="registry",what="in-flight"} 2`,
		`handover_balance_findings 1`,
		`handover_balance_compared_timestamp_seconds 1.8e+09`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}
