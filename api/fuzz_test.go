package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"handover/fhir"
)

// FuzzSearchQuery: whatever a search asks for, the answer is FHIR and of a
// status that there is; nobody sees anything; what is found is no more than
// there is; the self link finds the same again; and lenient handling changes
// nothing in a search that strict handling takes.
func FuzzSearchQuery(f *testing.F) {
	for _, query := range []string{
		"", "identifier=900001", "_id=a,b&_count=1", "patient=Patient/1&code=http://loinc.org|2951-2",
		"subject:Patient=1", "_lastUpdated=ge2031-03-04T12:00:00+01:00&_sort=-_lastUpdated", "_summary=count",
		"_count=0", "_total=accurate&_cursor=AQIC", "date=ap2031", "surname=x&_include=*", "identifier=%zz;%",
		`identifier=a\,b\|c|\$`, "_format=json&_pretty=true", "_format=xml", "=&==&a=", "_page=AAAA", "code=|x&code=x|",
		"_id=\x00\xff",
	} {
		f.Add(query)
	}
	h := aDay(f)
	ask := func(query string, headers ...string) answer {
		r := httptest.NewRequest(http.MethodGet, "/fhir/Observation", nil)
		r.URL.RawQuery = query
		return h.send(r, headers...)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a := ask(query)
		if _, problems := fhir.Parse([]byte(a.body)); len(problems) > 0 {
			t.Fatalf("no FHIR: %v\n%s", problems, a.body)
		}
		switch a.StatusCode {
		case http.StatusOK:
		case http.StatusBadRequest, http.StatusNotAcceptable:
			return
		default:
			t.Fatalf("status %d: %s", a.StatusCode, a.body)
		}
		found := entries(t, a)
		if strings.Count(found, "\n") > 2 {
			t.Errorf("found more than there is: %s", found)
		}
		if again := entries(t, h.get(self(t, a))); again != found {
			t.Errorf("the self link finds %s, not %s", again, found)
		}
		if lenient := entries(t, ask(query, "Prefer: handling=lenient")); lenient != found {
			t.Errorf("lenient handling finds %s, not %s", lenient, found)
		}
		if hidden := entries(t, ask(query, "X-Test-As: nobody")); hidden != "" {
			t.Errorf("nobody sees %s", hidden)
		}
	})
}

func entries(t *testing.T, a answer) string {
	t.Helper()
	var b bundleOf
	a.into(t, http.StatusOK, &b)
	out := ""
	for _, e := range b.Entry {
		out += e.FullURL + "\n"
	}
	return out
}

func self(t *testing.T, a answer) string {
	t.Helper()
	var b bundleOf
	a.into(t, http.StatusOK, &b)
	return b.link("self")
}
