package cond

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"handover/internal/shareddata"
)

func TestParseIf(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`IF PID-7 LENGTH GREATER THAN 8`, `v2('PID-7').where($this.length() > 8).exists()`},
		{`IF PID-25 NOT VALUED`, `v2('PID-25').empty()`},
		{`IF PID-11 LST.COUNT EQUALS 1 AND PID-11.9 IS NOT VALUED`, `v2('PID-11').count() = 1 and v2('PID-11.9').empty()`},
		{`IF  OBX-5 LST.count GREATER THAN 1 AND OBX-2 IS NOT "NA"`, `v2('OBX-5').count() > 1 and (v2('OBX-2').where($this = 'NA').exists()).not()`},
		{`IF PID-33 AND PID-34 VALUED`, `v2('PID-33').exists() and v2('PID-34').exists()`},
		{`IF PRT-5 AND PRT-6 AREA NOT VALUED`, `v2('PRT-5').empty() and v2('PRT-6').empty()`},
		{`IF IAM-15 VALUED AND NOT "SEL"`, `v2('IAM-15').exists() and (v2('IAM-15').where($this = 'SEL').exists()).not()`},
		{`IF NOT VALUED OR NOT IN ("ISO", "DNS")`, `v2('HD.3').empty() or (v2('HD.3').where($this in ('ISO' | 'DNS')).exists()).not()`},
		{`IF HD-3 = "ISO"`, `v2('HD.3').where($this = 'ISO').exists()`},
		{`IF ORC.1 IS "NW"`, `v2('ORC-1').where($this = 'NW').exists()`},
		{`IF XCN.19 DOES NOT EXIST AND IF XCN.20 DOES NOT EXIST`, `v2('XCN.19').empty() and v2('XCN.20').empty()`},
		{`IF RXO-2 IS VALUED AND (IF RXO-4.1 IS VALUED OR RXO-4.3 IS VALUED)`, `v2('RXO-2').exists() and (v2('RXO-4.1').exists() or v2('RXO-4.3').exists())`},
		{`IF NOT (CX.4.3 IN ("ISO","UUID"))`, `(v2('CX.4.3').where($this in ('ISO' | 'UUID')).exists()).not()`},
		{`IF PID-11.9 IS VALUED NOT EQUAL PID-12`, `v2('PID-11.9').exists() and (v2('PID-11.9').where($this = %context.v2('PID-12')).exists()).not()`},
	} {
		e, err := ParseIf(c.text, "HD.3")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if e.String() != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.text, e, c.want)
		}
	}
}

func TestParseIfRefuses(t *testing.T) {
	for _, text := range []string{"", "c", "IF", "IF PRT-2 IS IN (\"A\", X\")", "IF (OBX-2 EQUALS \"SN\"", "IF PID-7 LENGTH GREATER", "IF PID-8 IN", "IF PL3.NOT VALUED"} {
		if e, err := ParseIf(text, "PID-1"); err == nil {
			t.Errorf("%q was read as %s", text, e)
		}
	}
}

// HL7's sheets hold 543 conditions; 155 of them parse by the grammar that HL7
// published with them.
func TestPublishedConditions(t *testing.T) {
	dir := shareddata.Dir(t, "v2-to-fhir/mappings")
	total, published := 0, 0
	for folder, column := range map[string]int{"segments": 6, "datatypes": 6, "messages": 6, "codesystems": 3} {
		paths, _ := filepath.Glob(filepath.Join(dir, folder, "*.csv"))
		for _, path := range paths {
			for _, text := range conditions(t, path, column) {
				total++
				if Published(text) {
					published++
				}
				if e, err := ParseIf(text, "SELF"); err == nil {
					roundTrip(t, e)
				}
			}
		}
	}
	if total != 543 || published != 155 {
		t.Errorf("%d conditions, %d parse as published; want 543 and 155", total, published)
	}
}

func conditions(t *testing.T, path string, column int) (out []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if i >= 2 && column < len(row) && strings.TrimSpace(row[column]) != "" {
			out = append(out, strings.TrimSpace(row[column]))
		}
	}
	return out
}

func roundTrip(t *testing.T, e *Expr) {
	t.Helper()
	back, err := Parse(e.String())
	if err != nil {
		t.Errorf("%s: %v", e, err)
		return
	}
	if back.String() != e.String() {
		t.Errorf("%s comes back as %s", e, back)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "1:1: expected v2(",
		"v2('A')":                      "1:8: expected .where($this",
		"v2('A').exists() or":          "1:18: expected the end",
		"v2('A').exists() and x":       "1:22: expected v2(",
		"(v2('A').exists()":            "1:18: expected )",
		"v2('A').count() 3":            "1:17: expected a comparison",
		"v2('A').count() = x":          "1:19: expected a number",
		"v2('A').exists() v2('B')":     "1:18: expected the end",
		"v2('A').where($this = 'x').x": "1:26: expected ).exists()",
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// What parses is printed, parsed and printed the same.
func FuzzParse(f *testing.F) {
	f.Add("v2('PID-7').where($this.length() > 8).exists()")
	f.Add("(v2('A').exists() or v2('B.1').empty()) and (v2('C').where($this in ('x' | 'it''s')).exists()).not()")
	f.Add(`v2('A').where($this = 'a\'b').exists()`)
	f.Fuzz(func(t *testing.T, text string) {
		if e, err := Parse(text); err == nil {
			roundTrip(t, e)
		}
	})
}
