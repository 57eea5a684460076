package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"handover/api"
	"handover/fhir"
)

func TestSearch(t *testing.T) {
	h := aDay(t)
	pas, lab := patientID("PAS", "900001"), patientID("LAB", "L77")
	for target, want := range map[string]int{
		"/fhir/Patient":                                                           2,
		"/fhir/Patient?_id=" + pas:                                                1,
		"/fhir/Patient?_id=" + pas + "," + lab:                                    2,
		"/fhir/Patient?identifier=900001":                                         1,
		"/fhir/Patient?identifier=urn:example:pas%7C900001":                       1,
		"/fhir/Patient?identifier=urn:example:lab%7C900001":                       0,
		"/fhir/Patient?identifier=900001,L77":                                     2,
		"/fhir/Patient?identifier=900001&identifier=L77":                          0,
		"/fhir/Patient?_lastUpdated=ge2031-03-04":                                 2,
		"/fhir/Patient?_lastUpdated=gt2031-03-05":                                 0,
		"/fhir/Observation?patient=" + lab:                                        2,
		"/fhir/Observation?patient=Patient/" + lab:                                2,
		"/fhir/Observation?subject=Patient/" + lab:                                2,
		"/fhir/Observation?subject:Patient=" + lab:                                2,
		"/fhir/Observation?patient=" + pas:                                        0,
		"/fhir/Observation?code=http://loinc.org%7C2951-2":                        1,
		"/fhir/Observation?code=2951-2,2823-3":                                    2,
		"/fhir/Observation?subject=Patient/" + lab + "&code=2823-3":               1,
		"/fhir/Observation?_summary=false&_format=json&_pretty=false":             2,
		"/fhir/Encounter":                                                         0,
		"/fhir/Patient?_sort=-_lastUpdated&_count=5&_total=accurate&_pretty=true": 2,
	} {
		b := h.bundle(target)
		if b.Type != "searchset" || len(b.Entry) != want || b.Total == nil || *b.Total != want {
			t.Errorf("%s: %d entries, %+v", target, len(b.Entry), b)
		}
		for _, e := range b.Entry {
			if e.Search.Mode != "match" || !strings.HasPrefix(e.FullURL, "http://example.com/fhir/") || e.Request.Method != "" {
				t.Errorf("%s: entry %+v", target, e)
			}
		}
		if self := h.bundle(b.link("self")); len(self.Entry) != want || b.link("next") != "" {
			t.Errorf("%s: links %+v", target, b.Link)
		}
	}
}

