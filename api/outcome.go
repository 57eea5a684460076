package api

import (
	"bytes"
	"encoding/json"
)

// fhirDoor writes errors as OperationOutcome (FHIR R4 §2.30).
type fhirDoor struct{}

type operationOutcome struct {
	ResourceType string         `json:"resourceType"`
	Issue        []outcomeIssue `json:"issue"`
}

type outcomeIssue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Diagnostics string   `json:"diagnostics"`
	Expression  []string `json:"expression,omitempty"`
}

func (fhirDoor) fail(c *call, f fault) {
	o := operationOutcome{ResourceType: "OperationOutcome"}
	for _, i := range f.issues {
		one := outcomeIssue{Severity: "error", Code: i.code, Diagnostics: i.text}
		if i.where != "" { // parameters and headers are told apart from elements by "http."
			one.Expression = []string{"http." + i.where}
		}
		o.Issue = append(o.Issue, one)
	}
	_ = c.writeFHIR(f.status, encode(o))
}

// encode is JSON without escapes that only HTML needs. Values are our own
// structs, which can always be encoded.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// writeFHIR writes a resource in the form that was asked for.
func (c *call) writeFHIR(status int, body []byte) error {
	if c.format.pretty {
		var b bytes.Buffer
		if json.Indent(&b, body, "", "  ") == nil {
			body = append(b.Bytes(), '\n')
		}
	}
	media := c.format.media
	if media == "" {
		media = mediaFHIR
	}
	return c.write(status, media+"; charset=utf-8", body)
}
