package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestReadGivesTheCurrentVersion(t *testing.T) {
	h := aDay(t)
	url := "/fhir/Patient/" + patientID("PAS", "900001")
	a := h.get(url)
	var p struct {
		ResourceType, ID, Gender string
		Meta                     struct{ VersionID, LastUpdated string }
	}
	a.into(t, http.StatusOK, &p)
	if p.ResourceType != "Patient" || p.Gender != "female" || p.Meta.VersionID != "2" {
		t.Errorf("got %+v", p)
	}
	at, err := time.Parse(time.RFC3339, p.Meta.LastUpdated)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"ETag":              `W/"2"`,
		"Last-Modified":     at.UTC().Format(http.TimeFormat),
		"Content-Location":  "http://example.com" + url + "/_history/2",
		"Content-Type":      "application/fhir+json; charset=utf-8",
		"Cache-Control":     "no-store",
		"X-Handover-Offset": h.record.Applied().String(),
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	head := h.ask(http.MethodHead, url)
	if head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("ETag") != `W/"2"` {
		t.Errorf("HEAD: %d, %q, %v", head.StatusCode, head.body, head.Header)
	}
}

func TestVersions(t *testing.T) {
	h := aDay(t)
	url := "/fhir/Patient/" + patientID("PAS", "900001")
	first := h.get(url + "/_history/1")
	if first.StatusCode != http.StatusOK || !strings.Contains(first.body, `"gender":"unknown"`) || first.Header.Get("ETag") != `W/"1"` {
		t.Errorf("version 1: %d %s", first.StatusCode, first.body)
	}
	b := h.bundle(url + "/_history")
	if b.Type != "history" || len(b.Entry) != 2 || *b.Total != 2 {
		t.Fatalf("history: %+v", b)
	}
	newest, oldest := b.Entry[0], b.Entry[1]
	if newest.Request.Method != "PUT" || newest.Response.Etag != `W/"2"` || newest.Response.Status != "200" {
		t.Errorf("newest: %+v", newest)
	}
	if oldest.Request.Method != "POST" || oldest.Request.URL != "Patient" || oldest.Response.Status != "201" || oldest.Search.Mode != "" {
		t.Errorf("oldest: %+v", oldest)
	}
	one := h.bundle(url + "/_history?_count=1")
	if one.Total != nil || len(one.Entry) != 1 || one.Entry[0].Response.Etag != `W/"2"` {
		t.Fatalf("page: %+v", one)
	}
	rest := h.bundle(one.link("next"))
	if len(rest.Entry) != 1 || rest.Entry[0].Response.Etag != `W/"1"` || rest.link("next") != "" || rest.Total != nil {
		t.Errorf("next page: %+v", rest)
	}
}

func TestNotModified(t *testing.T) {
	h := aDay(t)
	url := "/fhir/Patient/" + patientID("PAS", "900001")
	modified, err := http.ParseTime(h.get(url).Header.Get("Last-Modified"))
	if err != nil {
		t.Fatal(err)
	}
	stamp := func(d time.Duration) string { return "If-Modified-Since: " + modified.Add(d).Format(http.TimeFormat) }
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"the same tag", []string{`If-None-Match: W/"2"`}, 304},
		{"the same tag, strong", []string{`If-None-Match: "2"`}, 304},
		{"one of several", []string{`If-None-Match: W/"7", W/"2"`}, 304},
		{"several headers", []string{`If-None-Match: W/"7"`, `If-None-Match: W/"2"`}, 304},
		{"any", []string{`If-None-Match: *`}, 304},
		{"another tag", []string{`If-None-Match: W/"1"`}, 200},
		{"part of a tag", []string{`If-None-Match: W/"22"`}, 200},
		{"the same second", []string{stamp(0)}, 304},
		{"later", []string{stamp(time.Hour)}, 304},
		{"earlier", []string{stamp(-time.Second)}, 200},
		{"no date", []string{"If-Modified-Since: yesterday"}, 200},
		{"a tag goes before a date", []string{`If-None-Match: W/"1"`, stamp(time.Hour)}, 200},
	} {
		a := h.get(url, c.headers...)
		if a.StatusCode != c.want {
			t.Errorf("%s: status %d, want %d", c.name, a.StatusCode, c.want)
		}
		if a.StatusCode == 304 && (a.body != "" || a.Header.Get("ETag") != `W/"2"`) {
			t.Errorf("%s: 304 with %q, ETag %s", c.name, a.body, a.Header.Get("ETag"))
		}
	}
}

