package mapping

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"handover/hl7v2"
	"handover/internal/corpus"
	"handover/internal/shareddata"
	"handover/test/mapping/converted"
	"handover/test/mapping/forest"
	"handover/test/mapping/oracle"
	"handover/transform/v2fhir"
)

// zone is a zone without clock changes: what a site would state.
var zone = time.FixedZone("", 2*60*60)

// The converter does, for every ADT, ORM/OML, ORU, MDM, SIU and VXU of the
// corpus, what HL7's published sheets ask for, and nothing else; what differs
// is listed with its reason in docs/guide/v2-to-fhir.md, and nothing else is.
func TestOfficialMap(t *testing.T) {
	sheets, err := oracle.Read(shareddata.Dir(t, "v2-to-fhir/mappings"))
	if err != nil {
		t.Fatal(err)
	}
	c := v2fhir.New(v2fhir.Config{Source: "corpus", Zone: zone})
	_ = 0
	debug := map[string]int{}
	ex := map[string]string{}
	totals := map[string]map[forest.Verdict]int{}
	n := 0
	corpus.Each(t, func(cm corpus.Message) {
		m, _ := hl7v2.Parse(cm.Bytes)
		if m == nil || !judged(m) {
			return
		}
		if f := os.Getenv("ONLY"); f != "" && !strings.Contains(cm.Path, f) {
			return
		}
		asked, sheet := sheets.Ask(m, oracle.Options{Zone: zone})
		if sheet == "" {
			return
		}
		n++
		mark := ""
		if !sheets.Official(structure(m)) {
			mark = "composed: "
		}
		a, _ := c.Convert(m)
		there, err := converted.Trees(a)
		if err != nil {
			t.Fatalf("%s: %v", cm.Path, err)
		}
		for _, f := range forest.Compare(asked, there) {
			k := family(m) + " " + f.Type()
			if totals[k] == nil {
				totals[k] = map[forest.Verdict]int{}
			}
			totals[k][f.Verdict]++
			if f.Verdict == forest.There || f.Verdict == forest.Chosen || f.Verdict == forest.Passed {
				continue
			}
			d := mark + string(f.Verdict) + " " + class(f) + by(f)
			debug[d]++
			if ex[d] == "" || len(ex[d]) < 400 && debug[d]%7 == 3 {
				ex[d] += fmt.Sprintf("\n        [%s#%d %s] %s asked=%.60q got=%.60q", cm.Path, cm.Index, cm.Type, f.Rule, f.Asked, f.Got)
			}
		}
	})
	var keys []string
	for k := range debug {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return debug[keys[i]] > debug[keys[j]] })
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "%6d %s%s\n", debug[k], k, ex[k])
	}
	os.WriteFile("/tmp/h9-diff.txt", []byte(b.String()), 0o644)
	keys = nil
	for k := range totals {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Println(k, totals[k])
	}
	fmt.Println(n, len(debug), strings.Join(sheets.Unusable, "\n"))
}

func judged(m *hl7v2.Message) bool {
	code, _, _ := m.Type()
	switch code {
	case "ADT", "ORM", "OML", "ORU", "MDM", "SIU", "VXU":
		return true
	}
	return false
}

func family(m *hl7v2.Message) string {
	code, _, _ := m.Type()
	return code
}

// by is the sheet that asked.
func by(f forest.Finding) string {
	if f.Verdict == forest.Unasked {
		return ""
	}
	sheet, _, _ := strings.Cut(f.Rule, ":")
	return " by " + sheet
}

// class is the path; of a whole resource only its type.
func class(f forest.Finding) string {
	if whole, _, is := strings.Cut(f.Path, " resource"); is {
		return whole + " (whole)"
	}
	return f.Path
}

// structure is the message's structure, by MSH-9.3 or by code and trigger.
func structure(m *hl7v2.Message) string {
	root, _ := m.Groups()
	return root.Name
}
