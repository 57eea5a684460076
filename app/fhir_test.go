package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"handover"
	"handover/config"
)

// portal is a FHIR server that takes transactions as a whole, and none that refers to
// what it does not have.
type portal struct {
	mu        sync.Mutex
	resources map[string]map[string]any // by Type/id
	puts      []string                  // transactions, as the Type/ids of each
	down      bool
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b struct {
		ResourceType, Type string
		Entry              []struct {
			Resource map[string]any
			Request  struct{ Method, URL string }
		}
	}
	err := json.NewDecoder(r.Body).Decode(&b)
	switch {
	case p.down:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/fhir" || b.Type != "transaction" || r.Header.Get("Authorization") != "Bearer made-up":
		http.Error(w, "no transaction", http.StatusBadRequest)
		return
	}
	var done []string
	var answers []string
	before := map[string]map[string]any{}
	for k, v := range p.resources {
		before[k] = v
	}
	for _, e := range b.Entry {
		switch {
		case e.Request.Method == http.MethodDelete:
			delete(p.resources, e.Request.URL)
		case fmt.Sprint(e.Resource["resourceType"], "/", e.Resource["id"]) != e.Request.URL:
			p.resources = before
			http.Error(w, "another id", http.StatusBadRequest)
			return
		default:
			p.resources[e.Request.URL] = e.Resource
		}
		done = append(done, e.Request.URL)
		answers = append(answers, `{"response":{"status":"200"}}`)
	}
	for _, e := range b.Entry {
		if missing := p.missing(e.Resource); missing != "" {
			p.resources = before
			http.Error(w, "there is no "+missing, http.StatusUnprocessableEntity)
			return
		}
	}
	slices.Sort(done)
	p.puts = append(p.puts, strings.Join(done, " "))
	w.Header().Set("Content-Type", "application/fhir+json")
	_, _ = io.WriteString(w, `{"resourceType":"Bundle","type":"transaction-response","entry":[`+strings.Join(answers, ",")+`]}`)
}

// missing names something that is referred to and not there.
func (p *portal) missing(v any) string {
	switch v := v.(type) {
	case map[string]any:
		if to, ok := v["reference"].(string); ok && p.resources[to] == nil {
			return to
		}
		for _, one := range v {
			if m := p.missing(one); m != "" {
				return m
			}
		}
	case []any:
		for _, one := range v {
			if m := p.missing(one); m != "" {
				return m
			}
		}
	}
	return ""
}

func (p *portal) transactions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.puts)
}

