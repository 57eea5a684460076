package oracle

import (
	"regexp"
	"slices"
	"strings"

	"handover/hl7v2"
)

// pending is a reference that the message sheet asks for; it is made when all
// resources are known.
type pending struct {
	from        *instance // the resource of the row
	left, right string
	to          *instance
	at          place
	context     string
	rule        string
	free        bool
	key         keyer
}

var linkSide = regexp.MustCompile(`^([A-Za-z]+)(?:\[([^\]]*)\])?(?:\.(.*))?$`)

// note keeps the links of a message row for later.
func (b *build) note(row *MessageRow, inst *instance, at place, context string) {
	for _, one := range strings.FieldsFunc(row.Links, func(r rune) bool { return r == ';' || r == '\n' }) {
		left, right, is := strings.Cut(strings.TrimSpace(one), "=")
		if is {
			b.links = append(b.links, pending{from: inst, left: strings.TrimSpace(left), right: strings.TrimSpace(right), at: at, context: context, rule: row.Rule})
		}
	}
}

// join makes the references.
func (b *build) join() {
	for _, p := range b.links {
		p.left = strings.Replace(p.left, "Immunzation", "Immunization", 1)
		left := linkSide.FindStringSubmatch(p.left)
		if left == nil || strings.Contains(p.left, "extension") {
			continue
		}
		from := p.from
		if !slices.Contains(b.made, from) {
			continue
		}
		if left[1] != p.from.Type { // a slip in the number means the row's own all the same
			if from = b.nearest(left[1], left[2], p); from == nil {
				continue
			}
		}
		b.link(p, from, left[3])
	}
}

func (b *build) link(p pending, from *instance, path string) {
	to := p.to
	if to == nil {
		right := linkSide.FindStringSubmatch(p.right)
		if right == nil || right[1] == "Bundle" || strings.HasPrefix(p.right, `"`) {
			return
		}
		if to = p.from; right[1] != p.from.Type {
			to = b.nearest(right[1], right[2], p)
		}
		if to == nil || to.Empty() {
			return
		}
	}
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".reference"), ".id")
	path = strings.Replace(path, "diagnosis", "diagnosis.condition", 1)
	if strings.Contains(path, "(") {
		return // ServiceRequest.specimen(Specimen.collection.collector): through another resource
	}
	s := at(from.Resource)
	steps := parsePath(path)
	key := func(i int) string {
		if steps[0].name == "diagnosis" {
			return p.context + "/" + steps[i].tag + "#0"
		}
		return "link" + count(to.serial) + "/" + to.target
	}
	if p.key != nil {
		key = p.key
	}
	target, ok := b.walk(s, steps, p.rule, key)
	if !ok || target.typ.Name != "Reference" {
		return
	}
	target.node.Ref, target.node.Rule = to.Resource, p.rule
	target.node.Free = to.Free || p.free
}

// nearest returns the instance that a name means: in the innermost group that
// has one, the last before this place, else the first after it.
func (b *build) nearest(resourceType, tag string, p pending) *instance {
	var best *instance
	depth := -1
	for _, inst := range b.made {
		if inst.Type != resourceType || tag != "" && !strings.HasSuffix(inst.target, "["+tag+"]") && len(tag) < 3 {
			continue
		}
		d := sharedDepth(inst.chain, p.at.chain)
		before := inst.by[0] <= p.at.segment.Index()
		if best == nil || d > depth || d == depth && before {
			best, depth = inst, d
		}
	}
	return best
}

func sharedDepth(a, b []*hl7v2.Group) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
