package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/api"
	"handover/bodies"
	"handover/config"
	"handover/internal/store"
	"handover/journal"
	"handover/record"
	"handover/trace"
	"handover/wire/mllp"
)

// noon is when the stories of these tests begin.
var noon = time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)

var siteKey = []byte("a key for tests, which opens nothing")

// house is journal, trace and record of a made-up hospital, and the API before
// them. Its clock moves a second with every message.
type house struct {
	t       testing.TB
	now     time.Time
	journal *journal.Journal
	trace   *trace.Trace
	record  *record.Record
	outbox  *outbox
	config  api.Config
	api     http.Handler
	at      map[string]handover.Offset // by control id
}

func (h *house) engine() handover.Access { return handover.Everything(handover.Engine) }

// facts is the journal as projections read it.
type facts struct{ *journal.Journal }

func (f facts) Get(ctx context.Context, o handover.Offset) (handover.Entry, error) {
	return f.Journal.Get(ctx, handover.Everything(handover.Engine), o)
}

func (f facts) Open(ctx context.Context, o handover.Offset) (io.ReadCloser, error) {
	return f.Journal.Open(ctx, handover.Everything(handover.Engine), o)
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, now: noon, at: map[string]handover.Offset{}}
	dir := t.TempDir()
	ctx := context.Background()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	h.journal, err = journal.Open(ctx, journal.Config{
		Dir: dir, SiteKey: siteKey, LowSpace: -1, Reserve: -1, LargeBody: 4096, Now: func() time.Time { return h.now },
	})
	check(err)
	h.trace, err = trace.Open(ctx, trace.Config{Place: store.Place{Dir: dir}, Facts: facts{h.journal}, Bodies: &bodies.Form{}})
	check(err)
	h.record, err = record.Open(ctx, record.Config{Place: store.Place{Dir: dir}, SiteKey: siteKey, Fact: facts{h.journal}.Get, Now: func() time.Time { return h.now }})
	check(err)
	t.Cleanup(func() { _, _, _ = h.record.Close(), h.trace.Close(), h.journal.Close() })
	h.outbox = newOutbox()
	h.config = api.Config{
		Deliveries: h.outbox, Balance: books{}, Alerts: alerts{},
		Record: h.record, Trace: h.trace, Journal: h.journal, Access: byHeader, Site: site(), Version: "1.2.3",
		Wait: 50 * time.Millisecond, Now: func() time.Time { return h.now },
		Listeners: func() map[string]mllp.Counts { return map[string]mllp.Counts{"pas": {Messages: 7, Open: 2}} },
	}
	h.open()
	return h
}

