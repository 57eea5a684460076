package pairs

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"handover/hl7v2"
	"handover/internal/shareddata"
	"handover/test/mapping/converted"
	"handover/test/mapping/forest"
	"handover/test/mapping/listed"
	"handover/test/mapping/oracle"
	"handover/transform/v2fhir"
)

// aim is the share that recall and precision shall reach after ignoring.
const aim = 0.95

// The converter makes of these messages what others make of them. What differs
// is ignored by ignored.txt, line by line with a reason; what neither HL7's map
// nor the pair asks for is a failure.
func TestPairs(t *testing.T) {
	sheets, err := oracle.Read(shareddata.Dir(t, "v2-to-fhir/mappings"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("ignored.txt")
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := listed.Parse(string(text))
	if err != nil {
		t.Fatalf("ignored.txt: %v", err)
	}
	s := suite{sheets: sheets, ignored: ignored, before: scores{}, after: scores{}, apart: map[string]*apart{}, unexplained: map[string]int{}, where: map[string]string{}}
	pairs := find(t)
	for _, p := range pairs {
		s.judge(t, p)
	}
	t.Logf("%d pairs\n%s", len(pairs), s.table())
	s.report(t)
}

// suite gathers the verdicts on all pairs.
type suite struct {
	sheets        *oracle.Sheets
	ignored       *listed.List
	before, after scores
	apart         map[string]*apart // by resource type: what is not judged, and why
	unexplained   map[string]int    // neither the map nor the pair asks for it
	where         map[string]string // a pair that shows it, and both values
	hidden        []string          // what the list ignores: the difference, the pair and both values
}

var converter = v2fhir.New(v2fhir.Config{Source: "pairs", Zone: time.UTC})

func (s *suite) judge(t *testing.T, p pair) {
	m, bundle := p.read(t)
	assertions, _ := converter.Convert(m)
	got, err := converted.Trees(assertions)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	supported := s.supported(m, got)
	sources, err := sourcesOf(bundle)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	raw, err := forest.Read(sources)
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	inUTC(raw)
	inUTC(got)
	for _, f := range forest.Compare(raw, got) {
		s.before.add(f.Type(), f.Verdict)
	}
	for _, f := range forest.Compare(forest.Tidy(s.withoutOwn(raw)), got) {
		s.count(p, f, supported)
	}
}

// supported are the leaves that HL7's map asks for with the very value, or
// leaves to choice.
func (s *suite) supported(m *hl7v2.Message, got []*forest.Resource) map[*forest.Node]bool {
	asked, _ := s.sheets.Ask(m, oracle.Options{Zone: time.UTC})
	leaves := map[*forest.Node]bool{}
	for _, f := range forest.Compare(asked, got) {
		if f.Verdict == forest.There || f.Verdict == forest.Chosen {
			leaves[f.Leaf] = true
		}
	}
	return leaves
}

// count adds a finding to the scores after ignoring. What only we have stands
// apart where HL7's map asks for it; what nobody asks for has to be listed as
// "nobody".
func (s *suite) count(p pair, f forest.Finding, supported map[*forest.Node]bool) {
	if f.Verdict == forest.Unasked && supported[f.Leaf] {
		s.standApart(f.Type()).byMap++
		return
	}
	difference := map[forest.Verdict]string{forest.Missing: "pair ", forest.Other: "value ", forest.Unasked: "nobody "}[f.Verdict]
	if difference != "" {
		difference += f.Path
		if s.ignores(difference, f.Asked, p) {
			s.standApart(f.Type()).ignored++
			s.hidden = append(s.hidden, fmt.Sprintf("%s\t%s\ttheirs %q\tours %q", difference, p.name, f.Asked, f.Got))
			return
		}
		if strings.HasPrefix(difference, "nobody") {
			s.unexplained[difference]++
		}
		s.where[difference] = fmt.Sprintf("%s: theirs %q, ours %q", p.name, f.Asked, f.Got)
		s.after.note(difference)
	}
	s.after.add(f.Type(), f.Verdict)
}

// ignores reports whether a line of the list is about the difference: for any
// value of the pair or this one, in every pair or in this one.
func (s *suite) ignores(difference, theirs string, p pair) bool {
	found := false
	for _, d := range []string{difference, difference + "=" + theirs} {
		for _, place := range []string{"", " in " + p.name} {
			found = s.ignored.Has(d+place, 1) || found
		}
	}
	return found
}

// report fails where the aim is missed, where something is in nobody's map, and
// where a line of the list speaks of nothing.
func (s *suite) report(t *testing.T) {
	for _, line := range s.ignored.Unused() {
		t.Errorf("ignored.txt: nothing is ignored by %q any more; take the line out", line)
	}
	for _, d := range sorted(s.unexplained) {
		t.Errorf("neither HL7's map nor the pair asks for %s (%d times)", strings.TrimPrefix(d, "nobody "), s.unexplained[d])
	}
	sum := s.after.sum()
	if sum.recall() < aim || sum.precision() < aim {
		t.Errorf("after ignoring: recall %.1f %%, precision %.1f %%; both shall be %.0f %%", 100*sum.recall(), 100*sum.precision(), 100*aim)
	}
	if file := os.Getenv("HANDOVER_DIFFERENCES"); file != "" {
		var b strings.Builder
		for _, d := range sorted(s.after.differences()) {
			fmt.Fprintf(&b, "%6d %s (%s)\n", s.after.differences()[d], d, s.where[d])
		}
		for _, line := range s.hidden {
			fmt.Fprintln(&b, "ignored", line)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// sorted returns the keys, the most frequent first.
func sorted(counts map[string]int) []string {
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if counts[keys[i]] != counts[keys[j]] {
			return counts[keys[i]] > counts[keys[j]]
		}
		return keys[i] < keys[j]
	})
	return keys
}

// inUTC writes times in UTC: who keeps the message's offset and who does not
// say the same.
func inUTC(all []*forest.Resource) {
	for _, r := range all {
		r.Walk(func(_ string, leaf *forest.Node) {
			if when, err := time.Parse(time.RFC3339Nano, leaf.Value); err == nil && leaf.Has {
				leaf.Value = when.UTC().Format(time.RFC3339Nano)
			}
		})
	}
}