func TestPages(t *testing.T) {
	h := aDay(t)
	for _, how := range []string{"get", "post"} {
		form := "subject=Patient/" + patientID("LAB", "L77") + "&_count=1"
		var page bundleOf
		if how == "get" {
			page = h.bundle("/fhir/Observation?" + form)
		} else {
			h.post("/fhir/Observation/_search", form).into(t, http.StatusOK, &page)
		}
		var seen []string
		for {
			for _, e := range page.Entry {
				seen = append(seen, e.FullURL)
			}
			next := page.link("next")
			if next == "" {
				break
			}
			if how == "post" && strings.Contains(next, patientID("LAB", "L77")) {
				t.Errorf("the link to the next page of a posted search tells what it asks for: %s", next)
			}
			page = h.bundle(next)
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != 2 {
			t.Errorf("%s: turned through %v", how, seen)
		}
	}
	first := h.bundle("/fhir/Observation?_count=1")
	if first.Total != nil {
		t.Errorf("a total that nobody counted: %d", *first.Total)
	}
}

func TestCountOnly(t *testing.T) {
	h := aDay(t)
	for _, query := range []string{"_summary=count", "_count=0", "_count=0&_summary=count&code=2951-2,2823-3"} {
		b := h.bundle("/fhir/Observation?" + query)
		if *b.Total != 2 || b.Entry != nil || b.link("next") != "" {
			t.Errorf("%s: %+v", query, b)
		}
	}
}

func TestPostedSearch(t *testing.T) {
	h := aDay(t)
	var b bundleOf
	h.post("/fhir/Patient/_search?_count=10", "identifier=900001").into(t, http.StatusOK, &b)
	if len(b.Entry) != 1 || b.link("self") != "http://example.com/fhir/Patient?_count=10&identifier=900001" {
		t.Errorf("got %+v", b)
	}
	h.ask(http.MethodPost, "/fhir/Patient/_search").into(t, http.StatusOK, &b)
	if len(b.Entry) != 2 {
		t.Errorf("without a form: %+v", b)
	}
	b = bundleOf{}
	h.post("/fhir/Patient/_search?identifier=900001", "identifier=L77").into(t, http.StatusOK, &b)
	if len(b.Entry) != 0 {
		t.Errorf("one parameter in URL and form, which must both hold: %+v", b)
	}
	for _, c := range []struct {
		name, form, media string
		status            int
	}{
		{"JSON", `{"identifier":"1"}`, "application/json", 415},
		{"no media type", "identifier=1", "", 415},
		{"bad escape", "identifier=%zz", "application/x-www-form-urlencoded", 400},
		{"too long", "identifier=" + strings.Repeat("1", api.MaxForm), "application/x-www-form-urlencoded", 413},
		{"unknown parameter", "surname=x", "application/x-www-form-urlencoded", 400},
	} {
		r := httptest.NewRequest(http.MethodPost, "/fhir/Patient/_search", strings.NewReader(c.form))
		a := h.send(r, "Content-Type: "+c.media)
		a.outcome(t, c.status)
	}
}

func TestSealedPages(t *testing.T) {
	h := aDay(t)
	var b bundleOf
	h.post("/fhir/Observation/_search", "_count=1").into(t, http.StatusOK, &b)
	next := strings.TrimPrefix(b.link("next"), "http://example.com")
	if next == "" {
		t.Fatal("no next page")
	}
	for name, target := range map[string]string{
		"another type": strings.Replace(next, "/Observation", "/Patient", 1),
		"changed":      next[:len(next)-8] + "AAAAAAAA",
		"cut":          next[:len(next)-4],
		"empty":        "/fhir/Observation?_page=",
		"no base64":    "/fhir/Observation?_page=!",
	} {
		if issues := h.get(target).outcome(t, http.StatusBadRequest); !strings.HasPrefix(issues[0], "invalid http._page: ") {
			t.Errorf("%s: %v", name, issues)
		}
	}
	h.open() // with another key, as after a restart
	h.get(next).outcome(t, http.StatusBadRequest)
	h.config.PageKey = []byte("32 bytes that anybody may know..")
	h.open()
	h.post("/fhir/Observation/_search", "_count=1").into(t, http.StatusOK, &b)
	h.open() // with the same key
	if rest := h.bundle(b.link("next")); len(rest.Entry) != 1 {
		t.Errorf("after a restart: %+v", rest)
	}
	h.config.PageKey = []byte("short")
	if _, err := api.New(h.config); err == nil {
		t.Error("a short key was taken")
	}
}

func TestSearchRefuses(t *testing.T) {
	h := aDay(t)
	for query, want := range map[string][]string{
		"surname=x":                       {"not-supported http.surname: "},
		"name=x":                          {"not-supported http.name: "},
		"identifier:exact=1":              {"not-supported http.identifier:exact: "},
		"_id:missing=true":                {"not-supported http._id:missing: "},
		"_include=Patient:link":           {"not-supported http._include: "},
		"_has:Observation:patient:code=1": {"not-supported http._has:Observation:patient:code: "},
		"_summary=true":                   {"not-supported http._summary: "},
		"_sort=birthdate":                 {"not-supported http._sort: "},
		"_count=-1":                       {"invalid http._count: "},
		"_count=many":                     {"invalid http._count: "},
		"_total=some":                     {"invalid http._total: "},
		"_cursor=here":                    {"invalid http._cursor: "},
		"identifier=":                     {"invalid http.identifier: "},
		"_lastUpdated=yesterday":          {"invalid http._lastUpdated: "},
		"a=1&b=2&_count=x":                {"invalid http._count: ", "not-supported http.a: ", "not-supported http.b: "},
		"a=1&a=2":                         {"not-supported http.a: "},
		"=":                               {"not-supported: "},
		"identifier=%zz":                  {"invalid: "},
		"identifier=1;code=2":             {"invalid: "},
		"_id=" + strings.Repeat("a,", api.MaxValues+1): {"too-long: "},
		strings.Repeat("n", 500) + "=1":                {"not-supported http." + strings.Repeat("n", 100) + "...: "},
	} {
		issues := h.get("/fhir/Patient?"+query).outcome(t, http.StatusBadRequest)
		ok := len(issues) == len(want)
		for i := range want {
			ok = ok && strings.HasPrefix(issues[i], want[i])
		}
		if !ok {
			t.Errorf("%s: got %v, want %v", query, issues, want)
		}
	}
	for query, want := range map[string]string{
		"subject:missing=true":       "not-supported http.subject:missing: ",
		"patient:Practitioner=1":     "invalid http.patient:Practitioner: ",
		"patient.name=x":             "not-supported http.patient.name: ",
		"subject:Patient.name=x":     "not-supported http.subject:Patient.name: ",
		"subject=Patient/1/_history": "invalid http.subject: ",
	} {
		if issues := h.get("/fhir/Observation?"+query).outcome(t, http.StatusBadRequest); !strings.HasPrefix(issues[0], want) {
			t.Errorf("%s: got %v, want %s", query, issues, want)
		}
	}
}

func TestLenientPassesOver(t *testing.T) {
	h := aDay(t)
	const query = "identifier=900001&name=x&_include=*&_summary=true&_sort=name"
	for _, prefer := range []string{"handling=lenient", "respond-async, handling=lenient", "Handling=\"LENIENT\"; x=1"} {
		b := h.bundle("/fhir/Patient?"+query, "Prefer: "+prefer)
		if len(b.Entry) != 1 || b.link("self") != "http://example.com/fhir/Patient?identifier=900001" {
			t.Errorf("%s: %+v", prefer, b)
		}
	}
	h.get("/fhir/Patient?"+query, "Prefer: handling=strict").outcome(t, http.StatusBadRequest)
	h.get("/fhir/Patient?_lastUpdated=soon&name=x", "Prefer: handling=lenient").outcome(t, http.StatusBadRequest)
}

// TestManyValues goes up to the limit, which the database must bear.
func TestManyValues(t *testing.T) {
	h := aDay(t)
	for _, param := range []string{"_id", "identifier", "code", "patient", "subject"} {
		values := make([]string, api.MaxValues)
		for i := range values {
			values[i] = fmt.Sprintf("v%d", i)
		}
		for _, query := range []string{
			url.Values{param: {strings.Join(values, ",")}}.Encode(),
			url.Values{param: values}.Encode(),
		} {
			if a := h.get("/fhir/Observation?" + query); a.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", param, a.StatusCode, a.body)
			}
		}
	}
	dates := url.Values{"_lastUpdated": slices.Repeat([]string{"ne2020"}, api.MaxValues)}
	if a := h.get("/fhir/Observation?" + dates.Encode()); a.StatusCode != http.StatusOK {
		t.Errorf("_lastUpdated: %d %s", a.StatusCode, a.body)
	}
}

