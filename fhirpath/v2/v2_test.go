package v2_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/fhirpath"
	"handover/fhirpath/v2"
	"handover/hl7v2"
)

const oru = `MSH|^~\&|LAB|SYNTH|EHR|SYNTH|20260102030405||ORU^R01^ORU_R01|M1|P|2.5.1
PID|1||100^^^SYN&1.2.3&ISO^MR~200^^^OTHER^PI||TEST^SYNTHIA^""||19700102|""
PV1|1|I
OBR|1||F1|24331-1^Lipids^LN|||20260102||||||||||||||||||F
OBX|1|NM|2093-3^Chol\T\esterol^LN||180|mg/dL|||||F
OBX|2|NM|718-7^Hb^LN||13.5|g/dL|||||F
OBR|2||F2|24323-8^Panel^LN|||20260102||||||||||||||||||P
OBX|1|ST|X^Local^L||a~b||||||P
ZSY|1|local
`

func parse(t testing.TB, text string) *hl7v2.Message {
	t.Helper()
	m, problems := hl7v2.Parse([]byte(strings.ReplaceAll(text, "\n", "\r")))
	if m == nil {
		t.Fatal(problems)
	}
	return m
}

// texts evaluates an expression and gives the text of each item; a node
// without value shows its type.
func texts(t testing.TB, expr string, root fhirpath.Node) []string {
	t.Helper()
	e, err := v2.Compile(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	c, err := e.Evaluate(fhirpath.Context{Root: root})
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	out := []string{}
	for _, n := range c {
		if v, ok := n.Value(); ok {
			out = append(out, v.Text())
		} else {
			out = append(out, n.Type().String())
		}
	}
	return out
}

func TestMessage(t *testing.T) {
	root := v2.Message(parse(t, oru))
	for expr, want := range map[string][]string{
		"v2('PID-5.1')":                               {"TEST"},
		"v2('PID-5')":                                 {`TEST^SYNTHIA^""`},
		"v2('PID-3.1')":                               {"100", "200"},
		"v2('PID-3[2].1')":                            {"200"},
		"v2('PID-3[1].4.2')":                          {"1.2.3"},
		"v2('PID-3[3].1')":                            {},
		"v2('OBX-5')":                                 {"180", "13.5", "a", "b"},
		"v2('OBX[2]-5')":                              {"13.5"},
		"v2('OBX-3.2')":                               {"Chol&esterol", "Hb", "Local"},
		"v2('PID-4').exists()":                        {"false"},
		"v2('PID-8').exists()":                        {"true"},
		"v2('PID-8') = '\"\"'":                        {"true"},
		"v2('PID-8').valued()":                        {"false"},
		"v2('PID-5.3').valued()":                      {"false"},
		"v2('PID-4').valued()":                        {"false"},
		"v2('PID-7').valued()":                        {"true"},
		"v2('MSH-9.2')":                               {"R01"},
		"v2('MSH-1')":                                 {"|"},
		"v2('ZSY-2')":                                 {"local"},
		"v2('PV1')":                                   {"V2.PV1"},
		"v2('NK1').exists()":                          {"false"},
		"OBX.count()":                                 {"3"},
		"OBX.where(v2('3.1') = '718-7').v2('5')":      {"13.5"},
		"PID.v2('3').where(v2('5') = 'MR').v2('1')":   {"100"},
		"PID.v2('3').where(v2('5') = 'MR').v2('4.2')": {"1.2.3"},
		"PID.v2('3.4').v2('3')":                       {"ISO"},
		"PID.`3`.`1`":                                 {"100", "200"},
		"PID.`5`.children()":                          {"TEST", "SYNTHIA", `""`},
		"OBX.first().v2('PID-5.1')":                   {"TEST"},
		"OBX.v2('PID-5.1')":                           {"TEST"},
		"v2('OBX-2').distinct()":                      {"NM", "ST"},
		"descendants().ofType(V2.Subcomponent)":       {"SYN", "1.2.3", "ISO"},
		"children().first()":                          {"V2.MSH"},
		"PATIENT_RESULT.ORDER_OBSERVATION.count()":    {"2"},
		"PATIENT_RESULT.ORDER_OBSERVATION.where(v2('OBR-25') = 'F').v2('OBX-5')":     {"180", "13.5"},
		"PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX.select(v2('OBR-3'))":       {},
		"PATIENT_RESULT.ORDER_OBSERVATION.descendants().ofType(V2.OBX).v2('3.1')":    {"2093-3", "718-7", "X"},
		"v2('PID-7').length() >= 8 and v2('MSH-12') = '2.5.1'":                       {"true"},
		"(v2('PID-7').substring(0, 4) & '-' & v2('PID-7').substring(4, 2)).toDate()": {"1970-01"},
		"v2('PATIENT_RESULT.ORDER_OBSERVATION[2].OBX-5')":                            {"a", "b"},
		"PID is V2.PID and PID.v2('5') is Field":                                     {"true"},
		"v2(iif(OBX.exists(), 'OBX[1]-5', 'PID-5'))":                                 {"180"},
	} {
		if diff := cmp.Diff(want, texts(t, expr, root)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", expr, diff)
		}
	}
}

func TestRoots(t *testing.T) {
	m := parse(t, oru)
	pid := m.First("PID")
	field := pid.Field(3).Repetition(1)
	if got := texts(t, "v2('5') = 'MR' and v2('4.2') = '1.2.3'", v2.Field(m, field)); !cmp.Equal(got, []string{"true"}) {
		t.Errorf("field root: %v", got)
	}
	if got := texts(t, "v2('5.1') & v2('OBX[1]-5')", v2.Segment(m, pid)); !cmp.Equal(got, []string{"TEST180"}) {
		t.Errorf("segment root: %v", got)
	}
	root, _ := m.Groups()
	var second *hl7v2.Group
	for _, p := range root.Parts[1].Group.Parts {
		if p.Group != nil && p.Group.Name == "ORDER_OBSERVATION" {
			second = p.Group
		}
	}
	if got := texts(t, "v2('OBX-5') | v2('PID-5')", v2.Group(second)); !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("group root: %v", got)
	}
	if got := texts(t, "OBSERVATION.OBX.select(v2('OBR-25')) | v2('OBR')", v2.Group(second)); len(got) != 1 || got[0] != "V2.OBR" {
		// v2('OBR-25') is looked up from an OBX reached through its own group.
		t.Errorf("nested group: %v", got)
	}
}

