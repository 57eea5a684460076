package hl7v2_test

import (
	"fmt"
	"strings"
	"testing"

	"handover/hl7v2"
)

func TestAbsentNullValued(t *testing.T) {
	m := parse(t, head+"\rPID|1||\"\"|x|\"\"^y||\"\"~z|\"|\"\"\"")
	for addr, want := range map[string]string{
		"PID-1": "valued", "PID-2": "absent", "PID-3": "null", "PID-4": "valued",
		"PID-5": "valued", "PID-5.1": "null", "PID-5.2": "valued", "PID-5.3": "absent", "PID-6": "absent",
		"PID-7": "valued", "PID-7[1]": "null", "PID-7[2]": "valued", "PID-7[3]": "absent",
		"PID-8": "valued", "PID-9": "valued", "PID-40": "absent", "ZZZ-1": "absent", "PID-3.1.1": "null",
	} {
		v := m.Get(addr)
		got := map[bool]string{true: "absent"}[v.IsAbsent()] + map[bool]string{true: "null"}[v.IsNull()] + map[bool]string{true: "valued"}[v.IsValued()]
		if got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
		if want != "valued" && v.Text() != "" {
			t.Errorf("%s has text", addr)
		}
	}
}

func TestParts(t *testing.T) {
	m := parse(t, head+"\rPID|1|x|A^B&C&D^^E~F||~")
	f := m.First("PID").Field(3)
	for _, c := range []struct {
		about     string
		got, want int
	}{
		{"repetitions of a field", f.Repetitions(), 2},
		{"repetitions of a repetition", f.Repetition(2).Repetitions(), 1},
		{"components of a field", f.Components(), 4},
		{"components of its second repetition", f.Repetition(2).Components(), 1},
		{"components of a component", f.Component(2).Components(), 1},
		{"subcomponents of a component", f.Component(2).Subcomponents(), 3},
		{"subcomponents of a field", f.Subcomponents(), 1},
		{"subcomponents of a subcomponent", f.Component(2).Subcomponent(3).Subcomponents(), 1},
		{"repetitions of nothing", m.Get("PID-4").Repetitions(), 0},
		{"components of nothing", m.Get("PID-4").Components(), 0},
		{"subcomponents of nothing", hl7v2.Value{}.Subcomponents(), 0},
		{"repetitions of two empty ones", m.Get("PID-5").Repetitions(), 2},
		{"fields", m.First("PID").Fields(), 5},
		{"fields of the header", m.First("MSH").Fields(), 12},
		{"fields of nothing", hl7v2.Segment{}.Fields(), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.about, c.got, c.want)
		}
	}
	for _, c := range []struct {
		about string
		got   hl7v2.Value
		want  string
	}{
		{"a primitive's first subcomponent", m.Get("PID-2").Component(1).Subcomponent(1), "x"},
		{"a field's second component", f.Component(2), "B&C&D"},
		{"its second subcomponent", f.Component(2).Subcomponent(2), "C"},
		{"a field's first subcomponent", f.Subcomponent(1), "A"},
		{"a second repetition's component", f.Repetition(2).Component(1), "F"},
		{"a component's first component", f.Component(2).Component(1), "B&C&D"},
		{"a component's second component", f.Component(2).Component(2), ""},
		{"part 0", f.Component(0), ""},
		{"part -1", f.Repetition(-1), ""},
		{"too many", f.Component(9), ""},
	} {
		if c.got.Text() != c.want {
			t.Errorf("%s: %q, want %q", c.about, c.got.Text(), c.want)
		}
	}
}

func TestPartsInOnePass(t *testing.T) {
	m := parse(t, head+"\rPID|1||A^B&C&^~~D|")
	for addr, want := range map[string]string{
		"PID-3": "A^B&C&^,,D", "PID-3[1]": "A,B&C&,", "PID-3[1].2": "B,C,", "PID-3[1].2.1": "", "PID-3[2]": "", "PID-4": "", "PID": "", "MSH-2": "",
	} {
		var got []string
		for v := range m.Get(addr).Parts() {
			got = append(got, v.Text())
		}
		if s := strings.Join(got, ","); s != want {
			t.Errorf("%s: %q, want %q", addr, s, want)
		}
	}
	for addr, want := range map[string]int{"PID-3": 3, "PID-3[1]": 1, "PID-3.1": 1, "PID-4": 0, "MSH-2": 1} {
		n := 0
		for range m.Get(addr).All() {
			n++
		}
		if n != want {
			t.Errorf("%s: All yields %d, want %d", addr, n, want)
		}
	}
}

func TestHeaderFields(t *testing.T) {
	for _, name := range []string{"MSH", "BHS", "FHS"} {
		m := parse(t, name+"|^~\\&|App^Sub|")
		s := m.Segment(0)
		for n, want := range map[int]string{1: "|", 2: "^~\\&", 3: "App^Sub", 4: "", 5: ""} {
			if got := s.Field(n).Text(); got != want {
				t.Errorf("%s-%d is %q, want %q", name, n, got, want)
			}
		}
		if got := s.Field(2).Component(1).Text(); got != "^~\\&" {
			t.Errorf("%s-2.1 is %q", name, got)
		}
		if s.Fields() != 4 {
			t.Errorf("%s has %d fields", name, s.Fields())
		}
	}
}

func TestAllFieldsAgreesWithField(t *testing.T) {
	for _, text := range []string{head, head + "\rPID", head + "\rPID|", head + "\rPID|a||c|", "MSH|^"} {
		m := parse(t, text)
		for i := range m.Len() {
			s, n := m.Segment(i), 0
			for k, v := range s.All() {
				if n++; k != n || v != s.Field(k) {
					t.Errorf("%q segment %d: field %d differs", text, i, k)
				}
			}
			if n != s.Fields() {
				t.Errorf("%q segment %d: %d fields, counted %d", text, i, n, s.Fields())
			}
		}
	}
}

func TestSegmentPositions(t *testing.T) {
	m := parse(t, head+"\rOBX|1\rNTE|1\rOBX|2\rNTE|2")
	s := m.Segment(3)
	if s.Name() != "OBX" || s.Index() != 3 || s.Occurrence() != 2 || string(s.Raw()) != "OBX|2" || string(m.Bytes()[s.Byte():][:5]) != "OBX|2" {
		t.Errorf("segment 3: %s %d %d", s.Name(), s.Index(), s.Occurrence())
	}
	none := m.First("ZZZ")
	if none.Valid() || none.Index() != -1 || none.Occurrence() != 0 || none.Name() != "" || none.Raw() != nil || !none.Field(1).IsAbsent() {
		t.Error("a segment that is not there says something")
	}
	if m.Segment(-1).Valid() || m.Segment(5).Valid() || m.First("").Valid() || m.First("OB").Valid() {
		t.Error("found what is not there")
	}
	n := 0
	for range m.All("OBX") {
		n++
	}
	if n != 2 {
		t.Errorf("All found %d OBX", n)
	}
}

func TestValuePrintsNoContent(t *testing.T) {
	v := parse(t, head+"\rPID|1||SECRET").Get("PID-3")
	type nested struct{ inner hl7v2.Value }
	for _, verb := range []string{"%v", "%s", "%#v"} {
		if out := fmt.Sprintf(verb, v); strings.Contains(out, "SECRET") {
			t.Errorf("%s prints %s", verb, out)
		}
		if out := fmt.Sprintf(verb, nested{v}); strings.Contains(out, "SECRET") {
			t.Errorf("%s of a struct prints %s", verb, out)
		}
	}
}
