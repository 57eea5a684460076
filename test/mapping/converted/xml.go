package converted

import (
	"encoding/json"
	"encoding/xml"
	"strings"

	"handover/test/mapping/forest"
)

// element is an XML element of FHIR (FHIR R4 §2.6.1): a primitive's value is an
// attribute, everything else stands inside.
type element struct {
	XMLName  xml.Name
	Value    *string   `xml:"value,attr"`
	URL      *string   `xml:"url,attr"`
	Children []element `xml:",any"`
}

// XMLSources takes a Bundle in XML apart. Every element becomes an array: the
// comparison does not tell one item from an array of one.
func XMLSources(bundle []byte) ([]forest.Source, error) {
	var root element
	if err := xml.Unmarshal(bundle, &root); err != nil {
		return nil, err
	}
	var sources []forest.Source
	for _, entry := range root.named("entry") {
		s := forest.Source{}
		for _, url := range entry.named("fullUrl") {
			s.Name = *url.Value
		}
		for _, holder := range entry.named("resource") {
			for _, resource := range holder.Children {
				s.Type = resource.XMLName.Local
				if id, is := strings.CutPrefix(s.Name, "urn:uuid:"); is {
					s.Name = s.Type + "/" + id // so HL7's sample refers to it
				}
				for name, value := range resource.object() {
					if name == "id" {
						continue
					}
					data, err := json.Marshal(value)
					if err != nil {
						return nil, err
					}
					s.Properties = append(s.Properties, forest.Property{Name: name, Value: data})
				}
			}
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func (e *element) named(name string) []element {
	var found []element
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			found = append(found, c)
		}
	}
	return found
}

// object is what stands inside an element, as in JSON.
func (e *element) object() map[string]any {
	o := map[string]any{}
	if e.URL != nil {
		o["url"] = *e.URL
	}
	for _, c := range e.Children {
		name := c.XMLName.Local
		if name == "div" {
			continue // a narrative is made of the rest
		}
		items, _ := o[name].([]any)
		if c.Value != nil {
			o[name] = append(items, *c.Value)
			continue
		}
		inner := c.object()
		if name == "reference" && len(inner) == 0 {
			continue
		}
		o[name] = append(items, inner)
	}
	return o
}
