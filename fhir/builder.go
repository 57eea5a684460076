package fhir

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Builder makes a resource or data type from paths and texts. It knows the
// definitions, so that every value becomes the JSON its element demands: arrays
// where an element repeats, numbers and booleans unquoted, extensions of a
// primitive in the sibling with the underscore, all in the definition's order.
//
//	b, _ := fhir.NewBuilder("Patient")
//	b.Set("name[0].family", "Muster")
//	b.Set("birthDate.extension[0].url", "http://example.org/x")
//	b.Set("multipleBirthInteger", "2")
//
// A path names JSON properties, so a choice carries its type (valueQuantity).
// [n] counts from 0 and may be left out for 0. Items that were never set are
// not written, so [0] and [2] make an array of two.
//
// A Builder is for one goroutine. Reset makes it ready for the next resource
// without new memory.
type Builder struct {
	nodes []building // nodes[0] is the root
}

// building is an object or a primitive in the making.
type building struct {
	prop  *Property // nil for the root
	typ   *Type
	text  string // of a primitive, or JSON where raw
	state buildState
	item  int32 // place in its array
	// Children are ordered by property and item. 0 is none, as the root is
	// nobody's child.
	first, last, next int32
}

type buildState uint8

const (
	unset buildState = iota
	setText
	setJSON
)

// maxItem is the highest index that a path may have.
const maxItem = 99_999

// NewBuilder returns an empty builder for a resource type or data type.
func NewBuilder(typeName string) (*Builder, error) {
	b := &Builder{nodes: make([]building, 0, 48)}
	return b, b.Reset(typeName)
}

// Reset drops what was built and begins anew. What Elements and AppendJSON have
// returned stays as it is.
func (b *Builder) Reset(typeName string) error {
	t := Definitions().Type(typeName)
	if t == nil || t.Kind == KindPrimitive || t.Kind == KindResource && t.Abstract {
		return fmt.Errorf("%s is no resource or data type to build", typeName)
	}
	b.nodes = append(b.nodes[:0], building{typ: t})
	return nil
}

// Root returns the resource itself.
func (b *Builder) Root() Item { return Item{b, 0} }

// Set is Root().Set.
func (b *Builder) Set(path, text string) error { return b.Root().Set(path, text) }

// SetJSON is Root().SetJSON.
func (b *Builder) SetJSON(path string, value []byte) error { return b.Root().SetJSON(path, value) }

// At is Root().At.
func (b *Builder) At(path string) (Item, error) { return b.Root().At(path) }

// Item is one element in the making, from which further paths start. It is
// valid until the builder is reset.
type Item struct {
	b *Builder
	i int32
}

// Type returns the item's type: "Identifier", "Patient.contact", "date".
func (at Item) Type() string { return at.b.nodes[at.i].typ.Name }

// Set gives the primitive at path its value. Booleans and numbers are given as
// FHIR writes them. The error names the path and the rule, never the text:
// there is no such element, it is not a primitive, or the text is not valid for
// its type. Nothing is changed then. Set again replaces.
//
// "resourceType" sets the type of a contained resource or of an entry's.
func (at Item) Set(path, text string) error {
	parent, name, item, err := at.walk(path)
	if err != nil {
		return err
	}
	if name == "resourceType" {
		return at.b.setResourceType(parent, path, text)
	}
	prop, err := at.b.property(parent, name, item, path)
	if err != nil {
		return err
	}
	if prop.Type.Kind != KindPrimitive {
		return fmt.Errorf("%s: is %s, not a primitive", path, prop.Type.Name)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: is not UTF-8", path)
	}
	if wrong := prop.Type.primitive.check(text); wrong != "" {
		return fmt.Errorf("%s: %s", path, wrong)
	}
	i := at.b.child(parent, prop, item)
	at.b.nodes[i].text, at.b.nodes[i].state = text, setText
	return nil
}

// SetJSON gives the element at path a value that is JSON already, in place of
// whatever it had. It must be the value of one item, not an array. It is
// checked to be JSON, not to be FHIR.
func (at Item) SetJSON(path string, value []byte) error {
	parent, name, item, err := at.walk(path)
	if err != nil {
		return err
	}
	prop, err := at.b.property(parent, name, item, path)
	if err != nil {
		return err
	}
	if !json.Valid(value) {
		return fmt.Errorf("%s: is not valid JSON", path)
	}
	i := at.b.child(parent, prop, item)
	n := &at.b.nodes[i]
	n.text, n.state, n.first, n.last = string(value), setJSON, 0, 0
	return nil
}

// At returns the element at path, making it where it is not yet there. An
// element in which nothing is set is never written.
func (at Item) At(path string) (Item, error) {
	parent, name, item, err := at.walk(path)
	if err != nil {
		return Item{}, err
	}
	prop, err := at.b.property(parent, name, item, path)
	if err != nil {
		return Item{}, err
	}
	return Item{at.b, at.b.child(parent, prop, item)}, nil
}

// Text returns what Set gave the primitive at path, and false where nothing.
func (at Item) Text(path string) (string, bool) {
	i, ok := at.find(path)
	if !ok || at.b.nodes[i].state != setText {
		return "", false
	}
	return at.b.nodes[i].text, true
}

// Has reports whether anything is set at path or below it.
func (at Item) Has(path string) bool {
	i, ok := at.find(path)
	return ok && at.b.filled(i)
}

// Len returns how many items the repeating element at path has: one more than
// the highest index that holds anything, so that the item [Len] is a new one.
func (at Item) Len(path string) int {
	parent, name, ok := at.findParent(path)
	if !ok {
		return 0
	}
	n := 0
	for c := at.b.nodes[parent].first; c != 0; c = at.b.nodes[c].next {
		if at.b.nodes[c].prop.Name == name && at.b.filled(c) {
			n = int(at.b.nodes[c].item) + 1
		}
	}
	return n
}

// Remove drops what is at path. The other items keep their indices.
func (at Item) Remove(path string) {
	if i, ok := at.find(path); ok {
		n := &at.b.nodes[i]
		n.text, n.state, n.first, n.last = "", unset, 0, 0
	}
}

func (b *Builder) filled(i int32) bool {
	if b.nodes[i].state != unset {
		return true
	}
	for c := b.nodes[i].first; c != 0; c = b.nodes[c].next {
		if b.filled(c) {
			return true
		}
	}
	return false
}
