package jsontree

import (
	"encoding/json"
	"strconv"

	"handover/fhirpath"
)

// primitive makes a System value of a JSON value, nil where there is none. A
// type that it knows decides; text that does not fit the type stays a String.
func primitive(t fhirpath.TypeName, v any) fhirpath.Value {
	switch v := v.(type) {
	case bool:
		return fhirpath.Boolean(v)
	case json.Number:
		return number(t, v.String())
	case string:
		return text(t, v)
	}
	return nil
}

func number(t fhirpath.TypeName, s string) fhirpath.Value {
	if i, err := strconv.ParseInt(s, 10, 32); err == nil && t.Name != "decimal" {
		return fhirpath.Integer(i)
	}
	d, err := fhirpath.ParseDecimal(s)
	if err != nil {
		return fhirpath.String(s)
	}
	return d
}

func text(t fhirpath.TypeName, s string) fhirpath.Value {
	switch t.Name {
	case "date":
		if d, err := fhirpath.ParseDate(s); err == nil {
			return d
		}
	case "dateTime", "instant":
		if d, err := fhirpath.ParseDateTime(s); err == nil {
			return d
		}
	case "time":
		if d, err := fhirpath.ParseTime(s); err == nil {
			return d
		}
	}
	return fhirpath.String(s)
}

// quantity is what a FHIR Quantity stands for: its value in its
// UCUM code. With a comparator, or coded otherwise, it stands for nothing.
func quantity(n *Node) fhirpath.Value {
	switch n.typ.Name {
	case "Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity":
	default:
		return nil
	}
	if _, ok := n.child("comparator"); ok {
		return nil
	}
	value, _ := n.child("value")
	system, _ := n.child("system")
	code, _ := n.child("code")
	number, ok := value.(fhirpath.Decimal)
	unit, isText := code.(fhirpath.String)
	if !ok || !isText || system != fhirpath.String("http://unitsofmeasure.org") {
		return nil
	}
	return fhirpath.NewQuantity(number, string(unit))
}
