package v2fhir

import (
	"slices"
	"strconv"
)

// resourceKind is what is known of all resources of a type.
type resourceKind struct {
	number    int // from 0
	handles   []string
	required  []string // elements it must have
	parents   []string // within which it is known by its code
	ofPatient bool
}

// readyHandles is how many handles of each type are made beforehand.
const readyHandles = 32

// handle returns the nth handle of the type, from 1: Patient-1.
func (k *resourceKind) handle(typ string, n int) string {
	if n <= len(k.handles) {
		return k.handles[n-1]
	}
	return typ + "-" + strconv.Itoa(n)
}

// resource gathers what is known of a type that a map makes.
func (c *compiler) resource(typ string) {
	if c.resources[typ] != nil {
		return
	}
	k := &resourceKind{number: len(c.resources), parents: parents[typ], ofPatient: ofPatient[typ]}
	c.resources[typ] = k
	for n := 1; n <= readyHandles; n++ {
		k.handles = append(k.handles, typ+"-"+strconv.Itoa(n))
	}
	for _, e := range c.defs.Type(typ).Elements {
		if e.Min > 0 {
			k.required = append(k.required, e.BaseName())
		}
	}
}

// counts counts resources by their kinds.
type counts []int

// begin sets all counts to zero.
func (c *counts) begin(l *library) {
	*c = slices.Grow((*c)[:0], len(l.resources))[:len(l.resources)]
	clear(*c)
}

// add counts one more and returns how many there are.
func (c counts) add(res *resource) int {
	c[res.kind.number]++
	return c[res.kind.number]
}

func (c counts) of(res *resource) int { return c[res.kind.number] }