// TestCapabilities: what the statement says can be searched by can be, and
// nothing else that R4 defines.
func TestCapabilities(t *testing.T) {
	h := aDay(t)
	a := h.get("/fhir/metadata")
	if r, problems := fhir.Parse([]byte(a.body)); len(problems) > 0 || r.Type() != "CapabilityStatement" {
		t.Fatalf("not FHIR: %v", problems)
	}
	var s struct {
		FHIRVersion string
		Software    struct{ Version string }
		Rest        []struct {
			Resource []struct {
				Type        string
				Interaction []struct{ Code string }
				SearchParam []struct{ Name, Type string }
			}
		}
	}
	a.into(t, http.StatusOK, &s)
	if s.FHIRVersion != "4.0.1" || s.Software.Version != "1.2.3" || len(s.Rest[0].Resource) < 140 {
		t.Errorf("statement: %s, %s, %d types", s.FHIRVersion, s.Software.Version, len(s.Rest[0].Resource))
	}
	value := map[string]string{"token": "x", "date": "2031", "reference": "1", "string": "x", "uri": "x", "number": "1", "quantity": "1", "composite": "x$y", "special": "x"}
	searched, refused := 0, 0
	for _, r := range s.Rest[0].Resource {
		if fmt.Sprint(r.Interaction) != "[{search-type} {read} {history-instance} {vread}]" {
			t.Errorf("%s: interactions %v", r.Type, r.Interaction)
		}
		said := map[string]string{}
		for _, p := range r.SearchParam {
			said[p.Name] = p.Type
		}
		for _, p := range fhir.Definitions().SearchParameters(r.Type) {
			a := h.get("/fhir/" + r.Type + "?" + p.Code + "=" + value[p.Type])
			if kind, ok := said[p.Code]; ok {
				searched++
				if a.StatusCode != http.StatusOK || kind != p.Type {
					t.Errorf("%s by %s (%s): %d %s", r.Type, p.Code, kind, a.StatusCode, a.body)
				}
			} else {
				refused++
				a.outcome(t, http.StatusBadRequest)
			}
			delete(said, p.Code)
		}
		if len(said) > 0 {
			t.Errorf("%s: R4 does not define %v", r.Type, said)
		}
	}
	t.Logf("%d parameters can be searched by, %d are refused", searched, refused)
	h.get("/fhir/metadata?mode=terminology").outcome(t, http.StatusNotImplemented)
	if a := h.get("/fhir/metadata?mode=full", "X-Test-As: refused"); a.StatusCode != http.StatusOK {
		t.Errorf("metadata needs sign-in: %d", a.StatusCode)
	}
}

func TestBundlesAreFHIR(t *testing.T) {
	h := aDay(t)
	for _, target := range []string{
		"/fhir/Observation?_count=1&_sort=_lastUpdated", "/fhir/Encounter", "/fhir/Patient?_summary=count",
		"/fhir/Patient/" + patientID("PAS", "900001") + "/_history", "/fhir/Patient?%3Cscript%3E=%22",
	} {
		if _, problems := fhir.Parse([]byte(h.get(target).body)); len(problems) > 0 {
			t.Errorf("%s: %v", target, problems)
		}
	}
}
