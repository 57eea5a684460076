package api_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"handover/api"
)

func TestSourcesAndRoutes(t *testing.T) {
	h := aDay(t)
	want := `{"release":"0123456789ab","sources":[` +
		`{"name":"lab","listen":"mllp://127.0.0.1:2575","acknowledge":"received","authorities":["LAB"]},` +
		`{"name":"pas","listen":"mllp://127.0.0.1:2575","acknowledge":"recorded","zone":"UTC","owns":["Patient"]}]}` + "\n"
	if diff := cmp.Diff(want, h.get("/api/v1/sources").body); diff != "" {
		t.Errorf("sources: %s", diff)
	}
	want = `{"release":"0123456789ab","routes":[` +
		`{"name":"admissions","from":["pas"],"when":"v2('MSH-9.1') = 'ADT'","key":"PID-3",` +
		`"filters":[{"name":"tests","when":"false","why":"nobody wants them"}],"to":["record"]},` +
		`{"name":"results","from":["lab"],"key":"PID-3","to":["record"]}]}` + "\n"
	if diff := cmp.Diff(want, h.get("/api/v1/routes").body); diff != "" {
		t.Errorf("routes: %s", diff)
	}
}

func TestHealth(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := h.get(path); a.StatusCode != http.StatusOK || a.body != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	h.config.Ready = func(context.Context) error { return errors.New(secret) }
	h.open()
	if got := h.get("/readyz").failure(t, http.StatusServiceUnavailable); strings.Contains(got, secret) {
		t.Errorf("tells too much: %s", got)
	}
	h.config.Ready, h.config.Trace = nil, stuck{h.trace}
	h.open()
	h.get("/readyz").failure(t, http.StatusServiceUnavailable)
	if a := h.get("/healthz"); a.StatusCode != http.StatusOK {
		t.Errorf("a database that is away makes the program dead: %d", a.StatusCode)
	}
}

