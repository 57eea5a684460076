package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/trace"
)

// failure decodes a problem of the wanted status as "title where: detail".
func (a answer) failure(t testing.TB, status int) string {
	t.Helper()
	var p struct {
		Title, Detail, Where string
		Status               int
		Others               []struct{ Detail, Where string }
	}
	a.into(t, status, &p)
	if p.Status != status || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("no problem of status %d: %s", status, a.body)
	}
	out := p.Title + " " + p.Where + ": " + p.Detail
	for _, o := range p.Others {
		out += "; " + o.Where + ": " + o.Detail
	}
	return out
}

type messagePage struct {
	Messages []trace.Message
	Before   handover.Offset
}

func (p messagePage) controls() string {
	var out []string
	for _, m := range p.Messages {
		out = append(out, m.Control)
	}
	return strings.Join(out, " ")
}

func TestMessages(t *testing.T) {
	h := aDay(t)
	h.now = noon.Add(2 * time.Hour)
	for query, want := range map[string]string{
		"":                                   "W1  L1 P2 P1 P1",
		"?source=pas":                        "P2 P1 P1",
		"?type=ADT^A08":                      "P2",
		"?type=ADT":                          "P2 P1 P1",
		"?patient=L77":                       "W1 L1",
		"?patient=PAS%7C900001":              "P2 P1",
		"?control=L1":                        "L1",
		"?state=duplicate":                   "P1",
		"?state=waiting&source=lab":          "W1",
		"?state=filtered":                    "",
		"?since=1h":                          "",
		"?since=119m":                        "W1  L1 P2",
		"?since=3h":                          "W1  L1 P2 P1 P1",
		"?since=1d":                          "W1  L1 P2 P1 P1",
		"?since=2031-03-04":                  "W1  L1 P2 P1 P1",
		"?since=2031-03-04T12:01:00Z":        "W1  L1 P2",
		"?since=2031-03-04T13:01:00%2B01:00": "W1  L1 P2",
		"?source=nobody":                     "",
	} {
		var p messagePage
		h.get("/api/v1/messages"+query).into(t, http.StatusOK, &p)
		if p.controls() != want || p.Before != 0 {
			t.Errorf("%q: got %q, want %q", query, p.controls(), want)
		}
		if p.Messages == nil {
			t.Errorf("%q: null instead of an empty list", query)
		}
	}
}

func TestMessagePages(t *testing.T) {
	h := aDay(t)
	var seen []string
	var p messagePage
	for target := "/api/v1/messages?limit=4"; ; target = "/api/v1/messages?limit=4&before=" + p.Before.String() {
		p = messagePage{}
		h.get(target).into(t, http.StatusOK, &p)
		seen = append(seen, p.controls())
		if p.Before == 0 {
			break
		}
	}
	if got := strings.Join(seen, "|"); got != "W1  L1 P2|P1 P1" {
		t.Errorf("pages: %q", got)
	}
}

func TestMessagesRefuses(t *testing.T) {
	h := aDay(t)
	for query, want := range map[string]string{
		"sorce=pas":           "invalid sorce: ",
		"source=a&source=b":   "invalid source: ",
		"source=":             "invalid source: ",
		"state=lost":          "invalid state: ",
		"since=soon":          "invalid since: ",
		"since=-1h":           "invalid since: ",
		"since=-1d":           "invalid since: ",
		"since=9999999d":      "invalid since: ",
		"before=0":            "invalid before: ",
		"limit=0":             "invalid limit: ",
		"limit=1001":          "invalid limit: ",
		"limit=many":          "invalid limit: ",
		"limit=0&state=lost":  "invalid limit: ",
		"source=%zz":          "invalid : ",
		"source=pas;state=ok": "invalid : ",
	} {
		if got := h.get("/api/v1/messages?"+query).failure(t, http.StatusBadRequest); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s", query, got)
		}
	}
	if got := h.get("/api/v1/messages?limit=0&state=lost").failure(t, 400); !strings.Contains(got, "; state: ") {
		t.Errorf("only one of two faults: %s", got)
	}
	for _, target := range []string{"/api/v1/messages/0", "/api/v1/messages/x", "/api/v1/messages/99", "/api/v1/messages/2", "/api/v1", "/", "/api/v1/nothing", "/api/v1/messages/"} {
		h.get(target).failure(t, http.StatusNotFound)
	}
	for _, method := range []string{"POST", "DELETE", "OPTIONS", "BREW"} {
		a := h.ask(method, "/api/v1/messages")
		if a.failure(t, http.StatusMethodNotAllowed); a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: Allow %q", method, a.Header.Get("Allow"))
		}
	}
}