// TestTwoVersionsInOneSecond: a client whose version is older than the current
// one, but of the same second, is not told that nothing changed.
func TestTwoVersionsInOneSecond(t *testing.T) {
	h := newHouse(t)
	one, two := h.receive("pas", "ADT^A04", "P1", "1^^^PAS"), h.receive("pas", "ADT^A08", "P2", "1^^^PAS")
	h.now = noon.Add(time.Minute)
	h.hear(one, "pas", "ADT^A04", say("Patient", "PAS", "1", `gender="unknown"`))
	h.now = h.now.Add(300 * time.Millisecond)
	h.hear(two, "pas", "ADT^A08", say("Patient", "PAS", "1", `gender="female"`))
	h.apply()
	url := "/fhir/Patient/" + patientID("PAS", "1")
	modified := h.get(url + "/_history/1").Header.Get("Last-Modified")
	if now := h.get(url).Header.Get("Last-Modified"); now != modified {
		t.Fatalf("the versions are of two seconds: %s and %s", modified, now)
	}
	if a := h.get(url, "If-Modified-Since: "+modified); a.StatusCode != 200 || !strings.Contains(a.body, "female") {
		t.Errorf("status %d: %s", a.StatusCode, a.body)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	h := aDay(t)
	known := patientID("PAS", "900001")
	for target, want := range map[string]struct {
		status int
		issue  string
	}{
		"/fhir/Patient/nobody":                                     {404, "not-found"},
		"/fhir/Observation/" + known:                               {404, "not-found"},
		"/fhir/Patient/" + known + "/_history/3":                   {404, "not-found"},
		"/fhir/Patient/" + known + "/_history/0":                   {404, "not-found"},
		"/fhir/Patient/" + known + "/_history/x":                   {404, "not-found"},
		"/fhir/Patient/" + known + "/_history/9999999999999999999": {404, "not-found"},
		"/fhir/Patient/nobody/_history":                            {404, "not-found"},
		"/fhir/Patient/" + strings.Repeat("a", 65):                 {404, "not-found"},
		"/fhir/Patient/a%2F..%2Fb":                                 {404, "not-found"},
		"/fhir/Patient/a%00b":                                      {404, "not-found"},
		"/fhir/Unheard":                                            {404, "not-supported"},
		"/fhir/patient":                                            {404, "not-supported"},
		"/fhir/Resource/1":                                         {404, "not-supported"},
		"/fhir/Bundle/1":                                           {404, "not-supported"},
		"/fhir/Patient/":                                           {404, "not-found"},
		"/fhir":                                                    {501, "not-supported"},
		"/fhir/":                                                   {501, "not-supported"},
		"/fhir/_history":                                           {501, "not-supported"},
		"/fhir/Patient/_history":                                   {501, "not-supported"},
		"/fhir/Patient/$everything":                                {501, "not-supported"},
		"/fhir/Patient/" + known + "/$everything":                  {501, "not-supported"},
		"/fhir/Patient/" + known + "/Observation":                  {501, "not-supported"},
		"/fhir/Patient/" + known + "/_history/1/more":              {404, "not-found"},
	} {
		issues := h.get(target).outcome(t, want.status)
		if len(issues) != 1 || !strings.HasPrefix(issues[0], want.issue+":") {
			t.Errorf("%s: %v", target, issues)
		}
	}
}

func TestGone(t *testing.T) {
	h := newHouse(t)
	h.config.Record = deleted{h.record}
	h.open()
	h.get("/fhir/Patient/p1").outcome(t, http.StatusGone)
	b := h.bundle("/fhir/Patient/p1/_history")
	if e := b.Entry[0]; e.Request.Method != "DELETE" || e.Resource != nil || e.Response.Status != "204" {
		t.Errorf("history: %+v", e)
	}
}

func TestWritesAreRefused(t *testing.T) {
	h := aDay(t)
	for _, c := range []struct{ method, target, allow string }{
		{"POST", "/fhir/Patient", "GET, HEAD"},
		{"PUT", "/fhir/Patient", "GET, HEAD"},
		{"PUT", "/fhir/Patient/1", "GET, HEAD"},
		{"PATCH", "/fhir/Patient/1", "GET, HEAD"},
		{"DELETE", "/fhir/Patient/1", "GET, HEAD"},
		{"DELETE", "/fhir/Patient/1/_history/1", "GET, HEAD"},
		{"POST", "/fhir/metadata", "GET, HEAD"},
		{"GET", "/fhir/Patient/_search", "POST"},
	} {
		a := h.ask(c.method, c.target)
		issues := a.outcome(t, http.StatusMethodNotAllowed)
		if !strings.HasPrefix(issues[0], "not-supported: "+c.method+": writing comes by sources") {
			t.Errorf("%s %s: %v", c.method, c.target, issues)
		}
		if got := a.Header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.target, got, c.allow)
		}
	}
	h.ask(http.MethodPost, "/fhir").outcome(t, http.StatusNotImplemented)
}

