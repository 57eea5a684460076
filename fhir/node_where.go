package fhir

// Path returns the node's place in its document as FHIRPath:
// "Patient.name[0].family", "Observation.value.ofType(Quantity).unit".
func (n *Node) Path() string {
	if n == nil {
		return ""
	}
	var steps []step
	at := n.doc.Root()
	for at.self != n.self {
		c, item := at.towards(n.self)
		if at.kind == kindArray {
			steps[len(steps)-1].item = item
		} else {
			steps = append(steps, step{c.prop, -1})
		}
		at = c
	}
	return pathTo(n.doc.nodes[0].typ, steps)
}

// towards returns the child in whose subtree node i lies, and its place.
func (n *Node) towards(i int32) (*Node, int32) {
	c, item := &n.doc.nodes[n.self+1], int32(0)
	for c.next <= i {
		c, item = &n.doc.nodes[c.next], item+1
	}
	return c, item
}

// Byte returns where the node's JSON begins in the source, from 0.
func (n *Node) Byte() int {
	if n == nil {
		return 0
	}
	return int(n.start)
}
