package forest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Verdict is what was found of one leaf.
type Verdict string

// The verdicts.
const (
	There   Verdict = "there"   // asked for and there
	Missing Verdict = "missing" // asked for and not there
	Other   Verdict = "other"   // asked for and there with another value
	Unasked Verdict = "unasked" // there and not asked for
	Chosen  Verdict = "chosen"  // left to the implementer, and there
	Passed  Verdict = "passed"  // left to the implementer, and not there
)

// Finding is the verdict on one leaf. Path begins with the resource's type and
// has no indices; "Type resource.path" belongs to a resource that is missing or
// unasked as a whole. Asked and Got hold content: they are for a person's eyes.
type Finding struct {
	Verdict    Verdict
	Path, Rule string
	Asked, Got string
	Leaf       *Node // that is there; nil where nothing is
	// With is, of a resource that is missing as a whole, the type of the missing
	// resource that alone refers to it; of one that is unasked as a whole, the
	// element that refers to it: "PractitionerRole.location".
	With string
}

// Type is the resource type of the path.
func (f Finding) Type() string {
	t, _, _ := strings.Cut(f.Path, ".")
	t, _, _ = strings.Cut(t, " ")
	return t
}

// Shared are the types of which two mentions may become one resource: those
// that a message only mentions.
var Shared = map[string]bool{"Organization": true, "Practitioner": true, "PractitionerRole": true, "Location": true, "Device": true}

// Compare judges what is there by what was asked for.
func Compare(asked, there []*Resource) []Finding {
	for _, a := range there {
		a.Walk(func(_ string, leaf *Node) { leaf.asked = false })
	}
	c := comparison{of: map[*Resource]*Resource{}, matched: map[*Resource]bool{}}
	c.match(asked, there)
	for _, a := range c.of {
		c.matched[a] = true
	}
	c.referrers = map[*Resource][]*Resource{}
	for _, e := range asked {
		e.Walk(func(_ string, leaf *Node) {
			if leaf.Ref != nil {
				c.referrers[leaf.Ref] = append(c.referrers[leaf.Ref], e)
			}
		})
	}
	for _, e := range asked {
		c.resource(e)
	}
	c.references()
	mentions := mentions(there)
	for _, a := range there {
		c.unasked(a, mentions[a])
	}
	return c.findings
}

// mentions names for each resource an element that refers to it, the first by
// name, "" where there is none.
func mentions(there []*Resource) map[*Resource]string {
	found := map[*Resource]string{}
	for _, r := range there {
		r.Walk(func(path string, leaf *Node) {
			if by := r.Type + "." + path; leaf.Ref != nil && (found[leaf.Ref] == "" || by < found[leaf.Ref]) {
				found[leaf.Ref] = by
			}
		})
	}
	return found
}

type comparison struct {
	of      map[*Resource]*Resource // asked → there
	matched map[*Resource]bool      // of those there
	// referrers of those that were asked for.
	referrers map[*Resource][]*Resource
	links     []link
	findings  []Finding
}

// link is a reference that is there and was asked for; whether it leads to the
// right resource shows when all resources are matched.
type link struct {
	path, rule string
	asked, got *Resource
	free       bool
	leaf       *Node
}

func (c *comparison) add(v Verdict, path, rule, asked, got string, leaf *Node) {
	c.findings = append(c.findings, Finding{Verdict: v, Path: path, Rule: rule, Asked: asked, Got: got, Leaf: leaf})
}

// pair is a possible match and how much speaks for it.
type pair struct {
	asked, there int
	score        float64
	firm, named  bool
}

// inner are the types that others are told apart by: these are matched first.
var inner = []string{"Organization", "Location", "Practitioner", "Device", "Patient", "PractitionerRole"}

// match finds for each resource that was asked for the one that is most like
// it. Types that are only mentioned may share one.
func (c *comparison) match(asked, there []*Resource) {
	types := slices.Clone(inner)
	for _, r := range asked {
		if !slices.Contains(types, r.Type) {
			types = append(types, r.Type)
		}
	}
	for _, t := range types {
		c.matchType(ofType(asked, t), ofType(there, t))
	}
}

func ofType(all []*Resource, t string) []*Resource {
	var found []*Resource
	for _, r := range all {
		if r.Type == t {
			found = append(found, r)
		}
	}
	return found
}

