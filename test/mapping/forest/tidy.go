package forest

import "slices"

// Tidy takes away what is empty, and makes one of shared resources that say
// the same: whether two mentions of one organization are one resource is for
// the record to say. It goes on until nothing
// changes, since what refers to one of two may then be the same too.
func Tidy(resources []*Resource) []*Resource {
	for before := -1; before != len(resources); {
		before = len(resources)
		first := map[string]*Resource{}
		same := map[*Resource]*Resource{}
		for _, r := range resources {
			r.Prune()
			if !Shared[r.Type] {
				continue
			}
			print := r.Type + r.Print()
			if first[print] == nil {
				first[print] = r
			}
			same[r] = first[print]
		}
		for _, r := range resources {
			r.Walk(func(_ string, leaf *Node) {
				if c := same[leaf.Ref]; c != nil {
					leaf.Ref = c
				}
			})
		}
		resources = slices.DeleteFunc(resources, func(r *Resource) bool {
			return r.Empty() || same[r] != nil && same[r] != r
		})
	}
	return resources
}
