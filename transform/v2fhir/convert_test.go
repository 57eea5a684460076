package v2fhir

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"handover"
	"handover/hl7v2"
)

func convert(t testing.TB, c Config, segments ...string) (handover.Assertions, []handover.Problem) {
	t.Helper()
	m, _ := hl7v2.Parse([]byte(strings.Join(segments, "\r") + "\r"))
	if m == nil {
		t.Fatal("the message cannot be read")
	}
	return New(c).Convert(m)
}

const header = `MSH|^~\&|ADT|NORTHTOWN|EHR|NORTHTOWN|20240310103000+0100||%s|T0001|P|2.5.1`

func head(event string) string { return fmt.Sprintf(header, event) }

// The same message gives the same assertions, whoever converts beside it.
func TestConvertIsPure(t *testing.T) {
	data := load(t, "testdata/bench/oru_r01.hl7")
	c := New(Config{Source: "lab"})
	m, _ := hl7v2.Parse(data)
	first, _ := c.Convert(m)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				m, _ := hl7v2.Parse(data)
				if again, _ := c.Convert(m); !reflect.DeepEqual(first, again) {
					t.Error("the second conversion differs")
					return
				}
			}
		})
	}
	wait.Wait()
}

// What was converted stays what it is when others are converted after it.
func TestAssertionsDoNotShareMemory(t *testing.T) {
	c := New(Config{})
	m, _ := hl7v2.Parse(load(t, "testdata/bench/adt_a01.hl7"))
	a, _ := c.Convert(m)
	before, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	other, _ := hl7v2.Parse(load(t, "testdata/bench/oru_r01.hl7"))
	for range 10 {
		c.Convert(other)
	}
	after, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("assertions changed after later conversions")
	}
}

// Reasons and problems name places, never what stands there.
func TestNothingIsDisclosed(t *testing.T) {
	const secret = "QZXSECRET"
	fields := func(name string, n int) string {
		return name + strings.Repeat("|"+secret+"^"+secret+"&"+secret+"^^"+secret+"~"+secret, n)
	}
	for _, event := range []string{"ADT^A01^ADT_A01", "ADT^A40^ADT_A39", "ORU^R01^ORU_R01", "SIU^S12^SIU_S12", "MDM^T02^MDM_T02", "VXU^V04^VXU_V04", "ZZZ^Z99"} {
		segments := []string{head(event)}
		for _, name := range []string{"EVN", "SCH", "PID", "PD1", "NK1", "MRG", "PV1", "PV2", "AL1", "DG1", "PR1", "IN1", "ORC", "OBR", "OBX", "NTE", "SPM", "TXA", "RXA", "RXR", "AIS", "ZZZ"} {
			segments = append(segments, fields(name, 30))
		}
		a, problems := convert(t, Config{Source: "x"}, segments...)
		for _, l := range a.Left {
			if strings.Contains(l.Field+l.Reason, secret) {
				t.Errorf("%s: left discloses content at %s", event, l.Field)
			}
		}
		for _, p := range problems {
			if strings.Contains(p.Where+p.Text, secret) {
				t.Errorf("%s: a problem discloses content at %s", event, p.Where)
			}
		}
		if len(a.Left) == 0 {
			t.Errorf("%s: nothing is left of nonsense", event)
		}
	}
}