// open makes the API from the house's Config.
func (h *house) open() {
	h.t.Helper()
	a, err := api.New(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	h.api = a
}

func site() *config.Site {
	listen, _ := url.Parse("mllp://127.0.0.1:2575")
	return &config.Site{Name: "Made-up hospital", Release: "0123456789ab", Sources: []config.Source{
		{Name: "lab", Listen: listen, Acknowledge: "received", Authorities: []string{"LAB"}},
		{Name: "pas", Listen: listen, Acknowledge: "recorded", Zone: time.UTC, Owns: []string{"Patient"}},
	}, Routes: []config.Route{
		{Name: "admissions", From: []string{"pas"}, When: "v2('MSH-9.1') = 'ADT'", Key: "PID-3", To: []config.Target{{Record: true}},
			Filters: []config.Filter{{Name: "tests", When: "false", Why: "nobody wants them"}}},
		{Name: "results", From: []string{"lab"}, Key: "PID-3", To: []config.Target{{Record: true}}},
	}}
}

// byHeader is the Config.Access of these tests.
func byHeader(r *http.Request) (handover.Access, error) {
	actor := handover.Actor{ID: "test"}
	switch as := r.Header.Get("X-Test-As"); as {
	case "", "all":
		return handover.Everything(actor), nil
	case "nobody":
		return handover.Access{Actor: actor}, nil
	case "refused":
		return handover.Access{}, &handover.Error{Op: "signing in", Kind: handover.Denied}
	default: // a source's name
		return handover.Access{Actor: actor, Sees: func(row handover.Row) bool { return row.Source == as }}, nil
	}
}

// receive journals a message and gives its offset.
func (h *house) receive(source, msh9, control, patient string) handover.Offset {
	h.t.Helper()
	body := fmt.Sprintf("MSH|^~\\&|A|B|C|D|20310304||%s|%s|P|2.5.1\rPID|1||%s\r", msh9, control, patient)
	return h.receiveBytes(source, control, body)
}

func (h *house) receiveBytes(source, control, body string) handover.Offset {
	h.t.Helper()
	h.now = h.now.Add(time.Second)
	o := h.append(handover.Draft{
		Header: handover.Header{Kind: handover.Received, Source: source, Class: handover.KeepMessage,
			Format: "application/hl7-v2", Release: "0123456789ab", Actor: "engine", Answer: "AA", Conn: "c1"},
		Body: handover.Body{Bytes: []byte(body)}, Control: control,
	})
	h.at[control] = o
	return o
}

func (h *house) append(drafts ...handover.Draft) handover.Offset {
	h.t.Helper()
	receipts, err := h.journal.Append(context.Background(), drafts)
	if err != nil {
		h.t.Fatal(err)
	}
	return receipts[0].Offset
}

func (h *house) fact(kind handover.FactKind, cause handover.Offset, source string, body any) handover.Draft {
	h.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	return handover.Draft{
		Header: handover.Header{Kind: kind, Cause: cause, Source: source, Format: "application/json", Class: handover.KeepRecord},
		Body:   handover.Body{Bytes: b},
	}
}

// decide journals a decision that leads nowhere.
func (h *house) decide(o handover.Offset, source string, state handover.State, reason string) {
	h.append(h.fact(handover.Decided, o, source, handover.Decision{State: state, Reason: reason}))
}

// hear does all that follows from what a message says.
func (h *house) hear(o handover.Offset, source, event string, said ...handover.ResourceAssertion) {
	h.t.Helper()
	sum := sha256.Sum256([]byte(o.String()))
	a := handover.Assertions{
		Source: source, Event: event, EventTime: h.now, SentTime: h.now, Digest: sum[:], Resources: said,
		Left: []handover.Left{{Field: "PID-10", Reason: "no-map"}},
	}
	w, err := h.record.Compose(context.Background(), o, a)
	if err != nil {
		h.t.Fatal(err)
	}
	h.append(
		h.fact(handover.Decided, o, source, handover.Decision{State: handover.StateRouted, Routes: []string{"admissions"}}),
		h.fact(handover.Asserted, o, source, a), h.fact(handover.Written, o, source, w))
}

// apply brings the projections up to the journal's end.
func (h *house) apply() {
	h.t.Helper()
	ctx := context.Background()
	entries, err := h.journal.Read(ctx, h.engine(), h.record.Applied()+1, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.record.Apply(ctx, entries); err != nil {
		h.t.Fatal(err)
	}
	if err := h.trace.Apply(ctx, entries); err != nil {
		h.t.Fatal(err)
	}
}

// say asserts a resource with one identity.
func say(resourceType, authority, value string, elements ...string) handover.ResourceAssertion {
	ra := handover.ResourceAssertion{Type: resourceType, Handle: resourceType,
		Identities: []handover.Identity{{Authority: authority, Value: value}}}
	for _, e := range elements {
		name, v, _ := strings.Cut(e, "=")
		ra.Elements = append(ra.Elements, handover.Element{Name: name, Value: json.RawMessage(v),
			From: []handover.Origin{{Field: "ZZZ-1", Rule: "segment/" + resourceType + ":" + name}}})
	}
	return ra
}

// of says that the resource belongs to the message's Patient.
func of(ra handover.ResourceAssertion) handover.ResourceAssertion {
	ra.Patient = "Patient"
	ra.Elements = append(ra.Elements, handover.Element{
		Name: "subject", Value: json.RawMessage(`{"reference":"urn:handover:Patient"}`)})
	return ra
}

func patientID(authority, number string) string {
	return handover.ResourceID(siteKey, "Patient", authority, number)
}

// The words that only one source said.
const (
	pasWord = "Pasonly-Family"
	labWord = "Labonly-Family"
)

// aDay is a house in which each thing happened once: two versions of the
// administration's patient, one patient and two results of the laboratory, a
// repeat, a refused message and one that waits.
func aDay(t testing.TB) *house {
	h := newHouse(t)
	pas := func(control, event, gender string) {
		h.hear(h.receive("pas", "ADT^"+event+"^ADT_A01", control, "900001^^^PAS^MR"), "pas", "ADT^"+event,
			say("Patient", "PAS", "900001",
				`identifier=[{"system":"urn:example:pas","value":"900001"}]`,
				`name=[{"family":"`+pasWord+`"}]`, `gender="`+gender+`"`, `birthDate="1931-05-06"`))
	}
	pas("P1", "A01", "unknown")
	h.append(handover.Draft{ // the same message again
		Header:  handover.Header{Kind: handover.Received, Source: "pas", Class: handover.KeepMessage, Format: "application/hl7-v2"},
		Body:    handover.Body{Bytes: []byte("MSH|^~\\&|A|B|C|D|20310304||ADT^A01^ADT_A01|P1|P|2.5.1\rPID|1||900001^^^PAS^MR\r")},
		Control: "P1",
	})
	h.now = h.now.Add(time.Minute)
	pas("P2", "A08", "female")
	h.hear(h.receive("lab", "ORU^R01", "L1", "L77^^^LAB^MR"), "lab", "ORU^R01",
		say("Patient", "LAB", "L77", `identifier=[{"system":"urn:example:lab","value":"L77"}]`, `name=[{"family":"`+labWord+`"}]`),
		of(named("o1", say("Observation", "LAB", "R1", `status="final"`,
			`code={"coding":[{"system":"http://loinc.org","code":"2951-2"}]}`, `issued="2031-03-04T12:00:00Z"`))),
		of(named("o2", say("Observation", "LAB", "R2", `status="final"`,
			`code={"coding":[{"system":"http://loinc.org","code":"2823-3"}]}`))))
	h.decide(h.receiveBytes("lab", "BAD", "nothing that can be read\r"), "lab", handover.StateRefused, "unreadable")
	h.decide(h.receive("lab", "SIU^S12", "W1", "L77^^^LAB^MR"), "lab", handover.StateWaiting, "no-route")
	h.apply()
	return h
}

func named(handle string, ra handover.ResourceAssertion) handover.ResourceAssertion {
	ra.Handle = handle
	return ra
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// ask sends a request; headers are "Name: value".
func (h *house) ask(method, target string, headers ...string) answer {
	return h.send(httptest.NewRequest(method, target, nil), headers...)
}

func (h *house) send(r *http.Request, headers ...string) answer {
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return answer{w.Result(), w.Body.String()}
}

func (h *house) get(target string, headers ...string) answer {
	return h.ask(http.MethodGet, target, headers...)
}

// post sends a form.
func (h *house) post(target, form string, headers ...string) answer {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.send(r, headers...)
}

// into decodes a JSON answer of the wanted status.
func (a answer) into(t testing.TB, status int, v any) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", a.StatusCode, status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// bundleOf decodes a Bundle.
type bundleOf struct {
	Type  string
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		FullURL  string
		Resource json.RawMessage
		Search   struct{ Mode string }
		Request  struct{ Method, URL string }
		Response struct{ Status, Etag, LastModified string }
	}
}

func (b bundleOf) link(relation string) string {
	for _, l := range b.Link {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}

func (h *house) bundle(target string, headers ...string) (b bundleOf) {
	h.t.Helper()
	h.get(target, headers...).into(h.t, http.StatusOK, &b)
	return b
}

// outcome decodes the issues of an OperationOutcome of the wanted status as
// "code expression: diagnostics".
func (a answer) outcome(t testing.TB, status int) []string {
	t.Helper()
	var o struct {
		ResourceType string
		Issue        []struct {
			Severity, Code, Diagnostics string
			Expression                  []string
		}
	}
	a.into(t, status, &o)
	if o.ResourceType != "OperationOutcome" || len(o.Issue) == 0 {
		t.Fatalf("no OperationOutcome: %s", a.body)
	}
	var out []string
	for _, i := range o.Issue {
		out = append(out, strings.TrimSpace(i.Code+" "+strings.Join(i.Expression, ","))+": "+i.Diagnostics)
	}
	return out
}
