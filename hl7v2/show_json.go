package hl7v2

import (
	"encoding/json"
	"io"
)

// shownMessage is a message in JSON.
type shownMessage struct {
	Structure string         `json:"structure,omitempty"`
	Version   string         `json:"version,omitempty"`
	Segments  []shownSegment `json:"segments"`
}

type shownSegment struct {
	Name       string       `json:"name"`
	Occurrence int          `json:"occurrence"`
	Title      string       `json:"title,omitempty"`
	Values     []shownValue `json:"values"`
}

type shownValue struct {
	At      string   `json:"at"`
	Name    []string `json:"name,omitempty"`
	Value   *string  `json:"value,omitempty"` // not there where null or hidden
	Null    bool     `json:"null,omitempty"`
	Bytes   int      `json:"bytes,omitempty"` // where hidden
	Display string   `json:"display,omitempty"`
}

// ShowJSON writes the same as Show as one JSON object: structure, version and
// segments, each with its values; a value has "at" (its address), "name" (of
// field and components), "value" or "null": true, and "display" for a code of
// one of HL7's tables. Groups are not shown. The error is the writer's.
func ShowJSON(w io.Writer, m *Message, o ShowOptions) error {
	out := shownMessage{Structure: StructureOf(m.Type()), Version: m.Version(), Segments: []shownSegment{}}
	for i := range m.Len() {
		s := m.Segment(i)
		definition, _ := LookupSegment(s.Name())
		shown := shownSegment{Name: s.Name(), Occurrence: s.Occurrence(), Title: definition.Title, Values: []shownValue{}}
		for l := range leaves(s) {
			shown.Values = append(shown.Values, l.json(o))
		}
		out.Segments = append(out.Segments, shown)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func (l leaf) json(o ShowOptions) shownValue {
	v := shownValue{At: l.address, Name: l.names}
	switch {
	case l.value.IsNull():
		v.Null = true
	case o.HideValues:
		v.Bytes = len(l.value.Raw())
	default:
		v.Value, v.Display = &l.text, l.display
	}
	return v
}
