package hl7v2

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"handover/internal/corpus"
)

// tree writes groups and problems as the stories have them.
func tree(m *Message) []byte {
	root, problems := m.Groups()
	var b bytes.Buffer
	var write func(g *Group, indent string)
	write = func(g *Group, indent string) {
		for _, p := range g.Parts {
			if p.Group == nil {
				fmt.Fprintf(&b, "%s%s %d\n", indent, p.Segment.Name(), p.Segment.Index()+1)
				continue
			}
			fmt.Fprintf(&b, "%s%s\n", indent, p.Group.Name)
			write(p.Group, indent+"  ")
		}
	}
	fmt.Fprintf(&b, "%s\n", root.Name)
	write(root, "  ")
	for _, p := range problems {
		fmt.Fprintf(&b, "! %s %s: %s\n", p.Code, p.Where, p.Text)
	}
	return b.Bytes()
}

func TestGroupStories(t *testing.T) {
	golden(t, "testdata/groups/*.txtar", func(m *Message, _ string) []byte { return tree(m) })
}

// everySegmentOnce checks what Groups promises of any message.
func everySegmentOnce(t *testing.T, m *Message) {
	t.Helper()
	root, _ := m.Groups()
	var seen []int
	var walk func(g *Group)
	walk = func(g *Group) {
		if len(g.Parts) == 0 && m.Len() > 0 {
			t.Errorf("group %s is empty", g.Name)
		}
		for _, p := range g.Parts {
			if (p.Group == nil) == !p.Segment.Valid() {
				t.Errorf("a part of %s is both or neither", g.Name)
			}
			if p.Group != nil {
				walk(p.Group)
			} else {
				seen = append(seen, p.Segment.Index())
			}
		}
	}
	walk(root)
	slices.Sort(seen)
	for i, n := range seen {
		if i != n {
			t.Fatalf("segment %d is missing or twice in the tree", i)
		}
	}
	if len(seen) != m.Len() {
		t.Errorf("%d of %d segments are in the tree", len(seen), m.Len())
	}
}

// TestGroupsCorpus groups every real message, and shows how many fit their
// structure wholly.
func TestGroupsCorpus(t *testing.T) {
	known, fit := 0, 0
	corpus.Each(t, func(c corpus.Message) {
		m, _ := Parse(c.Bytes)
		if m == nil {
			return
		}
		everySegmentOnce(t, m)
		root, problems := m.Groups()
		if root.Name == "" {
			return
		}
		known++
		if len(problems) == 0 {
			fit++
		}
	})
	t.Logf("%d messages of a known structure, %d fit it wholly", known, fit)
}

// TestGroupAddresses: where a problem names a group's place, the address leads
// to that group.
func TestGroupAddresses(t *testing.T) {
	m, _ := Parse([]byte("MSH|^~\\&|||||||VXU^V04|1|P|2.5.1\rPID|1\rORC|RE\rRXA|0\rORC|RE\rOBX|1\r"))
	_, problems := m.Groups()
	if len(problems) != 1 || problems[0].Where != "ORDER[2].RXA" {
		t.Fatalf("%+v", problems)
	}
	if !m.Get("ORDER[1].OBX-1").IsAbsent() || m.Get("ORDER[2].OBSERVATION[1].OBX-1").Text() != "1" {
		t.Error("the group's address does not lead to it")
	}
}

// TestManyProblemsAreCounted: reports stay short whatever the message.
func TestManyProblemsAreCounted(t *testing.T) {
	in := "MSH|^~\\&|||||||ADT^A01|1|P|2.5\rEVN|\rPID|1\rPV1|\r" + strings.Repeat("QQQ|1\r", 10_000)
	m, _ := Parse([]byte(in))
	if _, problems := m.Groups(); len(problems) != reportLimit+1 {
		t.Errorf("%d problems", len(problems))
	}
}

func FuzzGroups(f *testing.F) {
	for _, s := range []string{
		"ORU^R01 PID OBX ORC OBR NTE OBX SPM OBX DSC", "OML^O21 ORC OBR ORC OBR SGH PID ORC OBR OBX SGT ORC",
		"ADT^A17 PID PV1 PID PV1 Z01", "QBP^Q11 QPD QQQ RCP", "RDE^O11 ORC RXR RXE TQ1 RXO", "XXX^X01 A", "ADT^A39 MRG PID PID MRG PV1 NTE",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := strings.Fields(text)
		if len(names) == 0 || len(names) > 200 {
			return
		}
		in := "MSH|^~\\&|||||||" + names[0] + "|1|P|2.5\r"
		for i, n := range names[1:] {
			in += fmt.Sprintf("%s|%d\r", n, i)
		}
		m, _ := Parse([]byte(in))
		if m == nil {
			return
		}
		everySegmentOnce(t, m)
		if !bytes.Equal(tree(m), tree(m)) {
			t.Error("the same message is grouped otherwise the second time")
		}
	})
}

func BenchmarkGroups(b *testing.B) {
	oru := "MSH|^~\\&|LAB||||20260102||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||1\rPV1|1|I\rORC|RE\rOBR|1\r" + strings.Repeat("OBX|1|NM|X||1\r", 20)
	m, _ := Parse([]byte(oru))
	b.ReportAllocs()
	for b.Loop() {
		m.Groups()
	}
}
