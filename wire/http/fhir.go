package http

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"handover"
)

// mediaFHIR is the media type of resources in JSON (FHIR R4 §2.6.3).
const mediaFHIR = "application/fhir+json"

// FHIRSender posts transactions to the base of one FHIR server (FHIR R4 §3.1.0.11).
//
// A transaction-response whose entries all say that they were done is Accepted: the
// server does all of a transaction, or nothing. 409 is Failed, since two who write at the
// same time may well succeed one after the other; any other status says what it says to a
// Sender. An answer of 2xx that is no transaction-response is Unknown: something that
// stands before the server may have given it.
type FHIRSender struct{ *Sender }

// NewFHIRSender makes a FHIRSender. It connects when the first transaction is sent.
func NewFHIRSender(c SenderConfig) FHIRSender { return FHIRSender{NewSender(c)} }

// Send posts a transaction Bundle in JSON and says what became of it.
func (s FHIRSender) Send(ctx context.Context, bundle []byte) handover.Outcome {
	a, o := s.post(ctx, mediaFHIR, mediaFHIR, bundle)
	if a == nil {
		return o
	}
	o = a.byStatus()
	switch {
	case a.status == http.StatusConflict:
		o.Ending = handover.Failed
	case o.Ending == handover.Accepted:
		o.Ending, o.Reason = a.done()
	}
	return o
}

// done reads a transaction-response.
func (a *answer) done() (handover.Ending, string) {
	var said struct {
		ResourceType, Type string
		Entry              []struct{ Response struct{ Status string } }
	}
	if json.Unmarshal(a.body, &said) != nil || said.ResourceType != "Bundle" || said.Type != "transaction-response" {
		return handover.Unknown, "the answer is no transaction-response"
	}
	for i, e := range said.Entry {
		if !strings.HasPrefix(e.Response.Status, "2") {
			return handover.Rejected, fmt.Sprintf("entry %d of the transaction was not done", i+1)
		}
	}
	return handover.Accepted, ""
}
