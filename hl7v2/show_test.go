package hl7v2

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"handover/internal/corpus"
)

// golden runs f on in.hl7 of each story and compares what it makes with the
// story's other files.
func golden(t *testing.T, pattern string, f func(m *Message, name string) []byte) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories at %s (%v)", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			story, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(story.Files) < 2 || story.Files[0].Name != "in.hl7" {
				t.Fatal("a story has in.hl7 and what shall come out")
			}
			in := bytes.ReplaceAll(story.Files[0].Data, []byte("\n"), []byte("\r"))
			m, _ := Parse(in)
			for i, file := range story.Files[1:] {
				got := f(m, file.Name)
				if *update {
					story.Files[i+1].Data = got
				} else if !bytes.Equal(got, file.Data) {
					t.Errorf("%s\n got\n%s\nwant\n%s", file.Name, got, file.Data)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(story), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestShowStories(t *testing.T) {
	golden(t, "testdata/show/*.txtar", func(m *Message, name string) []byte {
		var b bytes.Buffer
		var err error
		switch name {
		case "want.txt":
			err = Show(&b, m, ShowOptions{})
		case "want.groups.txt":
			err = Show(&b, m, ShowOptions{Groups: true})
		case "want.hidden.txt":
			err = Show(&b, m, ShowOptions{HideValues: true})
		case "want.json":
			err = ShowJSON(&b, m, ShowOptions{})
		default:
			t.Errorf("no such output: %s", name)
		}
		if err != nil {
			t.Error(err)
		}
		return b.Bytes()
	})
}

// TestShowCorpus shows every real message: the text holds no control
// characters, the JSON reads, and hidden values are hidden.
func TestShowCorpus(t *testing.T) {
	n := 0
	corpus.Each(t, func(c corpus.Message) {
		if n++; n%4 != 0 && testing.Short() {
			return
		}
		m, _ := Parse(c.Bytes)
		if m == nil {
			return
		}
		var text, object bytes.Buffer
		if err := Show(&text, m, ShowOptions{Groups: true}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(text.String(), isSteering) {
			t.Errorf("%s: control characters are shown", c.Path)
		}
		if err := ShowJSON(&object, m, ShowOptions{HideValues: true}); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(object.Bytes()) || bytes.Contains(object.Bytes(), []byte(`"value"`)) {
			t.Errorf("%s: JSON is wrong or shows values", c.Path)
		}
	})
}

func TestShowLeavesNothingOut(t *testing.T) {
	in := "MSH|^~\\&|A^B&C^D|x~y|||||ADT^A01|1|P|2.5\rPID|||1^^^H&1.2&ISO^MR~2||\"\"\rZXX|a^b&c\r"
	m, _ := Parse([]byte(in))
	var got []string
	for i := range m.Len() {
		for l := range leaves(m.Segment(i)) {
			got = append(got, l.address+"="+string(l.value.Raw()))
			if a, err := ParseAddress(l.address); err != nil || !bytes.Equal(m.At(a).Raw(), l.value.Raw()) {
				t.Errorf("%s leads elsewhere", l.address)
			}
		}
	}
	want := `MSH-1=| MSH-2=^~\& MSH-3.1=A MSH-3.2=B&C MSH-3.3=D MSH-4[1].1=x MSH-4[2].1=y MSH-9.1=ADT MSH-9.2=A01 MSH-10=1 ` +
		`MSH-11.1=P MSH-12.1=2.5 PID-3[1].1=1 PID-3[1].4.1=H PID-3[1].4.2=1.2 PID-3[1].4.3=ISO PID-3[1].5=MR PID-3[2].1=2 PID-5="" ` +
		`ZXX-1.1=a ZXX-1.2.1=b ZXX-1.2.2=c`
	want = strings.Replace(want, "MSH-3.2=B&C", "MSH-3.2.1=B MSH-3.2.2=C", 1)
	if s := strings.Join(got, " "); s != want {
		t.Errorf("\n got %s\nwant %s", s, want)
	}
}

func TestDisplayOnlyOfItsTable(t *testing.T) {
	for value, want := range map[string]string{
		"I": "Inpatient", "I^^HL70004": "Inpatient", "I^^LOCAL": "", "QQ": "",
	} {
		m, _ := Parse([]byte("MSH|^~\\&|||||||ADT^A01|1|P|2.5\rPV1||" + value + "\r"))
		got := ""
		for l := range leaves(m.First("PV1")) {
			got += l.display
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}