func (c *comparison) matchType(asked, there []*Resource) {
	bags := make([]map[string]bool, len(there))
	common := map[string]int{} // how many resources have a leaf
	for i, a := range there {
		bags[i] = map[string]bool{}
		a.Walk(func(path string, leaf *Node) {
			if l := path + "=" + target(leaf, leaf.Ref); !bags[i][l] {
				bags[i][l] = true
				common[l]++
			}
			bags[i][path+"="+leaf.content()], bags[i][path] = true, true
		})
	}
	var pairs []pair
	for i, e := range asked {
		var own []weighed
		named := false
		e.Walk(func(path string, leaf *Node) { named = named || leaf.FromMessage && names(path) })
		e.Walk(func(path string, leaf *Node) { own = append(own, c.weigh(path, leaf, common, named && Shared[e.Type])) })
		for j := range there {
			score := 0.0
			for _, w := range own {
				if bags[j][w.leaf] {
					score += w.weight
				}
			}
			if score > 0 {
				score -= 0.0001 * float64(len(bags[j]))
			}
			pairs = append(pairs, pair{asked: i, there: j, score: score, firm: !e.Free, named: named})
		}
	}
	slices.SortStableFunc(pairs, better)
	taken := map[int]bool{}
	for _, p := range pairs {
		e := asked[p.asked]
		shared := Shared[e.Type]
		if c.of[e] != nil || taken[p.there] && !shared || shared && (p.score < 0.004 || p.named && p.score < 0.05) || p.score <= 0 && !p.firm {
			continue
		}
		c.of[e] = there[p.there]
		taken[p.there] = true
	}
}

// better puts the most alike first, and what is demanded before what is free.
func better(x, y pair) int {
	if d := cmp.Compare(y.score, x.score); d != 0 || x.firm == y.firm {
		return d
	}
	if x.firm {
		return -1
	}
	return 1
}

// target is a leaf's content; a reference's is the resource it leads to.
func target(leaf *Node, to *Resource) string {
	if leaf.Ref == nil && leaf.Source != "" {
		return leaf.content() + leaf.Source
	}
	if leaf.Ref == nil {
		return leaf.content()
	}
	return fmt.Sprintf("->%p", to)
}

// weighed is a leaf and how much it tells of which resource it is.
type weighed struct {
	leaf   string
	weight float64
}

// names reports whether a leaf names what it stands in.
func names(path string) bool {
	return strings.Contains(path, "identifier.value") || strings.HasPrefix(path, "name") || strings.HasPrefix(path, "deviceName") || path == "description"
}

// weigh gives a value from the message more the fewer resources have it, and
// little to what a rule fixes. Where a resource is mentioned by name, only its
// names tell who it is.
func (c *comparison) weigh(path string, leaf *Node, common map[string]int, named bool) weighed {
	w := weighed{leaf: path + "=" + target(leaf, c.of[leaf.Ref])}
	switch {
	case leaf.Any && !leaf.Has:
		w.leaf, w.weight = path, 0.008
	case leaf.Ref != nil && c.of[leaf.Ref] == nil:
		w.leaf, w.weight = path+"="+leaf.content(), 0.005
	case leaf.FromMessage && named && !names(path):
		w.weight = 0.01
	case leaf.FromMessage && !leaf.Free, leaf.Ref != nil && Shared[leaf.Ref.Type]:
		w.weight = 1 / float64(max(1, common[w.leaf]))
	case leaf.Ref != nil:
		w.weight = 0.04 / float64(max(1, common[w.leaf]))
	default:
		w.weight = 0.005
	}
	return w
}

// bag counts the leaves of an item that is there, with their paths alone.
func (c *comparison) bag(n *Node) map[string]int {
	b := map[string]int{}
	n.walk("", func(path string, leaf *Node) {
		b[path+"="+target(leaf, leaf.Ref)]++
		b[path]++
	})
	return b
}

// leaves lists those of an item that was asked for; a reference counts as what
// the resource it means was found to be.
func (c *comparison) leaves(n *Node) []string {
	var all []string
	n.walk("", func(path string, leaf *Node) { all = append(all, path+"="+target(leaf, c.of[leaf.Ref])) })
	return all
}

// overlap counts the leaves that are in the bag, an equal value more than an
// equal path, and takes off a little for what the bag has besides.
func overlap(leaves []string, b map[string]int) float64 {
	score := 0.0
	used := map[string]int{}
	for _, leaf := range leaves {
		path, value, _ := strings.Cut(leaf, "=")
		switch {
		case used[leaf] < b[leaf]:
			used[leaf]++
			score++
		case strings.HasPrefix(value, "*") && b[path] > 0:
			score += 0.5
		case b[path] > 0:
			score += 0.01
		}
	}
	if score >= 1 {
		score -= 0.001 * float64(len(b))
	}
	return score
}

func (c *comparison) resource(e *Resource) {
	a := c.of[e]
	if lost := c.with(e, 0); lost != nil {
		from := len(c.findings)
		c.absent(e.Node, e.Type+" resource", e.Rule, e.Free || c.passed(e))
		for i := range c.findings[from:] {
			c.findings[from+i].With = lost.Type
		}
		return
	}
	if a == nil {
		c.absent(e.Node, e.Type+" resource", e.Rule, e.Free || c.passed(e))
		return
	}
	from := len(c.findings)
	c.node(e.Node, a.Node, e.Type, e.Rule)
	if e.Free && Shared[e.Type] || c.passed(e) {
		// It may have become something else (an identifier's system), and what
		// it was matched with may be another mention.
		for i, f := range c.findings[from:] {
			if f.Verdict == Missing || f.Verdict == Other {
				c.findings[from+i].Verdict = Passed
			}
		}
	}
}

