package pairs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"handover/test/mapping/forest"
)

// score counts leaves.
type score struct{ there, missing, other, unasked int }

// recall is the share of what the pair has that is there with its value.
func (s score) recall() float64 { return share(s.there, s.there+s.missing+s.other) }

// precision is the share of what is there that the pair has too.
func (s score) precision() float64 { return share(s.there, s.there+s.other+s.unasked) }

func (s score) all() int { return s.there + s.missing + s.other + s.unasked }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// scores are kept by resource type, with the differences under "".
type scores map[string]*counted

type counted struct {
	score
	differences map[string]int
}

func (s scores) of(resourceType string) *counted {
	if s[resourceType] == nil {
		s[resourceType] = &counted{differences: map[string]int{}}
	}
	return s[resourceType]
}

func (s scores) add(resourceType string, v forest.Verdict) {
	c := s.of(resourceType)
	switch v {
	case forest.There:
		c.there++
	case forest.Missing:
		c.missing++
	case forest.Other:
		c.other++
	case forest.Unasked:
		c.unasked++
	}
}

func (s scores) note(difference string)      { s.of("").differences[difference]++ }
func (s scores) differences() map[string]int { return s.of("").differences }

func (s scores) sum() score {
	var sum score
	for _, c := range s {
		sum.there += c.there
		sum.missing += c.missing
		sum.other += c.other
		sum.unasked += c.unasked
	}
	return sum
}

// table shows by resource type recall and precision of everything; then what is
// set apart: the pair's own, what HL7's map asks for and the pair lacks, and what
// the list ignores; then what is judged, with recall and precision, and which share
// is not: of all leaves, and of those alone that neither HL7's map nor the pair's
// maker answers for.
func (s *suite) table() string {
	types := map[string]bool{}
	for name := range s.before {
		types[name] = true
	}
	for name := range s.apart {
		types[name] = true
	}
	delete(types, "")
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %8s %8s %10s %8s %8s %8s %8s %8s %10s %11s %9s\n", "", "leaves", "recall", "precision", "own", "by map", "ignored",
		"judged", "recall", "precision", "not judged", "by list")
	var all apart
	for _, name := range slices.Sorted(maps.Keys(types)) {
		n := *s.standApart(name)
		all.own, all.byMap, all.ignored = all.own+n.own, all.byMap+n.byMap, all.ignored+n.ignored
		row(&b, name, s.before.of(name).score, s.after.of(name).score, n)
	}
	row(&b, "all", s.before.sum(), s.after.sum(), all)
	return b.String()
}

func row(b *strings.Builder, name string, before, after score, n apart) {
	apart := func(leaves int) float64 { // of these and the judged ones
		if leaves == 0 {
			return 0
		}
		return 100 * share(leaves, leaves+after.all())
	}
	fmt.Fprintf(b, "%-20s %8d %7.1f%% %9.1f%% %8d %8d %8d %8d %7.1f%% %9.1f%% %10.1f%% %8.1f%%\n", name, before.all(), 100*before.recall(), 100*before.precision(),
		n.own, n.byMap, n.ignored, after.all(), 100*after.recall(), 100*after.precision(), apart(n.own+n.byMap+n.ignored), apart(n.ignored))
}
