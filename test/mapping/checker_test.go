package mapping

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/internal/shareddata"
	"handover/test/mapping/converted"
	"handover/test/mapping/forest"
	"handover/test/mapping/listed"
	"handover/test/mapping/oracle"
	"handover/transform/v2fhir"
)

// page and heading say where the known differences stand.
const (
	page    = "../../docs/guide/v2-to-fhir.md"
	heading = "## Where we differ from the official map"
)

// zone is a zone without clock changes: what a site would state.
var zone = time.FixedZone("", 2*60*60)

// For every ADT, ORM, OML, ORU, MDM, SIU and VXU of the corpus the converter
// makes what HL7's sheets ask for, and nothing else. What differs is listed
// with its reason in the guide; a difference that is not listed fails, and so
// does a line that speaks of none.
func TestOfficialMap(t *testing.T) {
	sheets, err := oracle.Read(shareddata.Dir(t, "v2-to-fhir/mappings"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.FromSlash(page))
	if err != nil {
		t.Fatal(err)
	}
	known, err := listed.Page(string(text), heading)
	if err != nil {
		t.Fatal(err)
	}
	j := judge{sheets: sheets, tallies: map[string]tally{}, differences: map[string]int{}, examples: map[string][]example{}}
	corpus.Each(t, func(m corpus.Message) { j.message(t, m) })
	t.Logf("%d messages, %d rows of HL7's sheets cannot be followed\n%s", j.messages, len(sheets.Unusable), j.table())
	for _, d := range j.sorted() {
		if !known.Has(d, j.differences[d]) {
			t.Errorf("%d times %s is not explained in %s; first in %s", j.differences[d], d, page, j.examples[d][0].message)
		}
	}
	for _, pattern := range known.Unused() {
		t.Errorf("%s explains `%s`, which no longer occurs; take it out", page, pattern)
	}
	j.write(t, os.Getenv("HANDOVER_DIFFERENCES"))
}

// judge gathers the verdicts on all messages.
type judge struct {
	sheets      *oracle.Sheets
	messages    int
	tallies     map[string]tally // by family and resource type
	differences map[string]int
	examples    map[string][]example
}

// example is a message that shows a difference, with both values.
type example struct{ message, asked, got string }

type tally map[forest.Verdict]int

var converter = v2fhir.New(v2fhir.Config{Source: "corpus", Zone: zone})

// families are the message codes that are judged.
var families = map[string]bool{"ADT": true, "ORM": true, "OML": true, "ORU": true, "MDM": true, "SIU": true, "VXU": true}

func (j *judge) message(t *testing.T, cm corpus.Message) {
	m, _ := hl7v2.Parse(cm.Bytes)
	if m == nil {
		return
	}
	family, _, _ := m.Type()
	if !families[family] {
		return
	}
	asked, sheet := j.sheets.Ask(m, oracle.Options{Zone: zone})
	if sheet == "" {
		return
	}
	assertions, _ := converter.Convert(m)
	there, err := converted.Trees(assertions)
	if err != nil {
		t.Errorf("%s: %v", cm.Path, err)
		return
	}
	j.messages++
	mark := ""
	if groups, _ := m.Groups(); !j.sheets.Official(groups.Name) {
		family, mark = family+" (no sheet)", "no sheet: "
	}
	for _, f := range forest.Compare(asked, there) {
		j.add(family, f)
		if d := difference(f); d != "" {
			j.differences[mark+d]++
			message, shown := fmt.Sprintf("%s[%d]", cm.Path, cm.Index), j.examples[mark+d]
			if n := len(shown); n < 5 && (n == 0 || shown[n-1].message != message) {
				j.examples[mark+d] = append(shown, example{message, f.Asked, f.Got})
			}
		}
	}
}

func (j *judge) add(family string, f forest.Finding) {
	for _, key := range []string{family + "\t" + f.Type(), family + "\tall", "all\tall"} {
		if j.tallies[key] == nil {
			j.tallies[key] = tally{}
		}
		j.tallies[key][f.Verdict]++
	}
}

// difference names a finding as the guide lists it: the verdict, the path, and
// the sheet that asked, or the missing resource with which it is missing, or
// the element that refers to an unasked one; "" where there is none. A resource that is missing or
// unasked as a whole counts as one thing.
func difference(f forest.Finding) string {
	switch f.Verdict {
	case forest.There, forest.Chosen, forest.Passed:
		return ""
	}
	path, _, whole := strings.Cut(f.Path, " resource")
	if whole {
		path += " (whole)"
	}
	d := string(f.Verdict) + " " + path
	switch {
	case f.With != "" && f.Verdict == forest.Unasked:
		d += " of " + f.With
	case f.With != "":
		d += " with " + f.With
	case f.Verdict != forest.Unasked:
		sheet, _, _ := strings.Cut(f.Rule, ":")
		d += " by " + sheet
	}
	return d
}

// table shows by family and resource type how many leaves were asked for and
// are there, and so on, and the shares of what was asked for and of what is
// there that agree.
func (j *judge) table() string {
	var keys []string
	for k := range j.tallies {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(a, b int) bool {
		return strings.Replace(keys[a], "\tall", "\t~", 1) < strings.Replace(keys[b], "\tall", "\t~", 1)
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s %-20s %8s %8s %8s %8s %8s %8s %7s %7s\n", "", "", "there", "missing", "other", "unasked", "chosen", "passed", "of asked", "of there")
	for _, k := range keys {
		family, resource, _ := strings.Cut(k, "\t")
		n := j.tallies[k]
		fmt.Fprintf(&b, "%-16s %-20s %8d %8d %8d %8d %8d %8d %6.1f%% %6.1f%%\n", family, resource, n[forest.There], n[forest.Missing], n[forest.Other],
			n[forest.Unasked], n[forest.Chosen], n[forest.Passed], share(n[forest.There], n[forest.Missing]+n[forest.Other]),
			share(n[forest.There]+n[forest.Chosen], n[forest.Other]+n[forest.Unasked]))
	}
	return b.String()
}

func share(good, bad int) float64 {
	if good+bad == 0 {
		return 100
	}
	return 100 * float64(good) / float64(good+bad)
}

func (j *judge) sorted() []string {
	var all []string
	for d := range j.differences {
		all = append(all, d)
	}
	sort.Slice(all, func(a, b int) bool {
		if j.differences[all[a]] != j.differences[all[b]] {
			return j.differences[all[a]] > j.differences[all[b]]
		}
		return all[a] < all[b]
	})
	return all
}

// write puts every kind of difference into a file, with messages that show it
// and the values: for a person who examines them, where asked for.
func (j *judge) write(t *testing.T, file string) {
	if file == "" {
		return
	}
	var b strings.Builder
	for _, d := range j.sorted() {
		fmt.Fprintf(&b, "%6d %s\n", j.differences[d], d)
		for _, e := range j.examples[d] {
			fmt.Fprintf(&b, "        %s asked %q, got %q\n", e.message, e.asked, e.got)
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Error(err)
	}
}
