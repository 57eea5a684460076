package http_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"handover"
	wirehttp "handover/wire/http"
)

const transaction = `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}}]}`

func TestFHIRSender(t *testing.T) {
	const done = `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201 Created"}},{"response":{"status":"200"}}]}`
	for name, c := range map[string]struct {
		status int
		body   string
		want   handover.Ending
		reason string
	}{
		"done":                    {200, done, handover.Accepted, ""},
		"nothing to say of each":  {200, `{"resourceType":"Bundle","type":"transaction-response"}`, handover.Accepted, ""},
		"one was not done":        {200, `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"200"}},{"response":{"status":"412 Precondition Failed"}}]}`, handover.Rejected, "entry 2 of the transaction was not done"},
		"a page of a proxy":       {200, `<html>Sign in</html>`, handover.Unknown, "the answer is no transaction-response"},
		"the transaction back":    {200, transaction, handover.Unknown, "the answer is no transaction-response"},
		"no answer":               {204, "", handover.Unknown, "the answer is no transaction-response"},
		"refused":                 {400, `{"resourceType":"OperationOutcome"}`, handover.Rejected, ""},
		"not as the profile says": {422, `{"resourceType":"OperationOutcome"}`, handover.Rejected, ""},
		"not signed in":           {401, "", handover.Rejected, ""},
		"two wrote at once":       {409, `{"resourceType":"OperationOutcome"}`, handover.Failed, ""},
		"too much":                {429, "", handover.Failed, ""},
		"a fault":                 {500, "", handover.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var took *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				took = r
				body, _ = io.ReadAll(r.Body)
				w.Header().Set("Content-Type", "application/fhir+json;charset=utf-8")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			s := wirehttp.NewFHIRSender(wirehttp.SenderConfig{URL: server.URL + "/fhir", Authorization: "Bearer made-up"})
			defer s.Close()
			o := s.Send(t.Context(), []byte(transaction))
			if o.Ending != c.want || o.Reason != c.reason {
				t.Errorf("%v %q, want %v %q", o.Ending, o.Reason, c.want, c.reason)
			}
			h := took.Header
			if string(body) != transaction || took.URL.Path != "/fhir" || h.Get("Content-Type") != "application/fhir+json" ||
				h.Get("Accept") != "application/fhir+json" || h.Get("Authorization") != "Bearer made-up" {
				t.Errorf("the server was sent %s %v %s", took.URL, h, body)
			}
			if o.Ending == handover.Rejected && c.body != "" && string(o.Answer) != c.body {
				t.Errorf("what the server said is not kept: %q", o.Answer)
			}
		})
	}
}

// TestFHIRSenderWithoutAServer: nothing left, so it is Failed; and who hangs up after
// he was sent it leaves it Unknown.
func TestFHIRSenderWithoutAServer(t *testing.T) {
	s := wirehttp.NewFHIRSender(wirehttp.SenderConfig{URL: "http://127.0.0.1:1/fhir"})
	defer s.Close()
	if o := s.Send(t.Context(), []byte(transaction)); o.Ending != handover.Failed {
		t.Errorf("%+v", o)
	}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var v any
		_ = json.NewDecoder(r.Body).Decode(&v)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	s = wirehttp.NewFHIRSender(wirehttp.SenderConfig{URL: server.URL, Answer: 5 * time.Second})
	defer s.Close()
	if o := s.Send(context.Background(), []byte(transaction)); o.Ending != handover.Unknown {
		t.Errorf("%+v", o)
	}
}