func TestOneMessage(t *testing.T) {
	h := aDay(t)
	var m trace.Message
	h.get("/api/v1/messages/"+h.at["P2"].String()).into(t, http.StatusOK, &m)
	if m.Control != "P2" || m.Type != "ADT^A08" || m.State != handover.StateRouted || m.Answer != "AA" {
		t.Errorf("got %+v", m)
	}
}

func TestBody(t *testing.T) {
	h := aDay(t)
	large := "MSH|^~\\&|A|B|C|D|20310304||MDM^T02|BIG|P|2.5.1\rOBX|1|TX|||" + strings.Repeat("A\\.br\\", 5000) + "\r"
	h.receiveBytes("lab", "BIG", large)
	h.apply()
	var dup messagePage
	h.get("/api/v1/messages?state=duplicate").into(t, http.StatusOK, &dup)
	p1 := "MSH|^~\\&|A|B|C|D|20310304||ADT^A01^ADT_A01|P1|P|2.5.1\rPID|1||900001^^^PAS^MR\r"
	for name, c := range map[string]struct {
		at   handover.Offset
		want string
	}{
		"in memory":   {h.at["P1"], p1},
		"a duplicate": {dup.Messages[0].Offset, p1},
		"unreadable":  {h.at["BAD"], "nothing that can be read\r"},
		"in a file":   {h.at["BIG"], large},
	} {
		target := "/api/v1/messages/" + c.at.String() + "/body"
		a := h.get(target)
		if a.StatusCode != http.StatusOK || a.body != c.want {
			t.Errorf("%s: %d, %d bytes, want %d", name, a.StatusCode, len(a.body), len(c.want))
		}
		if a.Header.Get("Content-Type") != "application/hl7-v2" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; filename=\"message-"+c.at.String()) {
			t.Errorf("%s: headers %v", name, a.Header)
		}
		if part := h.get(target, "Range: bytes=2-5"); part.StatusCode != http.StatusPartialContent || part.body != c.want[2:6] {
			t.Errorf("%s: range: %d %q", name, part.StatusCode, part.body)
		}
		if same := h.get(target, "If-None-Match: "+a.Header.Get("ETag")); same.StatusCode != http.StatusNotModified {
			t.Errorf("%s: the same again: %d", name, same.StatusCode)
		}
		if head := h.ask(http.MethodHead, target); head.StatusCode != http.StatusOK || head.body != "" {
			t.Errorf("%s: HEAD: %d", name, head.StatusCode)
		}
	}
	h.get("/api/v1/messages/2/body").failure(t, http.StatusNotFound) // a decision, no message
}

func TestBodyThatRetentionRemoved(t *testing.T) {
	h := newHouse(t)
	o := h.receive("pas", "ADT^A01", "P1", "1^^^PAS")
	h.apply()
	h.config.Journal = expired{h.journal}
	h.open()
	if got := h.get("/api/v1/messages/"+o.String()+"/body").failure(t, http.StatusGone); !strings.Contains(got, "retention") {
		t.Errorf("got %s", got)
	}
}