func TestFormats(t *testing.T) {
	h := aDay(t)
	url := "/fhir/Patient/" + patientID("PAS", "900001")
	for _, c := range []struct{ query, accept, want string }{
		{"", "", "application/fhir+json"},
		{"", "*/*", "application/fhir+json"},
		{"", "application/json", "application/json"},
		{"", "text/json", "text/json"},
		{"", "application/fhir+json; fhirVersion=4.0", "application/fhir+json"},
		{"", "text/html, application/xhtml+xml, */*;q=0.8", "application/fhir+json"},
		{"", "application/json;q=0.5, application/fhir+json;q=0.9", "application/fhir+json"},
		{"", "application/json;q=7, application/fhir+json;q=0.5", "application/fhir+json"},
		{"?_format=json", "application/fhir+xml", "application/fhir+json"},
		{"?_format=application/fhir%2Bjson", "", "application/fhir+json"},
		{"?_format=application/fhir+json", "", "application/fhir+json"},
		{"", "application/fhir+xml", ""},
		{"", "application/fhir+json; fhirVersion=5.0", ""},
		{"", "application/fhir+json;q=0", ""},
		{"", "application/fhir+json;q=NaN", ""},
		{"", "json", ""},
		{"?_format=xml", "", ""},
		{"?_format=", "", ""},
		{"?_format=ttl", "application/json", ""},
	} {
		var headers []string
		if c.accept != "" {
			headers = []string{"Accept: " + c.accept}
		}
		a := h.get(url+c.query, headers...)
		if c.want == "" {
			a.outcome(t, http.StatusNotAcceptable)
			continue
		}
		if got := a.Header.Get("Content-Type"); a.StatusCode != 200 || got != c.want+"; charset=utf-8" {
			t.Errorf("%q, Accept %q: %d, %q", c.query, c.accept, a.StatusCode, got)
		}
	}
	if a := h.get(url + "?_pretty=true"); !strings.Contains(a.body, "\n  \"id\": ") {
		t.Errorf("not pretty: %s", a.body)
	}
	h.get(url+"?_pretty=perhaps").outcome(t, http.StatusBadRequest)
}

func TestReadRefusesWhatItDoesNotKnow(t *testing.T) {
	h := aDay(t)
	url := "/fhir/Patient/" + patientID("PAS", "900001")
	issues := h.get(url+"?_summary=true&_elements=id").outcome(t, http.StatusBadRequest)
	if len(issues) != 2 || !strings.HasPrefix(issues[0], "not-supported http._elements: ") || !strings.HasPrefix(issues[1], "not-supported http._summary: ") {
		t.Errorf("issues: %v", issues)
	}
	if a := h.get(url+"?_summary=true", "Prefer: return=minimal; handling=lenient"); a.StatusCode != http.StatusOK {
		t.Errorf("lenient: %d %s", a.StatusCode, a.body)
	}
	if a := h.get(url + "?_summary=false"); a.StatusCode != http.StatusOK {
		t.Errorf("_summary=false: %d %s", a.StatusCode, a.body)
	}
}

func TestSeesItsOwnWrites(t *testing.T) {
	h := newHouse(t)
	h.config.Timeout = time.Hour // so that only Wait ends the waiting
	h.open()
	o := h.receive("pas", "ADT^A01", "P1", "1^^^PAS")
	h.hear(o, "pas", "ADT^A01", say("Patient", "PAS", "1", `gender="female"`))
	tail := "X-Handover-Offset: " + h.journal.Tail().String()
	url := "/fhir/Patient/" + patientID("PAS", "1")

	late := h.get(url, tail)
	if issues := late.outcome(t, http.StatusServiceUnavailable); !strings.HasPrefix(issues[0], "transient http.X-Handover-Offset: ") || late.Header.Get("Retry-After") == "" {
		t.Errorf("too early: %v, %v", issues, late.Header)
	}
	if a := h.get("/api/v1/messages", tail); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("messages too early: %d %s", a.StatusCode, a.body)
	}
	h.config.Wait = 10 * time.Second
	h.open()
	done := make(chan answer)
	go func() { done <- h.get(url, tail) }()
	h.apply()
	for _, a := range []answer{<-done, h.get("/api/v1/messages", tail)} {
		if a.StatusCode != http.StatusOK || a.Header.Get("X-Handover-Offset") != h.journal.Tail().String() {
			t.Errorf("status %d, offset %s: %s", a.StatusCode, a.Header.Get("X-Handover-Offset"), a.body)
		}
	}
	for _, bad := range []string{"-1", "one", "99999999999999999999"} {
		h.get(url, "X-Handover-Offset: "+bad).outcome(t, http.StatusBadRequest)
	}
}
