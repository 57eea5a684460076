package fhirpath_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"

	"handover/fhirpath"
)

// xmlElement is an element of a FHIR XML document.
type xmlElement struct {
	name     string
	attrs    map[string]string
	children []*xmlElement
}

// xmlToJSON rewrites a FHIR XML resource as JSON, enough for the suite's
// inputs: narrative becomes an empty div.
func xmlToJSON(r io.Reader, m *r4Model) ([]byte, error) {
	d := xml.NewDecoder(r)
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := t.(xml.StartElement); ok {
			root, err := readXML(d, start)
			if err != nil {
				return nil, err
			}
			object := jsonObject(root, fhirType(root.name), m)
			object["resourceType"] = root.name
			return json.Marshal(object)
		}
	}
}

func readXML(d *xml.Decoder, start xml.StartElement) (*xmlElement, error) {
	e := &xmlElement{name: start.Name.Local, attrs: map[string]string{}}
	for _, a := range start.Attr {
		e.attrs[a.Name.Local] = a.Value
	}
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			c, err := readXML(d, t)
			if err != nil {
				return nil, err
			}
			e.children = append(e.children, c)
		case xml.EndElement:
			return e, nil
		}
	}
}

// jsonObject gives every element as an array, which reads as the same tree.
func jsonObject(e *xmlElement, t fhirpath.TypeName, m *r4Model) map[string]any {
	object := map[string]any{}
	for _, a := range []string{"id", "url"} {
		if v, ok := e.attrs[a]; ok {
			object[a] = v
		}
	}
	for _, c := range e.children {
		_, ct, _ := m.Property(t, c.name)
		value, extra := jsonValue(c, ct, m)
		values, _ := object[c.name].([]any)
		object[c.name] = append(values, value)
		extras, _ := object["_"+c.name].([]any)
		object["_"+c.name] = append(extras, extra)
	}
	return object
}

func jsonValue(e *xmlElement, t fhirpath.TypeName, m *r4Model) (value, extra any) {
	text, primitive := e.attrs["value"]
	switch {
	case e.name == "div":
		return "<div/>", nil
	case !primitive:
		return jsonObject(e, t, m), nil
	}
	if more := jsonObject(e, t, m); len(more) > 0 {
		extra = more
	}
	switch t.Name {
	case "boolean":
		return text == "true", extra
	case "integer", "positiveInt", "unsignedInt", "decimal":
		return json.Number(strings.TrimSpace(text)), extra
	}
	return text, extra
}
