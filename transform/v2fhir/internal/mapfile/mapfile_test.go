package mapfile

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every map file of the program reads, and is written again with the same meaning.
func TestMapsRoundTrip(t *testing.T) {
	n := 0
	err := fs.WalkDir(os.DirFS("../../maps"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".map") {
			return err
		}
		n++
		data, err := os.ReadFile("../../maps/" + path)
		if err != nil {
			return err
		}
		m, err := Parse(string(data))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		checkRoundTrip(t, m)
		return nil
	})
	if err != nil || n < 200 {
		t.Errorf("%d map files read: %v", n, err)
	}
}

func checkRoundTrip(t *testing.T, m *Map) {
	t.Helper()
	back, err := Parse(m.String())
	if err != nil {
		t.Errorf("%s: %v", m.ID(), err)
		return
	}
	if d := cmp.Diff(m, back); d != "" {
		t.Errorf("%s:\n%s", m.ID(), d)
	}
}

func TestParseTarget(t *testing.T) {
	for _, text := range []string{
		"$this", "birthDate", "identifier[2].type.coding.code", "value[Quantity].value", "extension[3].value[Address].text",
		"requester(PractitionerRole.organization(Organization.address))", "location(Location[4].identifier)", "[2].given[1]", "[4]",
		"component[each].value[Range][1].low", "performer[2](Organization)",
	} {
		got, err := ParseTarget(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.String() != text {
			t.Errorf("%s comes back as %s", text, got)
		}
	}
	for _, text := range []string{"a..b", "a[", "a[x]", "a(", "a(B.c", "a.b)", "[x].a", "a(B).c"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%s was read as %s", text, got)
		}
	}
}

// Every problem is reported, each with its line.
func TestParseReportsEveryProblem(t *testing.T) {
	_, err := Parse("map segment X : PID -> Patient\nfoo bar\n1 PID-1 to x\n2 PID-2 -> a..b\n    huh 1\n")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`line 2: unknown word "foo"`, "line 3: a rule needs ->", "line 4: path a..b: column 3: expected a name", `line 5: unknown word "huh" under a rule`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestParseParts(t *testing.T) {
	parts, err := ParseParts(`"urn:oid:" + HD.2 + add(AIG-8, AIG-11, "min")`)
	want := []Part{{Literal: "urn:oid:"}, {Ref: "HD.2"}, {Func: "add", Args: []string{"AIG-8", "AIG-11", `"min"`}}}
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, parts); d != "" {
		t.Error(d)
	}
	for _, text := range []string{`"open`, "A B", "f(x"} {
		if _, err := ParseParts(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// What reads is written and read the same.
func FuzzParse(f *testing.F) {
	f.Add("map segment PID-Patient : PID -> Patient\n\n4 PID-2 -> identifier by CX-Identifier table T = \"x\" + PID-3\n    when v2('A').exists()\n")
	f.Add("map table T\nsystem HL70001\n\n3 F -> female display \"Female\" system http://x\n4 \"a b\" -> -\n")
	f.Add("map message M\nlike N\nserves A B^C\n\n1 G.PID after PV1#2 -> Patient[1]? by P\n    ref Patient[1].a.b -> B\n    move A : B -> C[2]\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		once := m.String()
		back, err := Parse(once)
		if err != nil {
			t.Fatalf("%v in\n%s", err, once)
		}
		if twice := back.String(); twice != once {
			t.Errorf("first\n%s\nthen\n%s", once, twice)
		}
	})
}
