package forest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Property is one top-level JSON property of a resource.
type Property struct {
	Name  string
	Value json.RawMessage
}

// A Source is a resource as JSON, with the name by which references mean it.
type Source struct {
	Type, Name string
	Properties []Property
}

// Read makes trees of resources; references among them become links.
func Read(sources []Source) ([]*Resource, error) {
	known := map[string]*Resource{}
	resources := make([]*Resource, len(sources))
	for i, s := range sources {
		resources[i] = New(s.Type, s.Name)
		if s.Name != "" {
			known[s.Name] = resources[i]
		}
	}
	for i, s := range sources {
		for _, p := range s.Properties {
			if err := read(resources[i].Node, p, known); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", s.Name, p.Name, err)
			}
		}
	}
	return Tidy(resources), nil
}

func read(n *Node, p Property, known map[string]*Resource) error {
	d := json.NewDecoder(bytes.NewReader(p.Value))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	n.property(p.Name, v, known)
	return nil
}

// property adds a JSON property. The sibling with an underscore goes to the
// same items, since FHIR splits a primitive in two (FHIR R4 §2.6.2).
func (n *Node) property(name string, v any, known map[string]*Resource) {
	bare := strings.TrimPrefix(name, "_")
	items, isArray := v.([]any)
	if !isArray {
		items = []any{v}
	}
	for i, item := range items {
		if item == nil {
			continue
		}
		n.Child(bare, fmt.Sprint(i)).fill(item, known)
	}
}

func (n *Node) fill(v any, known map[string]*Resource) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) { // in one order, since equals are matched as they come
			inner := v[name]
			if list, is := inner.([]any); is && name == "reference" && len(list) == 1 {
				inner = list[0]
			}
			if text, is := inner.(string); is && name == "reference" && known[text] != nil {
				n.Ref = known[text]
				continue
			}
			n.property(name, inner, known)
		}
	default:
		n.Value, n.Has = fmt.Sprint(v), true
	}
}
