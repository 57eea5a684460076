package embedded

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"handover"
)

// Attach lets what was made of the message refer to its documents: each
// attachment that holds a document's link holds the URL of a Binary instead
// (FHIR R4 Attachment.url), and the Binary is added. It returns the documents
// that are referred to; what nothing refers to became nothing.
func Attach(a *handover.Assertions, docs []Document) []Document {
	var used []Document
	for i := range docs {
		d := &docs[i]
		b := binary{doc: d, handle: "Binary-" + strconv.Itoa(len(used)+1)}
		for r := range a.Resources {
			b.attachTo(&a.Resources[r])
		}
		if b.found {
			a.Resources = append(a.Resources, b.assertion())
			used = append(used, *d)
		}
	}
	return used
}

// binary is the resource that a document becomes.
type binary struct {
	doc     *Document
	handle  string
	patient string // handle
	found   bool
}

// attachTo replaces the link where the resource holds it.
func (b *binary) attachTo(ra *handover.ResourceAssertion) {
	marked := []byte(`"data":"` + string(b.doc.marker()) + `"`)
	for i := range ra.Elements {
		e := &ra.Elements[i]
		if !bytes.Contains(e.Value, marked) {
			continue
		}
		b.found = true
		if b.patient == "" {
			b.patient = ra.Patient
		}
		e.Value = bytes.ReplaceAll(e.Value, marked, []byte(`"url":"`+handover.HandleScheme+b.handle+`"`))
		e.From = b.origins(e.From)
	}
}

// origins says of the attachment's URL what was said of its data.
func (b *binary) origins(from []handover.Origin) []handover.Origin {
	out := make([]handover.Origin, len(from))
	for i, o := range from {
		if path, ok := strings.CutSuffix(o.Path, "data"); ok && slices.Contains(b.doc.Fields, o.Field) {
			o.Path = path + "url"
		}
		out[i] = o
	}
	return out
}

// assertion is what the message says of the Binary. It is known by its content,
// within its patient: the same leaflet for two patients is two resources, which
// different people may see.
func (b *binary) assertion() handover.ResourceAssertion {
	field := strings.TrimSuffix(b.doc.Fields[0], "5")
	from := func(component, rule string) []handover.Origin {
		return []handover.Origin{{Field: field + component, Rule: "embedded/Binary:" + rule}}
	}
	return handover.ResourceAssertion{
		Type: "Binary", Handle: b.handle, Patient: b.patient,
		Identities: []handover.Identity{{Type: "content", Value: hex.EncodeToString(b.doc.Digest[:]), Scope: b.patient}},
		Elements: []handover.Element{
			{Name: "contentType", Value: strconv.AppendQuote(nil, b.doc.MediaType), From: from("3", "contentType")},
			{Name: "data", Value: strconv.AppendQuote(nil, b.doc.Link()), From: from("5", "data")},
		},
	}
}
