package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"handover/fhirpath"
)

// maxDepth bounds how deep a document nests.
const maxDepth = 200

// Parse reads one JSON document. schema may be nil. Errors name byte offsets,
// never content.
func Parse(data []byte, schema Schema) (*Node, error) {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(data))}
	d.json.UseNumber()
	root, err := d.value(0)
	if err == nil {
		if _, extra := d.json.Token(); !errors.Is(extra, io.EOF) {
			err = errors.New("more than one document")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("byte %d: %w", d.json.InputOffset(), plain(err))
	}
	b := &builder{schema}
	return b.element("", fhirpath.TypeName{}, root, nil), nil
}

// plain keeps content out of an error of encoding/json.
func plain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return errors.New("not JSON")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("JSON ends too soon")
	}
	return err
}

// property is one of an object's; objects are []property, to keep their order.
type property struct {
	name  string
	value any
}

type decoder struct{ json *json.Decoder }

func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	t, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return d.object(depth)
	case json.Delim('['):
		return d.array(depth)
	}
	return t, nil
}

func (d *decoder) object(depth int) (any, error) {
	object := []property{}
	for d.json.More() {
		key, err := d.json.Token()
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		object = append(object, property{name, v})
	}
	_, err := d.json.Token()
	return object, err
}

func (d *decoder) array(depth int) (any, error) {
	array := []any{}
	for d.json.More() {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, v)
	}
	_, err := d.json.Token()
	return array, err
}

// builder makes elements of decoded JSON.
type builder struct{ schema Schema }

// element makes one of v, and of extra, which is what stands beside a
// primitive under the name with an underscore.
func (b *builder) element(name string, typ fhirpath.TypeName, v, extra any) *Node {
	n := &Node{name: name, typ: typ}
	if object, ok := v.([]property); ok {
		for _, p := range object {
			if text, ok := p.value.(string); ok && p.name == "resourceType" {
				n.typ = fhirpath.TypeName{Namespace: "FHIR", Name: text}
			}
		}
		b.fill(n, object)
		n.value = quantity(n)
		return n
	}
	n.value = primitive(typ, v)
	if object, ok := extra.([]property); ok {
		b.fill(n, object)
	}
	return n
}

// fill gives n the children that an object's properties make.
func (b *builder) fill(n *Node, object []property) {
	extras := map[string]any{}
	plain := map[string]bool{}
	for _, p := range object {
		if rest, ok := strings.CutPrefix(p.name, "_"); ok {
			extras[rest] = p.value
		} else {
			plain[p.name] = true
		}
	}
	for _, p := range object {
		name, alone := strings.CutPrefix(p.name, "_")
		if name == "resourceType" || alone && plain[name] {
			continue
		}
		value := p.value
		if alone {
			value = nil
		}
		b.add(n, name, value, extras[name])
	}
}

// add appends the element, or each element of an array.
func (b *builder) add(n *Node, property string, v, extra any) {
	name, typ := property, fhirpath.TypeName{}
	if b.schema != nil {
		if known, t, ok := b.schema.Property(n.typ, property); ok {
			name, typ = known, t
		}
	}
	values, isArray := v.([]any)
	extras, extraArray := extra.([]any)
	if !isArray && !extraArray {
		if v != nil || extra != nil {
			n.children = append(n.children, b.element(name, typ, v, extra))
		}
		return
	}
	for i := range max(len(values), len(extras)) {
		var one, more any
		if i < len(values) {
			one = values[i]
		}
		if i < len(extras) {
			more = extras[i]
		}
		if one != nil || more != nil {
			n.children = append(n.children, b.element(name, typ, one, more))
		}
	}
}
