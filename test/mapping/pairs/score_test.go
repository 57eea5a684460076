package pairs

import (
	"fmt"
	"sort"
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

// table shows recall and precision by resource type before and after ignoring,
// and the share of the pair's and our leaves that is ignored.
func (s *suite) table() string {
	var types []string
	for name := range s.before {
		types = append(types, name)
	}
	sort.Strings(types)
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %8s %8s %10s %8s %8s %10s %8s\n", "", "leaves", "recall", "precision", "leaves", "recall", "precision", "ignored")
	row := func(name string, before, after score) {
		ignored := share(before.all()-after.all(), before.all())
		fmt.Fprintf(&b, "%-20s %8d %7.1f%% %9.1f%% %8d %7.1f%% %9.1f%% %7.1f%%\n", name, before.all(), 100*before.recall(), 100*before.precision(),
			after.all(), 100*after.recall(), 100*after.precision(), 100*ignored)
	}
	for _, name := range types {
		if name != "" {
			row(name, s.before[name].score, s.after.of(name).score)
		}
	}
	row("all", s.before.sum(), s.after.sum())
	return b.String()
}
