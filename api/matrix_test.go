package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"handover/api"
)

// reader is somebody, with the status he gets.
var readers = []string{"nobody", "pas", "lab", "all", "refused"}

// TestAccessMatrix: endpoint × reader → status, and content that must not be
// there. Every endpoint is in it.
func TestAccessMatrix(t *testing.T) {
	h := aDay(t)
	pas, lab := patientID("PAS", "900001"), patientID("LAB", "L77")
	p1, l1 := h.at["P1"].String(), h.at["L1"].String()
	rows := []struct {
		endpoint, target string
		// What each of readers gets: a status, and the words of whom he sees.
		want [5]string
	}{
		{"GET /fhir/{type}", "/fhir/Patient", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /fhir/{type}", "/fhir/Patient?identifier=900001", [5]string{"200", "200 pas", "200", "200 pas", "403"}},
		{"GET /fhir/{type}", "/fhir/Patient?_id=" + lab, [5]string{"200", "200", "200 lab", "200 lab", "403"}},
		{"POST /fhir/{type}/_search", "/fhir/Patient/_search", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /fhir/{type}/{id}", "/fhir/Patient/" + pas, [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /fhir/{type}/{id}", "/fhir/Patient/" + lab, [5]string{"404", "404", "200 lab", "200 lab", "403"}},
		{"GET /fhir/{type}/{id}/_history", "/fhir/Patient/" + pas + "/_history", [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /fhir/{type}/{id}/_history/{version}", "/fhir/Patient/" + pas + "/_history/1", [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /fhir/metadata", "/fhir/metadata", [5]string{"200", "200", "200", "200", "200"}},
		{"GET /api/v1/messages", "/api/v1/messages", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /api/v1/messages", "/api/v1/messages?patient=900001", [5]string{"200", "200 pas", "200", "200 pas", "403"}},
		{"GET /api/v1/messages/{offset}", "/api/v1/messages/" + p1, [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /api/v1/messages/{offset}/body", "/api/v1/messages/" + l1 + "/body", [5]string{"404", "404", "200 lab", "200 lab", "403"}},
		{"POST /api/v1/messages/{offset}/resend", "/api/v1/messages/" + p1 + "/resend", [5]string{"400", "400", "400", "400", "403"}},
		{"GET /api/v1/traces/{message}", "/api/v1/traces/" + p1, [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /api/v1/traces/{message}", "/api/v1/traces/L1", [5]string{"404", "404", "200 lab", "200 lab", "403"}},
		{"GET /api/v1/lineage/{type}/{id}", "/api/v1/lineage/Patient/" + pas, [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /api/v1/lineage/{type}/{id}/{version}", "/api/v1/lineage/Patient/" + pas + "/1", [5]string{"404", "200 pas", "404", "200 pas", "403"}},
		{"GET /api/v1/sources", "/api/v1/sources", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /api/v1/routes", "/api/v1/routes", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /api/v1/deliveries", "/api/v1/deliveries", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"GET /api/v1/destinations", "/api/v1/destinations", [5]string{"200", "200", "200", "200", "403"}},
		{"POST /api/v1/destinations/{destination}/{act}", "/api/v1/destinations/registry/pause", [5]string{"400", "400", "400", "400", "403"}},
		{"POST /api/v1/sources/{source}/{act}", "/api/v1/sources/pas/pause", [5]string{"400", "400", "400", "400", "403"}},
		{"POST /api/v1/routes/{route}/{act}", "/api/v1/routes/admissions/pause", [5]string{"400", "400", "400", "400", "403"}},
		{"POST /api/v1/deliveries/{of}/{destination}/{act}", "/api/v1/deliveries/2/registry/park", [5]string{"400", "400", "400", "400", "403"}},
		{"GET /api/v1/alerts", "/api/v1/alerts", [5]string{"200", "200", "200", "200", "403"}},
		{"POST /api/v1/alerts/{id}/acknowledge", "/api/v1/alerts/7/acknowledge", [5]string{"400", "400", "400", "400", "403"}},
		{"GET /api/v1/balance", "/api/v1/balance", [5]string{"200", "200 pas", "200 lab", "200 pas lab", "403"}},
		{"POST /api/v1/reconcile", "/api/v1/reconcile?source=pas", [5]string{"415", "415", "415", "415", "403"}},
		{"GET /api/v1/openapi.json", "/api/v1/openapi.json", [5]string{"200", "200", "200", "200", "200"}},
		{"GET /healthz", "/healthz", [5]string{"200", "200", "200", "200", "200"}},
		{"GET /readyz", "/readyz", [5]string{"200", "200", "200", "200", "200"}},
	}
	words := map[string][]string{
		"pas": {pasWord, "900001", `"source":"pas"`, `"name":"pas"`, `"from":["pas"]`, `"P1"`, pas},
		"lab": {labWord, "L77", `"source":"lab"`, `"name":"lab"`, `"from":["lab"]`, `"L1"`, lab},
	}
	covered := []string{"GET /metrics"} // TestMetrics
	for _, row := range rows {
		covered = append(covered, row.endpoint)
		method, _, _ := strings.Cut(row.endpoint, " ")
		for i, reader := range readers {
			status, sees, _ := strings.Cut(row.want[i], " ")
			a := h.ask(method, row.target, "X-Test-As: "+reader)
			if fmt.Sprint(a.StatusCode) != status {
				t.Errorf("%s as %s: status %d, want %s: %s", row.target, reader, a.StatusCode, status, a.body)
			}
			checkWords(t, row.target+" as "+reader, a, words, strings.Fields(sees))
		}
	}
	for _, path := range api.Paths() {
		if !slices.Contains(covered, path) {
			t.Errorf("%s is not in the matrix", path)
		}
	}
}

// TestReconcileAs: who may not see a source is told as little of it as of one that is not.
func TestReconcileAs(t *testing.T) {
	h := aDay(t)
	for reader, want := range map[string]int{"nobody": 404, "lab": 404, "pas": 200, "all": 200, "refused": 403} {
		a := h.compare("source=pas", "identifier\n1\n", "X-Test-As: "+reader)
		if a.StatusCode != want || strings.Contains(a.body, patientID("PAS", "900001")) != (want == 200) {
			t.Errorf("as %s: status %d, want %d: %s", reader, a.StatusCode, want, a.body)
		}
	}
}

// checkWords looks for something of each source that is seen, and for nothing
// of the others. An answer's links may repeat what was asked.
func checkWords(t *testing.T, what string, a answer, words map[string][]string, sees []string) {
	t.Helper()
	body := a.body
	if i, j := strings.Index(body, `"link":[`), strings.Index(body, `"entry":[`); i >= 0 {
		if j < 0 {
			j = len(body)
		}
		body = body[:i] + body[j:]
	}
	for source, of := range words {
		found := slices.ContainsFunc(of, func(word string) bool { return strings.Contains(body, word) })
		if found != slices.Contains(sees, source) {
			t.Errorf("%s: sees %s: %v: %s", what, source, found, a.body)
		}
	}
}

// TestHiddenLooksAbsent: what may not be seen and what is not there get the
// same answer.
func TestHiddenLooksAbsent(t *testing.T) {
	h := aDay(t)
	pas, p1 := patientID("PAS", "900001"), h.at["P1"].String()
	for hidden, absent := range map[string]string{
		"/fhir/Patient/" + pas:                 "/fhir/Patient/nobody",
		"/fhir/Patient/" + pas + "/_history":   "/fhir/Patient/nobody/_history",
		"/fhir/Patient/" + pas + "/_history/1": "/fhir/Patient/nobody/_history/1",
		"/api/v1/lineage/Patient/" + pas:       "/api/v1/lineage/Patient/nobody",
		"/api/v1/messages/" + p1:               "/api/v1/messages/99999",
		"/api/v1/messages/" + p1 + "/body":     "/api/v1/messages/99999/body",
		"/api/v1/traces/" + p1:                 "/api/v1/traces/99999",
		"/api/v1/traces/P1":                    "/api/v1/traces/P9",
	} {
		one, two := h.get(hidden, "X-Test-As: lab"), h.get(absent, "X-Test-As: lab")
		one.body = strings.ReplaceAll(one.body, "message "+p1, "message 99999")
		if one.StatusCode != http.StatusNotFound || one.StatusCode != two.StatusCode || one.body != two.body {
			t.Errorf("%s: %d %s\n%s: %d %s", hidden, one.StatusCode, one.body, absent, two.StatusCode, two.body)
		}
		if fmt.Sprint(headersBut(one)) != fmt.Sprint(headersBut(two)) {
			t.Errorf("%s: headers %v and %v", hidden, one.Header, two.Header)
		}
	}
}

func headersBut(a answer) http.Header {
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	return h
}

func TestWithoutAccessNothingIsSeen(t *testing.T) {
	h := aDay(t)
	h.config.Access = nil
	h.open()
	if b := h.bundle("/fhir/Patient"); len(b.Entry) != 0 {
		t.Errorf("saw %+v", b)
	}
	h.get("/fhir/Patient/"+patientID("PAS", "900001")).outcome(t, http.StatusNotFound)
}

func TestLocal(t *testing.T) {
	for _, c := range []struct {
		remote, host string
		ok           bool
	}{
		{"127.0.0.1:5000", "127.0.0.1:8080", true},
		{"127.0.0.1:5000", "localhost", true},
		{"127.0.0.1:5000", "LOCALHOST:8080", true},
		{"[::1]:5000", "[::1]:8080", true},
		{"[::1]:5000", "[::1]", true},
		{"[::ffff:127.0.0.1]:5000", "127.9.9.9", true},
		{"10.0.0.7:5000", "localhost", false},
		{"127.0.0.1:5000", "rebound.example:8080", false},
		{"127.0.0.1:5000", "localhost.example", false},
		{"127.0.0.1:5000", "", false},
		{"", "localhost", false},
	} {
		r := &http.Request{RemoteAddr: c.remote, Host: c.host, Header: http.Header{"X-Forwarded-For": {"127.0.0.1"}}}
		access, err := api.Local(r)
		if (err == nil) != c.ok || (access.Sees != nil) != c.ok {
			t.Errorf("from %q to %q: %v", c.remote, c.host, err)
		}
	}
}
