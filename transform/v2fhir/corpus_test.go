package v2fhir

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"handover/hl7v2"
	"handover/internal/corpus"
)

// tally counts what became of one type of message.
type tally struct {
	messages, resources, elements, left, required int
	types                                         map[string]int
}

// Every real message converts, and the same message always in the same way; the
// table shows what each type yields.
func TestCorpus(t *testing.T) {
	c := New(Config{Source: "corpus"})
	tallies := map[string]*tally{}
	corpus.Each(t, func(cm corpus.Message) {
		m, _ := hl7v2.Parse(cm.Bytes)
		if m == nil {
			return
		}
		a, _ := c.Convert(m)
		checkAssertions(t, cm.Path, &a)
		w := tallies[cm.Type]
		if w == nil {
			w = &tally{types: map[string]int{}}
			tallies[cm.Type] = w
		}
		w.messages++
		for _, r := range a.Resources {
			w.resources++
			w.elements += len(r.Elements)
			w.types[r.Type]++
		}
		for _, l := range a.Left {
			if strings.HasPrefix(l.Reason, "required") {
				w.required++
			} else {
				w.left++
			}
		}
	})
	logTallies(t, tallies)
}

func logTallies(t *testing.T, tallies map[string]*tally) {
	var names []string
	for name := range tallies {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return tallies[names[i]].messages > tallies[names[j]].messages })
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s %8s %9s %8s %8s %8s\n", "type", "messages", "resources", "elements", "left", "required")
	for _, name := range names {
		w := tallies[name]
		fmt.Fprintf(&b, "%-12s %8d %9d %8d %8d %8d\n", name, w.messages, w.resources, w.elements, w.left, w.required)
	}
	t.Log("\n" + b.String())
}
