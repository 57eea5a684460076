package record

import (
	"cmp"
	"slices"
	"strings"
)

// Rules say whose word counts. The zero Rules: nobody owns anything.
type Rules struct {
	// Owns lists for each source the types ("Patient") and elements
	// ("Patient.telecom") for which its word counts; the narrower wins.
	Owns map[string][]string
	// Precedence ranks sources that own the same thing, first best.
	Precedence []string
	// Authorities lists for each source the authorities of identifiers, most
	// trusted first. One that is not listed comes after all that are.
	Authorities map[string][]string
}

// ruling is Rules made ready.
type ruling struct {
	owners      map[string][]string // "Patient" or "Patient.telecom" → sources, by precedence
	place       map[string]int      // of a source in Precedence
	authorities map[string][]string
}

func newRuling(r Rules) *ruling {
	out := &ruling{owners: map[string][]string{}, place: map[string]int{}, authorities: r.Authorities}
	for i, s := range r.Precedence {
		if _, ok := out.place[s]; !ok {
			out.place[s] = i
		}
	}
	for source, things := range r.Owns {
		for _, thing := range things {
			if !slices.Contains(out.owners[thing], source) {
				out.owners[thing] = append(out.owners[thing], source)
			}
		}
	}
	for _, sources := range out.owners {
		slices.SortFunc(sources, func(a, b string) int {
			return cmp.Or(cmp.Compare(out.placeOf(a), out.placeOf(b)), strings.Compare(a, b))
		})
	}
	return out
}

func (r *ruling) placeOf(source string) int {
	if p, ok := r.place[source]; ok {
		return p
	}
	return len(r.place)
}

// ownersOf returns the sources that own the element, by precedence: those of
// the element itself, or else those of its type.
func (r *ruling) ownersOf(resourceType, element string) []string {
	if len(r.owners) == 0 {
		return nil
	}
	if o := r.owners[resourceType+"."+element]; len(o) > 0 {
		return o
	}
	return r.owners[resourceType]
}

// ranked returns, of the sources that spoke of a resource, those whose word on
// the element counts: classes in the order in which they are asked. While an
// owner has spoken, only owners count; else all are equal.
func (r *ruling) ranked(resourceType, element string, spoke []string) (classes [][]string) {
	for _, o := range r.ownersOf(resourceType, element) {
		if !slices.Contains(spoke, o) {
			continue
		}
		n := len(classes)
		if n > 0 && r.placeOf(classes[n-1][0]) == r.placeOf(o) {
			classes[n-1] = append(classes[n-1], o)
			continue
		}
		classes = append(classes, []string{o})
	}
	if classes != nil {
		return classes
	}
	return [][]string{spoke}
}

// trust returns the place of the authority in the source's list.
func (r *ruling) trust(source, authority string) int {
	list := r.authorities[source]
	if i := slices.Index(list, authority); i >= 0 {
		return i
	}
	return len(list)
}