func TestErrors(t *testing.T) {
	root := v2.Message(parse(t, oru))
	for expr, want := range map[string]string{
		"v2('')":                        "1:4: v2: address is empty",
		"v2('PID-x')":                   "1:4: v2: not an address of HL7 v2",
		"PID.v2('3..1')":                "1:8: v2: not an address within",
		"v2()":                          "1:1: v2 takes 1 argument(s), not 0",
		"v2(1)":                         "1:4: v2: an address is a String",
		"v2('5.1')":                     "1:1: v2: an address without a segment goes on from",
		"PID.v2('3').v2('4.2.1')":       "1:13: v2: address goes deeper",
		"PID.v2('3').v2('4').v2('2.1')": "1:21: v2: address goes deeper",
		"'a'.v2('PID-3')":               "1:5: v2: works on a message",
		"v2(OBX.v2('5'))":               "1:1: v2: takes one address",
	} {
		e, err := v2.Compile(expr)
		if err == nil {
			_, err = e.Evaluate(fhirpath.Context{Root: root})
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s…", expr, err, want)
		}
	}
}

func BenchmarkAddress(b *testing.B) {
	root := v2.Message(parse(b, oru))
	for _, expr := range []string{"v2('PID-5.1').exists()", "v2('PID-8').valued()", "OBX.where(v2('3.1') = '718-7').v2('5')"} {
		e, err := v2.Compile(expr)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(expr, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := e.Bool(fhirpath.Context{Root: root}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
