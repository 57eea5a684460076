package v2fhir

import (
	"bytes"
	"encoding/json"
	"strings"

	"handover"
)

// fromTree names a resource that a reference made by what is in it: its
// identifiers, else its name, a place within the next larger one.
func (b *builder) fromTree() {
	root := &b.res.root
	if b.res.typ == "PractitionerRole" {
		b.byRole(root)
		return
	}
	for n := root.first; n != nil; n = n.next {
		if n.name != "identifier" {
			continue
		}
		value := n.get("value")
		if value == nil || value.text == nil {
			continue
		}
		id := identifier{Identity: handover.Identity{Value: value.plain(), Authority: b.assigner(n)}}
		switch b.res.typ {
		case "Location":
			id.scope = b.res.parent
		case "Organization":
			if id.Authority == "" {
				id.Authority = b.run.c.itself(id.Value)
			}
		}
		b.add(id)
	}
	if len(b.ids) == 0 {
		b.byName(root)
	}
}

// byName names a resource by its name.
func (b *builder) byName(root *node) {
	n := root.get("name")
	if n == nil && b.res.typ == "Location" {
		n = root.get("description")
	}
	if n == nil {
		return
	}
	if n.text != nil {
		b.add(identifier{Identity: handover.Identity{Type: n.name, Value: n.plain()}, scope: b.res.parent})
		return
	}
	var parts []string
	for k := n.first; k != nil; k = k.next {
		if k.text != nil && (k.name == "family" || k.name == "given") {
			parts = append(parts, k.plain())
		}
	}
	b.add(identifier{Identity: handover.Identity{Type: "name", Value: strings.Join(parts, "^")}, scope: b.res.parent})
}

// plain returns the text of a JSON string as it stands between its quotes.
func (n *node) plain() string {
	if len(n.text) > 2 && n.text[0] == '"' && bytes.IndexByte(n.text, '\\') < 0 {
		return string(n.text[1 : len(n.text)-1])
	}
	var s string
	if err := json.Unmarshal(n.text, &s); err != nil {
		return ""
	}
	return s
}

// byRole names a role by who has it, what it is, and where.
func (b *builder) byRole(root *node) {
	var who *resource
	parts := []string{"role"}
	for k := root.first; k != nil; k = k.next {
		switch to := k.to(); {
		case k.name == "practitioner" && to != nil:
			who = to
		case k.name == "organization" && to != nil:
			inner := builder{run: b.run, res: to}
			inner.fromTree()
			for _, id := range inner.ids {
				parts = append(parts, id.Authority, id.Value)
			}
		case k.name == "code":
			if c := k.get("coding").get("code"); c != nil {
				parts = append(parts, c.plain())
			}
		}
	}
	if who != nil {
		b.add(identifier{Identity: handover.Identity{Value: strings.Join(parts, "/")}, scope: who})
	}
}

// to returns the resource that an element refers to, nil if none.
func (n *node) to() *resource {
	if n.refs == nil {
		return nil
	}
	return n.target()
}