// TestFHIRDestination: a FHIR server is brought to what the record says, resource by
// resource, also of what it missed; what changed nothing is not sent.
func TestFHIRDestination(t *testing.T) {
	p := &portal{resources: map[string]map[string]any{}}
	server := httptest.NewServer(p)
	defer server.Close()
	site := sending(newLab(t))
	u, err := url.Parse(server.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	site.Destinations[0].Send, site.Destinations[0].Authorization, site.Destinations[0].Connections = u, "Bearer made-up", 1
	site.Routes[0].To = []config.Target{{Record: true}, {Destination: "lab", FHIR: true}}
	e, stop := running(t, t.TempDir(), site)
	defer stop()
	sendAll(t, e, 0, 5)
	waitFor(t, func() bool { return p.transactions() == 5 })
	p.agrees(t, e)

	p.mu.Lock()
	p.down = true
	p.mu.Unlock()
	messages := []string{
		message("R1", "20260302090000", "ORU^R01^ORU_R01", "OBR|1|O1^QSG||718-7^Haemoglobin^LN|||20260302083000||||||||||||||||||F\rOBX|1|NM|718-7^Haemoglobin^LN||11.2|g/dL|||||F\r"),
		message("R2", "20260302100000", "ORU^R01^ORU_R01", "OBR|1|O1^QSG||718-7^Haemoglobin^LN|||20260302083000||||||||||||||||||C\rOBX|1|NM|718-7^Haemoglobin^LN||12.1|g/dL|||||C\r"),
		// Older than what is known: it changes nothing.
		message("R0", "20260302080000", "ORU^R01^ORU_R01", "OBR|1|O1^QSG||718-7^Haemoglobin^LN|||20260302083000||||||||||||||||||P\rOBX|1|NM|718-7^Haemoglobin^LN||9|g/dL|||||P\r"),
	}
	sendTexts(t, e, messages...)
	waitFor(t, func() bool {
		s, err := e.deliveries.Statuses(t.Context())
		return err == nil && s[0].Failures > 0 && s[0].Waiting >= 2
	})
	p.mu.Lock()
	p.down = false
	p.mu.Unlock()
	waitFor(t, func() bool {
		s, err := e.deliveries.Statuses(t.Context())
		return err == nil && s[0].Waiting == 0
	})
	p.agrees(t, e)
	p.mu.Lock()
	for _, r := range p.resources {
		if value, ok := r["valueQuantity"].(map[string]any); ok && fmt.Sprint(value["value"]) != "12.1" {
			t.Errorf("the portal has %v", value)
		}
	}
	p.mu.Unlock()

	// A message that is sent again says what is so now, and one that changed nothing
	// cannot be.
	before := p.transactions()
	o := outbox{e.deliveries, e}
	if _, err := o.Resend(t.Context(), engineAccess, e.offsetOf(t, "R1"), []string{"lab"}, nil, "they lost it"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return p.transactions() == before+1 })
	p.agrees(t, e)
	last, err := e.trace.Story(t.Context(), engineAccess, e.offsetOf(t, "R0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(last.Wrote) == 0 { // else it said something new
		if len(last.Sent) != 0 {
			t.Errorf("what changed nothing was sent: %+v", last.Sent)
		}
		if _, err := o.Resend(t.Context(), engineAccess, e.offsetOf(t, "R0"), []string{"lab"}, nil, "x"); handover.KindOf(err) != handover.NotFound {
			t.Errorf("what changed nothing is sent again: %v", err)
		}
	}
	r, err := e.balance.Report(t.Context(), time.Time{})
	if err != nil || !r.Balanced {
		t.Errorf("%v, %+v", err, r.Findings)
	}
}

// TestDocumentToAFHIRServer: a Binary goes with the document in it to which ours only has
// a link.
func TestDocumentToAFHIRServer(t *testing.T) {
	p := &portal{resources: map[string]map[string]any{}}
	server := httptest.NewServer(p)
	defer server.Close()
	site := sending(newLab(t))
	u, err := url.Parse(server.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	site.Sources[0].MaxSize = 1 << 20
	site.Destinations[0].Send, site.Destinations[0].Authorization, site.Destinations[0].Connections = u, "Bearer made-up", 1
	site.Routes[0].To = []config.Target{{Record: true}, {Destination: "lab", FHIR: true}}
	e, stop := running(t, t.TempDir(), site)
	defer stop()
	content := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("%PDF made up "), 30_000))
	sendTexts(t, e, message("D1", "20260302090000", "ORU^R01^ORU_R01",
		"OBR|1|O1^QSG||DOC^Document^L|||20260302083000||||||||||||||||||F\rOBX|1|ED|DOC^Document^L||LAB^application^pdf^Base64^"+content+"||||||F\r"))
	waitFor(t, func() bool { return p.transactions() == 1 })
	p.mu.Lock()
	defer p.mu.Unlock()
	found := 0
	for name, r := range p.resources {
		if strings.HasPrefix(name, "Binary/") {
			if found++; r["data"] != content || r["contentType"] != "application/pdf" {
				t.Errorf("%s is %v with %.60v", name, r["contentType"], r["data"])
			}
		}
	}
	if found != 1 {
		t.Errorf("%d documents came", found)
	}
}

// agrees compares the portal with the record.
func (p *portal) agrees(t *testing.T, e *Engine) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.resources) == 0 {
		t.Error("the portal has nothing")
	}
	for name, has := range p.resources {
		kind, id, _ := strings.Cut(name, "/")
		v, err := e.record.Read(t.Context(), engineAccess, 0, kind, id)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal(v.Content, &want); err != nil {
			t.Fatal(err)
		}
		if a, b := fmt.Sprint(has), fmt.Sprint(want); a != b {
			t.Errorf("of %s the portal has\n%s\nthe record\n%s", name, a, b)
		}
	}
}

func message(control, at, kind, rest string) string {
	return "MSH|^~\\&|A|B|C|D|" + at + "||" + kind + "|" + control + "|P|2.5.1\rPID|1||900101^^^QSG^MR||Testperson^N\r" + rest
}
