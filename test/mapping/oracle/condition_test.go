package oracle

import (
	"testing"
)

// answers are facts for a test: the texts of each reference.
type answers map[string][]string

func (a answers) values(ref string) []string { return a[ref] }
func (a answers) count(ref string) int       { return len(a[ref]) }

func TestConditions(t *testing.T) {
	f := answers{"PID-7": {"198001010203"}, "PID-11": {"a", "b"}, "OBX-2": {"NM"}, "OBX-5": {"1"}, "CX.5": {"SN"}, "": {"U"},
		"PID-33": {"20240101"}, "PID-34": {""}, "HD-3": {"ISO"}, "PID-12": {"X"}, "PID-11.9": {"Y"}, "IAM-15": {"FTH"}, "ORC": {"x"}}
	for text, want := range map[string]truth{
		`IF PID-7 VALUED`:                                yes,
		`IF PID-8 VALUED`:                                no,
		`IF PID-8 IS NOT VALUED`:                         yes,
		`IF PID-7 LENGTH GREATER THAN 8`:                 yes,
		`IF PID-7 LENGTH LESS THAN OR EQUALS 8`:          no,
		`IF PID-11 LST.COUNT EQUALS 1`:                   no,
		`IF PID-11 LST.COUNT GREATER THAN 1`:             yes,
		`IF OBX-33 COUNT>1`:                              no,
		`IF PID-33 AND PID-34 VALUED`:                    no,
		`IF PID-7 AND PID-33 VALUED`:                     yes,
		`IF PID-34 or PID-33 VALUED`:                     yes,
		`IF OBX-2 IN ("ST", "NM")`:                       yes,
		`IF OBX-2 NOT IN ("ST", "NM")`:                   no,
		`IF OBX-2="NM"`:                                  yes,
		`IF OBX-2 IS NOT "NA"`:                           yes,
		`IF (OBX-2 EQUALS "SN"  AND OBX-5.1 EQUALS "<>"`: no,
		`IF (OBX-5 LST.count LESS THAN OR EQUALS 1 OR OBX-2 IS "NA") AND OBX-29 NOT IN ("QST","SCI")`: yes,
		`IF NOT VALUED`: no,
		`IF NOT VALUED OR NOT IN ("ISO", "UUID")`:               yes,
		`IF HD-3 = "ISO"`:                                       yes,
		`IF PID-11.9 IS VALUED NOT EQUAL PID-12`:                yes,
		`IF IAM-15 VALUED AND NOT "SEL"`:                        yes,
		`IF ORC VALUED`:                                         yes,
		`IF CX.4 IN http://example.org/registry.html`:           unknown,
		`IF XCN.19 DOES NOT EXIST AND IF XCN.20 DOES NOT EXIST`: yes,
		`IF TQ1-3.9 IS EMPTY`:                                   yes,
	} {
		c := parseCondition(text)
		if c.err != nil {
			t.Errorf("%s: %v", text, c.err)
			continue
		}
		if got := c.test(f); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestConditionsThatCannotBeRead(t *testing.T) {
	for _, text := range []string{`IF PID-7 LIKE "x"`, `IF PID-7 IN "x"`, `IF PID-7 IN ("x"`, `IF PID-7 LENGTH GREATER THAN many`, `IF PID-7`} {
		if c := parseCondition(text); c.err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestAssign(t *testing.T) {
	f := answers{"MSG.1": {"ADT"}, "MSG.2": {"A01"}, "HD.2": {"1.2.3"}, "OBX-5.1": {"1"}, "OBX-5.2": {"2"}}
	for text, want := range map[string]string{
		`"work"`:              "work",
		`"urn:oid:"+HD.2`:     "urn:oid:1.2.3",
		`MSG.1+"^"+MSG.2`:     "ADT^A01",
		`OBX-5.1+"-"+OBX-5.2`: "1-2",
	} {
		if got, known := assign(text, f); !known || got != want {
			t.Errorf("%s: %q %v, want %q", text, got, known, want)
		}
	}
	for _, text := range []string{`/instructions/`, `#proposed#`, `"#add-on#"`, `Procedure.performedPeriod.start+PR1-7`} {
		if got, known := assign(text, f); known {
			t.Errorf("%s is taken for %q", text, got)
		}
	}
}

func TestWhen(t *testing.T) {
	for _, c := range []struct{ text, typ, offset, want string }{
		{"2024", "dateTime", "", "2024"},
		{"20240229", "dateTime", "", "2024-02-29"},
		{"20230229", "dateTime", "", ""},
		{"202401020304", "dateTime", "", "2024-01-02"},
		{"202401020304", "dateTime", "-0500", "2024-01-02T03:04:00-05:00"},
		{"20240102030405.12+0100", "dateTime", "-0500", "2024-01-02T03:04:05.12+01:00"},
		{"20240102030405", "date", "-0500", "2024-01-02"},
		{"20240102", "instant", "-0500", ""},
		{"yesterday", "dateTime", "", ""},
	} {
		if got := when(c.text, c.typ, c.offset, nil); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.text, c.typ, got, c.want)
		}
	}
}
