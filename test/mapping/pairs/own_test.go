package pairs

import (
	"slices"

	"handover/test/mapping/forest"
)

// apart counts the leaves of a resource type that are not judged.
type apart struct {
	own     int // the pair's: its maker's own extensions and resources
	byMap   int // ours: HL7's map asks for them, and the pair does without
	ignored int // by a line of the list
}

func (s *suite) standApart(resourceType string) *apart {
	if s.apart[resourceType] == nil {
		s.apart[resourceType] = &apart{}
	}
	return s.apart[resourceType]
}

// withoutOwn takes away what the pair's maker adds of itself: its extensions by
// URL, its resources by a value in them, and what only these refer to.
func (s *suite) withoutOwn(raw []*forest.Resource) []*forest.Resource {
	for _, r := range raw {
		s.standApart(r.Type).own += leaves(r)
	}
	before := mentioned(raw)
	for _, r := range raw {
		s.dropExtensions(r.Node)
	}
	kept := slices.DeleteFunc(slices.Clone(raw), s.isOwn)
	for n := -1; n != len(kept); {
		n = len(kept)
		still := mentioned(kept)
		kept = slices.DeleteFunc(kept, func(r *forest.Resource) bool { return forest.Shared[r.Type] && before[r] && !still[r] })
	}
	for _, r := range kept {
		s.standApart(r.Type).own -= leaves(r)
	}
	return kept
}

func leaves(r *forest.Resource) (n int) {
	r.Walk(func(string, *forest.Node) { n++ })
	return n
}

// mentioned are the resources that another one refers to.
func mentioned(resources []*forest.Resource) map[*forest.Resource]bool {
	found := map[*forest.Resource]bool{}
	for _, r := range resources {
		r.Walk(func(_ string, leaf *forest.Node) {
			if leaf.Ref != nil && leaf.Ref != r {
				found[leaf.Ref] = true
			}
		})
	}
	return found
}

// isOwn reports whether a line "resource TYPE PATH=VALUE" is about the resource.
func (s *suite) isOwn(r *forest.Resource) bool {
	own := false
	r.Walk(func(path string, leaf *forest.Node) {
		own = own || leaf.Has && s.ignored.Has("resource "+r.Type+" "+path+"="+leaf.Value, 1)
	})
	return own
}

// dropExtensions takes away the pair's own extensions that are ignored by URL.
func (s *suite) dropExtensions(n *forest.Node) {
	n.Children = slices.DeleteFunc(n.Children, func(c forest.Child) bool {
		if c.Name != "extension" {
			return false
		}
		url := c.Named("url")
		return len(url) > 0 && s.ignored.Has("extension "+url[0].Value, 1)
	})
	for _, c := range n.Children {
		s.dropExtensions(c.Node)
	}
}
