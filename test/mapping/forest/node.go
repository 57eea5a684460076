// Package forest brings what a message should become and what it did become
// into one form that can be compared: resources as trees, references as links
// to the resources they mean, nothing of order, ids and handles. It promises
// that two messages' worth of resources compare the same whatever order their
// resources, elements and array items stand in. It knows nothing of v2.
package forest

import (
	"slices"
	"sort"
	"strings"
)

// A Node is an element: a primitive, an object, or a reference; a primitive
// may also have children (its extensions).
type Node struct {
	Value string // of a primitive, as JSON writes it without quotes
	Has   bool   // Value is there
	Or    []string
	// Any stands for a value that the map asks for and nobody can compute.
	Any bool
	// Source is what the value of Any would be made of.
	Source string
	// Free marks an element that may be there or not: the map leaves the
	// choice to the implementer.
	Free bool
	// FromMessage tells a value that the message has from one that a rule fixes.
	FromMessage bool
	// Ref is the resource that a reference means.
	Ref *Resource
	// Rule is the row that asked for it.
	Rule     string
	Children []Child

	asked bool // of a Node that is there: something asked for it
}

// A Child is one item of one element: an array has a Child for each item.
type Child struct {
	Name string
	Key  string // tells array items apart while a tree is built
	*Node
}

// A Resource is a tree with a type.
type Resource struct {
	Type string
	*Node
	Rule string
	// Free marks a resource that may be there or not.
	Free bool
}

// New returns an empty resource.
func New(resourceType, rule string) *Resource {
	return &Resource{Type: resourceType, Node: &Node{}, Rule: rule}
}

// Child returns the item of an element that has the key, and makes it.
func (n *Node) Child(name, key string) *Node {
	if c := n.Find(name, key); c != nil {
		return c
	}
	c := &Node{}
	n.Children = append(n.Children, Child{Name: name, Key: key, Node: c})
	return c
}

// Find returns the item of an element that has the key, nil if there is none.
func (n *Node) Find(name, key string) *Node {
	for _, c := range n.Children {
		if c.Name == name && c.Key == key {
			return c.Node
		}
	}
	return nil
}

// Named returns the items of an element.
func (n *Node) Named(name string) []*Node {
	var found []*Node
	for _, c := range n.Children {
		if c.Name == name {
			found = append(found, c.Node)
		}
	}
	return found
}

// Fixed marks children as fixed by a rule.
func (n *Node) Fixed(names ...string) {
	for _, name := range names {
		for _, c := range n.Named(name) {
			c.FromMessage = false
		}
	}
}

// Empty reports whether nothing is in the tree.
func (n *Node) Empty() bool {
	if n.Has || n.Any || n.Ref != nil {
		return false
	}
	return !slices.ContainsFunc(n.Children, func(c Child) bool { return !c.Empty() })
}

// Prune takes away empty branches and array items that are there twice.
func (n *Node) Prune() {
	kept := n.Children[:0]
	seen := map[string]bool{}
	for _, c := range n.Children {
		c.Prune()
		if c.Empty() {
			continue
		}
		print := c.Name + c.Print()
		if seen[print] {
			continue
		}
		seen[print] = true
		kept = append(kept, c)
	}
	n.Children = kept
}

// Print is the same for two trees that say the same and refer to the same
// resources.
func (n *Node) Print() string {
	var leaves []string
	n.walk("", func(path string, leaf *Node) { leaves = append(leaves, path+"="+target(leaf, leaf.Ref)) })
	sort.Strings(leaves)
	return strings.Join(leaves, "\x00")
}

// Leaves lists what is in the tree as path=value, in no order, with the depth
// first item of an array not told from the next.
func (n *Node) Leaves() []string {
	var all []string
	n.walk("", func(path string, leaf *Node) { all = append(all, path+"="+leaf.content()) })
	return all
}

// content is what a leaf says, as far as it can be told without the others.
func (n *Node) content() string {
	switch {
	case n.Ref != nil:
		return "->" + n.Ref.Type
	case n.Any && !n.Has:
		return "*"
	}
	return n.Value
}

// walk calls f for every leaf.
func (n *Node) walk(path string, f func(path string, leaf *Node)) {
	if n.Has || n.Any || n.Ref != nil {
		f(path, n)
	}
	for _, c := range n.Children {
		c.walk(join(path, c.Name), f)
	}
}

// Asked reports whether the last Compare found that something asks for a leaf.
func (n *Node) Asked() bool { return n.asked }

// Walk calls f for every leaf with its path without indices.
func (n *Node) Walk(f func(path string, leaf *Node)) { n.walk("", f) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