// with returns the missing resource without which nothing would mention e: all
// that refers to e is missing, or is missing with another one.
func (c *comparison) with(e *Resource, depth int) *Resource {
	if !Shared[e.Type] || depth > 8 {
		return nil
	}
	var lost *Resource
	for _, r := range c.referrers[e] {
		if !Shared[r.Type] && c.of[r] == nil {
			lost = r
		} else if lost = c.with(r, depth+1); lost == nil {
			return nil
		}
	}
	return lost
}

// passed reports whether a resource is only there for free ones that were not
// made.
func (c *comparison) passed(e *Resource) bool {
	return len(c.referrers[e]) > 0 && !slices.ContainsFunc(c.referrers[e], func(r *Resource) bool {
		return !r.Free || c.of[r] != nil
	})
}

// absent reports a branch that is not there.
func (c *comparison) absent(e *Node, path, rule string, free bool) {
	free = free || e.Free
	if e.Rule != "" {
		rule = e.Rule
	}
	if e.Has || e.Any || e.Ref != nil {
		v := Missing
		if free {
			v = Passed
		}
		c.add(v, path, rule, e.content(), "", nil)
	}
	for _, child := range e.Children {
		c.absent(child.Node, join(path, child.Name), rule, free)
	}
}

func (c *comparison) node(e, a *Node, path, rule string) {
	if e.Rule != "" {
		rule = e.Rule
	}
	c.leaf(e, a, path, rule)
	var names []string
	for _, child := range e.Children {
		if !slices.Contains(names, child.Name) {
			names = append(names, child.Name)
		}
	}
	for _, name := range names {
		c.items(e.Named(name), a.Named(name), join(path, name), rule)
	}
}

func (c *comparison) leaf(e, a *Node, path, rule string) {
	there := There
	if e.Free {
		there = Chosen
	}
	switch {
	case e.Ref != nil && a.Ref != nil && !e.Any:
		a.asked = true
		c.links = append(c.links, link{path, rule, e.Ref, a.Ref, e.Free, a})
		return
	case !e.Has && !e.Any && e.Ref == nil:
		return
	case !a.Has && a.Ref == nil:
		c.absent(&Node{Has: e.Has, Any: e.Any, Value: e.Value, Ref: e.Ref, Free: e.Free}, path, rule, false)
		return
	}
	a.asked = true
	if e.Any || e.Ref != nil || e.Has && (a.Value == e.Value || slices.Contains(e.Or, a.Value)) {
		c.add(there, path, rule, e.content(), a.content(), a)
		return
	}
	c.add(Other, path, rule, e.content(), a.content(), a)
}

// items compares the items of one element: the most alike first.
func (c *comparison) items(asked, there []*Node, path, rule string) {
	var pairs []pair
	bags := make([]map[string]int, len(there))
	for j, a := range there {
		bags[j] = c.bag(a)
	}
	for i, e := range asked {
		own := c.leaves(e)
		for j := range there {
			pairs = append(pairs, pair{asked: i, there: j, score: overlap(own, bags[j])})
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return cmp.Compare(y.score, x.score) })
	doneAsked, doneThere := map[int]bool{}, map[int]bool{}
	single := len(asked) == 1 && len(there) == 1
	for _, p := range pairs {
		if doneAsked[p.asked] || doneThere[p.there] || !single && p.score < 0.01 {
			continue
		}
		doneAsked[p.asked], doneThere[p.there] = true, true
		c.node(asked[p.asked], there[p.there], path, rule)
	}
	for i, e := range asked {
		if !doneAsked[i] {
			c.absent(e, path, rule, false)
		}
	}
}

// references judges where references lead.
func (c *comparison) references() {
	for _, l := range c.links {
		there := There
		if l.free {
			there = Chosen
		}
		want := c.of[l.asked]
		if want == nil && l.asked.Type == l.got.Type && l.asked.Empty() {
			want = l.got
		}
		if want == l.got {
			c.add(there, l.path, l.rule, "->"+l.asked.Type, "->"+l.got.Type, l.leaf)
		} else {
			c.add(Other, l.path, l.rule, "->"+l.asked.Type, "->"+l.got.Type, l.leaf)
		}
	}
}

// unasked reports every leaf that nothing asked for.
func (c *comparison) unasked(a *Resource, mention string) {
	root, from := a.Type, len(c.findings)
	if !c.matched[a] {
		root += " resource"
	}
	a.walk(root, func(path string, leaf *Node) {
		if !leaf.asked {
			c.add(Unasked, path, a.Rule, "", leaf.content(), leaf)
		}
	})
	for i := range c.findings[from:] {
		if !c.matched[a] {
			c.findings[from+i].With = mention
		}
	}
}