// The site's tables answer where HL7's have nothing.
func TestTranslate(t *testing.T) {
	asked := []string{}
	c := Config{Source: "lab", Translate: func(system, code string) []Coding {
		asked = append(asked, system+"|"+code)
		if code == "GLU" {
			return []Coding{{"http://loinc.org", "1554-5", "Glucose"}}
		}
		return nil
	}}
	a, _ := convert(t, c, head("ORU^R01^ORU_R01"), "PID|1||P1", "OBR|1||L1|GLU^Glucose^L|||||||||||||||||||||F")
	report := find(t, &a, "DiagnosticReport-1")
	want := `{"coding":[{"system":"urn:x-handover-code-system:lab:L","code":"GLU","display":"Glucose"},{"system":"http://loinc.org","code":"1554-5","display":"Glucose"}]}`
	if got := element(report, "code"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !slices.Contains(asked, "urn:x-handover-code-system:lab:L|GLU") {
		t.Errorf("asked %v", asked)
	}
}

func find(t testing.TB, a *handover.Assertions, handle string) *handover.ResourceAssertion {
	t.Helper()
	for i := range a.Resources {
		if a.Resources[i].Handle == handle {
			return &a.Resources[i]
		}
	}
	t.Fatalf("no %s", handle)
	return nil
}

func element(r *handover.ResourceAssertion, name string) string {
	for _, e := range r.Elements {
		if e.Name == name {
			return string(e.Value)
		}
	}
	return ""
}

// Two sources' local codes stay apart; standard ones are the same everywhere.
func TestCodeSystems(t *testing.T) {
	l := shared()
	for _, c := range []struct{ name, oid, source, want string }{
		{"LN", "", "a", "http://loinc.org"},
		{"HL70001", "", "a", "http://terminology.hl7.org/CodeSystem/v2-0001"},
		{"L", "", "a", "urn:x-handover-code-system:a:L"},
		{"L", "", "b", "urn:x-handover-code-system:b:L"},
		{"99 LAB", "", "a b", "urn:x-handover-code-system:a%20b:99%20LAB"},
		{"X", "1.2.840.1", "a", "urn:oid:1.2.840.1"},
		{"2.16.840.1.113883.6.96", "", "a", "urn:oid:2.16.840.1.113883.6.96"},
		{"", "", "a", ""},
		{"", "1.2.3", "a", "urn:oid:1.2.3"},
		{"http://example.org/codes", "", "a", "http://example.org/codes"},
	} {
		if got := l.systemURI(c.name, c.oid, c.source); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// The event time is EVN-6, EVN-2, OBR-22, MSH-7, the first that there is; of an
// event that takes another one back, EVN-6 is the time of that one.
func TestEventTime(t *testing.T) {
	for _, c := range []struct{ event, segments, want string }{
		{"A08", "EVN||202403100900+0100||||202403100800+0100", "2024-03-10T07:00:00Z"},
		{"A08", "EVN||202403100900+0100", "2024-03-10T08:00:00Z"},
		{"A08", "OBR|1|||||||||||||||||||||202403100700+0100", "2024-03-10T06:00:00Z"},
		{"A08", "PID|1", "2024-03-10T09:30:00Z"},
		{"A13", "EVN||202403100900+0100||||202403100800+0100", "2024-03-10T08:00:00Z"},
		{"A11", "EVN||||||202403100800+0100", "2024-03-10T09:30:00Z"},
	} {
		a, _ := convert(t, Config{}, head("ADT^"+c.event), c.segments)
		if got := a.EventTime.UTC().Format("2006-01-02T15:04:05Z07:00"); got != c.want {
			t.Errorf("%s: got %s, want %s", c.segments, got, c.want)
		}
	}
}

// Every event of the families of this step has a map; others get the general one.
func TestEveryEventHasItsMap(t *testing.T) {
	l := shared()
	for n := 1; n <= 62; n++ {
		event := fmt.Sprintf("A%02d", n)
		structure := hl7v2.StructureOf("ADT", event, "")
		p := l.message("ADT", event, structure)
		general := n == 19 || n == 20 || n >= 56 && n <= 59 // a query, a bed's status, and numbers not given out
		if (p.name == "ANY") != general {
			t.Errorf("ADT^%s goes by %s", event, p.name)
		}
	}
	for _, key := range []string{"ORU^R01", "ORM^O01", "OML^O21", "MDM^T01", "MDM^T02", "MDM^T11", "SIU^S12", "SIU^S26", "VXU^V04"} {
		code, trigger, _ := strings.Cut(key, "^")
		if p := l.message(code, trigger, ""); p.name == "ANY" {
			t.Errorf("%s has no map", key)
		}
	}
}

func TestBundle(t *testing.T) {
	a, _ := convert(t, Config{Source: "adt"}, head("ADT^A40^ADT_A39"), "PID|1||P2^^^N^MR||TESTER^ANNA", "MRG|P1^^^N^MR")
	var got struct {
		ResourceType, Type string
		Entry              []struct {
			FullURL  string
			Resource map[string]any
			Request  struct{ Method, URL string }
		}
	}
	data := Bundle(a, func(typ, _, value string) string { return strings.ToLower(typ[:1] + value) })
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if got.ResourceType != "Bundle" || got.Type != "transaction" || len(got.Entry) != len(a.Resources) {
		t.Errorf("%d entries of %d", len(got.Entry), len(a.Resources))
	}
	if strings.Contains(strings.ReplaceAll(string(data), `"fullUrl":"urn:handover:`, ""), "urn:handover:") {
		t.Error("a reference by handle is left")
	}
	for _, e := range got.Entry {
		if e.Request.Method != "PUT" || e.Request.URL != fmt.Sprint(e.Resource["resourceType"], "/", e.Resource["id"]) {
			t.Errorf("%s is put to %s", e.FullURL, e.Request.URL)
		}
		if e.Request.URL == "Patient/pp1" && (e.Resource["active"] != false || !strings.Contains(fmt.Sprint(e.Resource["link"]), "replaced-by")) {
			t.Errorf("the loser is %v", e.Resource)
		}
	}
}

func TestExplain(t *testing.T) {
	a, _ := convert(t, Config{}, head("ADT^A08^ADT_A01"), "PID|1||P1||TESTER^ANNA~BORN^ANNA|||F||||||||\"\"", "ZZZ|1")
	text := Explain(a)
	for _, want := range []string{
		"Patient-1.name[0].family\tPID-5.1.1\tsegment/PID-Patient:7 > XPN-HumanName:3 > FN-HumanName:3\n",
		"Patient-1.name[1].given[0]\tPID-5[2].2\tsegment/PID-Patient:7 > XPN-HumanName:4\n",
		"Patient-1.gender\tPID-8.1\tsegment/PID-Patient:13 > CWE-code:3 > table/AdministrativeSex:3\n",
		"Patient-1.maritalStatus (removed)\tPID-16\tsegment/PID-Patient:26\n",
		"left\tZZZ\tno-map",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Whatever comes, Convert does not panic, and what it returns holds together.
func FuzzConvert(f *testing.F) {
	for _, name := range []string{"adt_a01", "oru_r01"} {
		f.Add(load(f, "testdata/bench/"+name+".hl7"))
	}
	for _, event := range []string{"ADT^A40^ADT_A39", "ADT^A45", "SIU^S12", "MDM^T02", "VXU^V04", "ORM^O01", "ACK"} {
		f.Add([]byte(head(event) + "\rPID|1||A^^^B~\"\"\rMRG|C\rPV1|1|I|A^B^C^D\rORC|NW|1\rOBR|1|1|2|C\rOBX|1|SN|A||<^1^-^2~3\rSCH|1\rTXA|1\rRXA|0|1|2\r"))
	}
	c := New(Config{Source: "fuzz"})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _ := hl7v2.Parse(data)
		if m == nil {
			return
		}
		a, _ := c.Convert(m)
		checkAssertions(t, "fuzz", &a)
	})
}

// A field whose number is 256 higher than that of one that was taken is none the less
// left.
func TestLeftBeyondTheLastField(t *testing.T) {
	a, _ := convert(t, Config{Source: "adt"}, head("ADT^A08^ADT_A01"),
		"PID|1||900001^^^N^MR||TESTPERSON^ADA"+strings.Repeat("|", 256)+"far out|"+strings.Repeat("|", 300)+"farther", "PV1|1|I")
	left := map[string]bool{}
	for _, l := range a.Left {
		left[l.Field] = true
	}
	for _, field := range []string{"PID-261", "PID-562"} {
		if !left[field] {
			t.Errorf("%s is not left: %v", field, a.Left)
		}
	}
}
