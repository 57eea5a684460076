package fhir

import (
	"time"

	"handover/fhirpath"
)

// appendIndex appends what one result of an expression means for a parameter
// of that type.
func appendIndex(dst []IndexValue, kind string, found fhirpath.Node, zone *time.Location) []IndexValue {
	n, ok := found.(*Node)
	if !ok { // computed, as by exists()
		if v, ok := found.Value(); ok && (kind == "token" || kind == "string") {
			dst = append(dst, IndexValue{Code: v.Text(), Text: v.Text()})
		}
		return dst
	}
	switch kind {
	case "token":
		return appendTokens(dst, n)
	case "string":
		return appendStrings(dst, n)
	case "uri":
		return appendText(dst, n)
	case "reference":
		return appendReference(dst, n)
	case "date":
		if r, ok := RangeOf(n, zone); ok {
			dst = append(dst, IndexValue{Range: r})
		}
	case "number":
		if n.kind == kindNumber {
			dst = append(dst, IndexValue{Number: n.Text()})
		}
	case "quantity":
		return appendQuantity(dst, n)
	}
	return dst
}

func appendText(dst []IndexValue, n *Node) []IndexValue {
	if s := n.Text(); s != "" {
		dst = append(dst, IndexValue{Text: s})
	}
	return dst
}

// appendTokens is FHIR R4 §3.1.1.4.10.
func appendTokens(dst []IndexValue, n *Node) []IndexValue {
	if n.IsPrimitive() {
		if code := n.Text(); code != "" {
			dst = append(dst, IndexValue{System: n.codeSystem(), Code: code})
		}
		return dst
	}
	var v IndexValue
	switch name := typeNameOf(n); name {
	case "Coding":
		v = IndexValue{System: n.Get("system").Text(), Code: n.Get("code").Text(), Text: n.Get("display").Text()}
	case "CodeableConcept":
		for coding := range n.Get("coding").All() {
			dst = appendTokens(dst, coding)
		}
		return appendText(dst, n.Get("text"))
	case "Identifier":
		v = IndexValue{System: n.Get("system").Text(), Code: n.Get("value").Text(), Text: n.At("type.text").Text()}
	case "ContactPoint":
		v = IndexValue{Code: n.Get("value").Text()}
	}
	if v.System == "" && v.Code == "" && v.Text == "" {
		return dst
	}
	return append(dst, v)
}

func typeNameOf(n *Node) string {
	if n.typ == nil {
		return ""
	}
	return n.typ.Name
}

// codeSystem returns the code system of a code whose required value set has
// only one.
func (n *Node) codeSystem() string {
	e := n.Element()
	if e == nil || e.Strength != "required" {
		return ""
	}
	set := Definitions().ValueSet(e.ValueSet)
	if set == nil || len(set.Codes) != 1 {
		return ""
	}
	for system := range set.Codes {
		return system
	}
	return ""
}

// nameParts and addressParts are what a string parameter searches in a name or
// address (FHIR R4 §3.1.1.4.8).
var (
	nameParts    = []string{"text", "family", "given", "prefix", "suffix"}
	addressParts = []string{"text", "line", "city", "district", "state", "postalCode", "country"}
)

func appendStrings(dst []IndexValue, n *Node) []IndexValue {
	if n.IsPrimitive() {
		return appendText(dst, n)
	}
	var parts []string
	switch typeNameOf(n) {
	case "HumanName":
		parts = nameParts
	case "Address":
		parts = addressParts
	case "CodeableConcept":
		parts = []string{"text"}
		for coding := range n.Get("coding").All() {
			dst = appendText(dst, coding.Get("display"))
		}
	case "Coding":
		parts = []string{"display"}
	}
	for _, part := range parts {
		for s := range n.Get(part).All() {
			dst = appendText(dst, s)
		}
	}
	return dst
}

func appendReference(dst []IndexValue, n *Node) []IndexValue {
	if n.IsPrimitive() { // canonical or uri
		ref, ok := ParseReference(n.Text())
		if !ok {
			return dst
		}
		return append(dst, IndexValue{Text: n.Text(), Reference: ref})
	}
	v := IndexValue{System: n.At("identifier.system").Text(), Code: n.At("identifier.value").Text()}
	ref, ok := ParseReference(n.Get("reference").Text())
	if v.Reference = ref; !ok && v.Code == "" {
		return dst
	}
	return append(dst, v)
}

// currencies is the code system of Money.
const currencies = "urn:iso:std:iso:4217"

func appendQuantity(dst []IndexValue, n *Node) []IndexValue {
	v := IndexValue{Number: n.Get("value").Text()}
	switch {
	case v.Number == "" || n.typ == nil:
		return dst
	case n.typ.Name == "Money":
		v.System, v.Code = currencies, n.Get("currency").Text()
	case n.typ.IsA("Quantity"):
		v.System, v.Code, v.Text = n.Get("system").Text(), n.Get("code").Text(), n.Get("unit").Text()
	default:
		return dst
	}
	return append(dst, v)
}
