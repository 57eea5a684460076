package training

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"handover"
)

// Facts returns the bodies of the two facts that a message leads to, what it
// asserts and what was written, for n synthetic messages: Assertions, Writes,
// Assertions, Writes and so on.
func Facts(seed uint64, n int) [][]byte {
	a := &author{Rand: rand.New(rand.NewPCG(seed, 2))}
	var out [][]byte
	for range n {
		a.day = a.IntN(9000)
		said := a.assertions()
		out = append(out, encode(said), encode(a.writes(said)))
	}
	return out
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // values made above always encode
	}
	return b
}

type object = map[string]any

// element is one element with the field and the map row it comes from.
type element struct {
	name, field, rule string
	value             any
}

func (a *author) assertions() handover.Assertions {
	s := handover.Assertions{
		Source:    a.pick(words("lab adt pharmacy clinic radiology registry")),
		Event:     a.pick(words("ADT^A01 ADT^A08 ADT^A04 ORU^R01 ORU^R01 ORU^R01 ORM^O01 VXU^V04 SIU^S12 MDM^T02")),
		EventTime: a.moment(),
		SentTime:  a.moment(),
		Digest:    []byte(a.number(32)),
	}
	s.Resources = append(s.Resources, a.resource("MessageHeader", 1, a.header(s.Event)), a.resource("Patient", 1, a.patient()))
	if a.IntN(2) == 0 {
		s.Resources = append(s.Resources, a.resource("Encounter", 1, a.encounter()))
	}
	if strings.HasPrefix(s.Event, "O") {
		s.Resources = append(s.Resources, a.resource("ServiceRequest", 1, a.serviceRequest()), a.resource("DiagnosticReport", 1, a.report()))
		for i := range 1 + a.IntN(10) {
			s.Resources = append(s.Resources, a.resource("Observation", i+1, a.measured(i+1)))
		}
	}
	if strings.HasPrefix(s.Event, "VXU") {
		s.Resources = append(s.Resources, a.resource("Immunization", 1, a.immunization()))
	}
	for range a.IntN(3) {
		s.Left = append(s.Left, handover.Left{Field: a.pick(words("PID-18 PV1-20 ZPD-3 OBX[2]-5 IN1-12 MSH-21 PV1-18 ORC-3")),
			Reason: "no-map: the official map has no row for this field"})
	}
	return s
}

func (a *author) moment() time.Time {
	return time.Date(2000, 1, 1+a.day, a.IntN(24), a.IntN(60), a.IntN(60), 0, time.UTC)
}

func (a *author) resource(kind string, n int, elements []element) handover.ResourceAssertion {
	r := handover.ResourceAssertion{Type: kind, Handle: fmt.Sprintf("%s-%d", kind, n)}
	r.Identities = []handover.Identity{{Authority: a.pick(authorities), Type: a.pick(words("MR PI VN AN FILL PLAC")), Value: a.number(8)}}
	if kind != "Patient" && kind != "MessageHeader" {
		r.Patient = "Patient-1"
	}
	for _, e := range elements {
		r.Elements = append(r.Elements, handover.Element{Name: e.name, Value: encode(e.value),
			From: []handover.Origin{{Field: e.field, Rule: e.rule}, {Path: "coding[0].system", Field: e.field, Rule: "datatype/CWE-CodeableConcept:3"}}})
	}
	return r
}

// id32 looks like a resource's id.
func (a *author) id32() string {
	b := make([]byte, 32)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[a.IntN(32)]
	}
	return string(b)
}

func (a *author) writes(s handover.Assertions) handover.Writes {
	var w handover.Writes
	patient := a.id32()
	for _, r := range s.Resources {
		content := object{"resourceType": r.Type, "id": a.id32()}
		write := handover.Write{Type: r.Type, ID: content["id"].(string), Version: int64(1 + a.IntN(5)), Patient: patient}
		for _, i := range r.Identities {
			write.Aliases = append(write.Aliases, handover.Alias{Authority: i.Authority, Value: i.Value})
		}
		for _, e := range r.Elements {
			content[e.JSONProperty()] = e.Value
			write.Sources = append(write.Sources, handover.ElementSource{Element: e.Name, Source: s.Source, From: handover.Offset(a.IntN(1e6))})
		}
		write.Content = encode(content)
		w.Writes = append(w.Writes, write)
	}
	return w
}
