package fhir

import (
	"cmp"
	"slices"
)

// AppendJSON appends the node as compact JSON in the order it came: only white
// space outside strings is left out, and every number and string is written as
// the source wrote it. From a source without problems that is valid JSON.
func (n *Node) AppendJSON(dst []byte) []byte { return n.append(dst, false) }

// AppendCanonical appends the node as compact JSON in the definition's order,
// resourceType first and unknown properties last, with the fewest escapes. Two
// texts of one resource become the same bytes, unless they write a number with
// other digits: 1.0 and 1.00 stay apart.
func (n *Node) AppendCanonical(dst []byte) []byte { return n.append(dst, true) }

func (n *Node) append(dst []byte, canonical bool) []byte {
	switch {
	case n == nil:
		return append(dst, "null"...)
	case n.kind == kindArray:
		return n.appendItems(dst, canonical)
	case n.kind == kindObject:
		return n.appendObject(dst, canonical)
	case n.kind == kindString && canonical && n.escaped:
		return appendString(dst, n.Text())
	}
	return append(dst, n.doc.text[n.start:n.end]...)
}

func (n *Node) appendItems(dst []byte, canonical bool) []byte {
	dst = append(dst, '[')
	for i := n.self + 1; i < n.next; i = n.doc.nodes[i].next {
		if i > n.self+1 {
			dst = append(dst, ',')
		}
		dst = n.doc.nodes[i].append(dst, canonical)
	}
	return append(dst, ']')
}

func (n *Node) appendObject(dst []byte, canonical bool) []byte {
	dst = append(dst, '{')
	if canonical {
		for i, c := range n.sorted() {
			dst = c.appendProperty(dst, i == 0, true)
		}
		return append(dst, '}')
	}
	for i := n.self + 1; i < n.next; i = n.doc.nodes[i].next {
		dst = n.doc.nodes[i].appendProperty(dst, i == n.self+1, false)
	}
	return append(dst, '}')
}

func (n *Node) appendProperty(dst []byte, first, canonical bool) []byte {
	if !first {
		dst = append(dst, ',')
	}
	dst = appendString(dst, n.prop.Name)
	return n.append(append(dst, ':'), canonical)
}

// sorted returns an object's properties in canonical order.
func (n *Node) sorted() []*Node {
	var all []*Node
	for i := n.self + 1; i < n.next; i = n.doc.nodes[i].next {
		all = append(all, &n.doc.nodes[i])
	}
	slices.SortStableFunc(all, func(a, b *Node) int {
		return cmp.Or(a.place()-b.place(), a.prop.index-b.prop.index, cmp.Compare(a.prop.Name, b.prop.Name))
	})
	return all
}

// place is where a property stands among those of its object.
func (n *Node) place() int {
	switch {
	case n.prop == resourceType:
		return -1
	case n.prop.Element == nil:
		return 1 << 20
	}
	return n.prop.Element.order
}
