package api_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDashboard: every figure that the dashboard shows is one of ours.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../samples/grafana/handover.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	h := aDay(t)
	h.config.Collectors = []prometheus.Collector{}
	h.open()
	h.get("/fhir/Patient")
	metrics := h.get("/metrics").body
	name := regexp.MustCompile(`handover_[a-z_]+`)
	seen := 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, n := range name.FindAllString(target.Expr, -1) {
				if seen++; !strings.Contains(metrics, "# TYPE "+n+" ") {
					t.Errorf("%s: there is no figure %s", p.Title, n)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d figures are shown", seen)
	}
}