func TestMetrics(t *testing.T) {
	h := aDay(t)
	own := prometheus.NewGauge(prometheus.GaugeOpts{Name: "handover_test_own", Help: "A test's."})
	own.Set(4)
	h.config.Collectors = []prometheus.Collector{own}
	h.open()
	h.get("/fhir/Patient?identifier=900001")
	h.ask("BREW", "/fhir/Patient")
	h.get("/fhir/Patient/" + patientID("PAS", "900001"))
	h.get("/nowhere/900001")
	a := h.get("/metrics")
	for _, line := range []string{
		`handover_messages{source="pas",state="routed"} 2`,
		`handover_messages{source="pas",state="duplicate"} 1`,
		`handover_messages{source="lab",state="refused"} 1`,
		`handover_journal_offset ` + h.journal.Tail().String(),
		`handover_applied_offset{projection="record"} ` + h.journal.Tail().String(),
		`handover_applied_offset{projection="trace"} ` + h.journal.Tail().String(),
		`handover_mllp_messages_total{source="pas"} 7`,
		`handover_mllp_connections_open{source="pas"} 2`,
		`handover_http_requests_total{method="GET",path="/fhir/{type}",status="200"} 1`,
		`handover_http_requests_total{method="other",path="/fhir/{type}",status="405"} 1`,
		`handover_http_requests_total{method="GET",path="/fhir/{type}/{id}",status="200"} 1`,
		`handover_http_requests_total{method="GET",path="elsewhere",status="404"} 1`,
		`handover_http_seconds_count{path="/fhir/{type}"} 2`,
		`handover_test_own 4`,
	} {
		if !strings.Contains(a.body, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, word := range []string{"900001", patientID("PAS", "900001"), pasWord, "BREW"} {
		if strings.Contains(a.body, word) {
			t.Errorf("%s is in the metrics", word)
		}
	}
	if t.Failed() {
		t.Log(a.body)
	}
	h.get("/metrics", "X-Test-As: refused").failure(t, http.StatusForbidden)
}

func TestMetricsAreCountedNowAndThen(t *testing.T) {
	h := aDay(t)
	const waiting = `handover_messages{source="lab",state="waiting"} `
	h.get("/metrics")
	h.decide(h.receive("lab", "SIU^S12", "W2", "L77^^^LAB^MR"), "lab", "waiting", "no-route")
	h.apply()
	if !strings.Contains(h.get("/metrics").body, waiting+"1\n") {
		t.Error("counted again at once")
	}
	h.now = h.now.Add(time.Minute)
	if !strings.Contains(h.get("/metrics").body, waiting+"2\n") {
		t.Error("not counted again")
	}
}

func TestMetricsWithoutTrace(t *testing.T) {
	h := aDay(t)
	h.config.Trace = stuck{h.trace}
	h.open()
	a := h.get("/metrics")
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "handover_journal_offset ") || strings.Contains(a.body, secret) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestTwoCollectorsOfOneName(t *testing.T) {
	h := newHouse(t)
	same := prometheus.GaugeOpts{Name: "handover_journal_offset", Help: "Another."}
	h.config.Collectors = []prometheus.Collector{prometheus.NewGauge(same)}
	if _, err := api.New(h.config); err == nil {
		t.Error("taken")
	}
}

// openAPI is what the tests look at in openapi.json.
type openAPI struct {
	OpenAPI string
	Info    struct{ Version string }
	Paths   map[string]map[string]struct {
		Summary    string
		Parameters []struct {
			Name, In, Description string
			Required              bool
		}
		Responses map[string]struct {
			Content map[string]struct {
				Schema map[string]string
			}
		}
	}
}

// TestOpenAPI holds the document and the routes together: each endpoint is in
// it, nothing else is, and its parameters are those of the path.
func TestOpenAPI(t *testing.T) {
	h := newHouse(t)
	var d openAPI
	h.get("/api/v1/openapi.json").into(t, http.StatusOK, &d)
	if d.OpenAPI != "3.1.0" || d.Info.Version != "1.2.3" {
		t.Errorf("document %s of version %s", d.OpenAPI, d.Info.Version)
	}
	var described []string
	for path, item := range d.Paths {
		for method, op := range item {
			described = append(described, strings.ToUpper(method)+" "+path)
			var inPath []string
			for _, p := range op.Parameters {
				if p.Required != (p.In == "path") || p.Description == "" {
					t.Errorf("%s: parameter %+v", path, p)
				}
				if p.In == "path" {
					inPath = append(inPath, "{"+p.Name+"}")
				}
			}
			var want []string
			for part := range strings.SplitSeq(path, "/") {
				if strings.HasPrefix(part, "{") {
					want = append(want, part)
				}
			}
			if !slices.Equal(inPath, want) || op.Summary == "" {
				t.Errorf("%s: path parameters %v, want %v", path, inPath, want)
			}
		}
	}
	want := api.AdminPaths()
	slices.Sort(described)
	slices.Sort(want)
	if diff := cmp.Diff(want, described); diff != "" {
		t.Errorf("described and served differ: %s", diff)
	}
}

// TestAnswersAreAsDescribed holds every JSON answer against its schema.
func TestAnswersAreAsDescribed(t *testing.T) {
	h := aDay(t)
	document := h.get("/api/v1/openapi.json")
	var d openAPI
	document.into(t, http.StatusOK, &d)
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(document.body))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	targets := map[string][]string{
		"/api/v1/messages":                      {"", "?limit=1", "?source=nobody"},
		"/api/v1/messages/{offset}":             {"/api/v1/messages/" + h.at["P1"].String()},
		"/api/v1/traces/{message}":              {"/api/v1/traces/P1", "/api/v1/traces/L1", "/api/v1/traces/W1", "/api/v1/traces/" + h.at["BAD"].String()},
		"/api/v1/lineage/{type}/{id}":           {"/api/v1/lineage/Patient/" + patientID("PAS", "900001")},
		"/api/v1/lineage/{type}/{id}/{version}": {"/api/v1/lineage/Patient/" + patientID("PAS", "900001") + "/1"},
	}
	held := 0
	for path, item := range d.Paths {
		ref := item["get"].Responses["200"].Content["application/json"].Schema["$ref"]
		if ref == "" {
			continue
		}
		schema, err := compiler.Compile("openapi.json" + ref)
		if err != nil {
			t.Fatal(err)
		}
		if targets[path] == nil {
			targets[path] = []string{""}
		}
		for _, target := range targets[path] {
			if !strings.HasPrefix(target, "/") {
				target = path + target
			}
			a := h.get(target)
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
			if err != nil || a.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d %v", target, a.StatusCode, err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s: %v\n%s", target, err, a.body)
			}
			held++
		}
	}
	if held < 13 {
		t.Errorf("only %d answers were held against schemas", held)
	}
	schema, err := compiler.Compile("openapi.json#/components/schemas/Failure")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/api/v1/messages?a=1&b=2", "/api/v1/messages/77"} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(h.get(target).body))
		if err != nil || schema.Validate(value) != nil {
			t.Errorf("%s: %v, %v", target, err, schema.Validate(value))
		}
	}
}

// TestTheGuideNamesEveryEndpoint holds the guide and the routes together.
func TestTheGuideNamesEveryEndpoint(t *testing.T) {
	guide, err := os.ReadFile("../docs/guide/api.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range api.Paths() {
		name := path
		if path == "GET /fhir/{type}" {
			name += "?..."
		}
		if !strings.Contains(string(guide), "`"+name+"`") {
			t.Errorf("docs/guide/api.md does not name %s", path)
		}
	}
}