func TestStories(t *testing.T) {
	h := aDay(t)
	type story struct {
		trace.Story
		Others []handover.Offset
	}
	p1 := h.at["P1"]
	for _, name := range []string{p1.String(), "P1", p1.String() + "?by=offset", "P1?by=control"} {
		var s story
		h.get("/api/v1/traces/"+name).into(t, http.StatusOK, &s)
		if s.Message.Offset != p1 || s.Decision == nil || len(s.Facts) != 5 || len(s.Repeats) != 1 || len(s.Left) != 1 || len(s.Wrote) != 1 || s.Others != nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// A control id that looks like an offset, twice and of two sources.
	number := p1.String()
	one := h.receive("pas", "ADT^A01", number, "5^^^PAS")
	two := h.receive("lab", "ORU^R01", number, "6^^^LAB")
	odd := h.receive("lab", "ORU^R01", "a/b c%..", "6^^^LAB")
	h.apply()
	var s story
	h.get("/api/v1/traces/"+number).into(t, http.StatusOK, &s)
	if s.Message.Offset != p1 {
		t.Errorf("an offset is taken for a control id: %+v", s.Message)
	}
	h.get("/api/v1/traces/"+number+"?by=control").into(t, http.StatusOK, &s)
	if s.Message.Offset != two || len(s.Others) != 1 || s.Others[0] != one {
		t.Errorf("by control: %+v, others %v", s.Message, s.Others)
	}
	s = story{}
	h.get("/api/v1/traces/a%2Fb%20c%25..").into(t, http.StatusOK, &s)
	if s.Message.Offset != odd {
		t.Errorf("an odd control id: %+v", s.Message)
	}
	for _, target := range []string{"99999", "nobody", "%2e%2e", "P1?by=offset", number + "9?by=control"} {
		h.get("/api/v1/traces/"+target).failure(t, http.StatusNotFound)
	}
	h.get("/api/v1/traces/P1?by=magic").failure(t, http.StatusBadRequest)
}

func TestLineage(t *testing.T) {
	h := aDay(t)
	url := "/api/v1/lineage/Patient/" + patientID("PAS", "900001")
	type lineage struct {
		Type, ID         string
		Version          int64
		Message, Written handover.Offset
		Elements         []struct {
			Element, Source   string
			Message, Asserted handover.Offset
			Origins           []handover.Origin
		}
	}
	for target, want := range map[string]struct {
		version int64
		message string
	}{url: {2, "P2"}, url + "/2": {2, "P2"}, url + "/1": {1, "P1"}} {
		var l lineage
		h.get(target).into(t, http.StatusOK, &l)
		if l.Version != want.version || l.Message != h.at[want.message] || l.Type != "Patient" || l.Written == 0 {
			t.Errorf("%s: %+v", target, l)
		}
		var names []string
		for _, e := range l.Elements {
			names = append(names, e.Element)
			if e.Source != "pas" || e.Asserted == 0 || e.Message == 0 || len(e.Origins) != 1 || e.Origins[0].Field != "ZZZ-1" {
				t.Errorf("%s: %+v", target, e)
			}
		}
		if got := strings.Join(names, " "); got != "identifier name gender birthDate" {
			t.Errorf("%s: elements %s", target, got)
		}
	}
	for _, target := range []string{url + "/3", url + "/x", url + "/0", "/api/v1/lineage/Nothing/1", "/api/v1/lineage/Patient/_"} {
		if a := h.get(target); a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", target, a.StatusCode, a.body)
		}
	}
	h.get(url+"?version=1").failure(t, http.StatusBadRequest)
}

// TestLineageOfParts: of an element that is put together from parts each part is
// told, with the field that said it; of the whole no part is named.
func TestLineageOfParts(t *testing.T) {
	h := newHouse(t)
	h.open()
	o := h.receive("pas", "ADT^A01", "P1", "1^^^PAS")
	patient := say("Patient", "PAS", "1", `gender="female"`, `telecom=[{"value":"555-1"}]`, `telecom=[{"value":"555-2"}]`)
	for i, part := range []string{"PID-13", "PID-14"} {
		e := &patient.Elements[len(patient.Elements)-2+i]
		e.Part, e.From = part, []handover.Origin{{Field: part, Rule: "segment/PID-Patient:1"}}
	}
	h.hear(o, "pas", "ADT^A01", patient)
	h.apply()
	var l struct {
		Elements []map[string]any
	}
	h.get("/api/v1/lineage/Patient/"+patientID("PAS", "1")).into(t, http.StatusOK, &l)
	var got []string
	for _, e := range l.Elements {
		part, has := e["part"]
		if !has {
			got = append(got, e["element"].(string))
			continue
		}
		field := e["origins"].([]any)[0].(map[string]any)["field"]
		got = append(got, fmt.Sprintf("%s(%s from %s)", e["element"], part, field))
	}
	want := "telecom(PID-13 from PID-13) telecom(PID-14 from PID-14) gender"
	if got := strings.Join(got, " "); got != want {
		t.Errorf("elements %s, want %s", got, want)
	}
}
