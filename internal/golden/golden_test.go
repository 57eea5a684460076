package golden

import (
	"strings"
	"testing"
)

const story = "A story.\n\n-- in.hl7 --\nMSH|^~\\&|A\nPID|1\n-- want.json --\n{\"a\": [1, {\"b\": \"x\"}], \"n\": 1.00}\n-- want.log --\none\ntwo\n"

func TestMessageGetsItsCarriageReturns(t *testing.T) {
	s, err := Parse([]byte(story))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.Message()); got != "MSH|^~\\&|A\rPID|1\r" {
		t.Errorf("got %q", got)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name, json, log string
		want            []string
	}{
		{"the same in another layout", `{"n":1.00,"a":[1,{"b":"x"}]}`, "one\ntwo\n\n", nil},
		{"digits count", `{"n":1.0,"a":[1,{"b":"x"}]}`, "one\ntwo", []string{"n: want 1.00, got 1.0"}},
		{"another value", `{"n":1.00,"a":[1,{"b":"y"}]}`, "one\ntwo", []string{`a[1].b: want "x", got "y"`}},
		{"something more", `{"n":1.00,"a":[1,{"b":"x","c":2}]}`, "one\ntwo", []string{"a[1].c: want nothing, got 2"}},
		{"something less", `{"n":1.00,"a":[1]}`, "one\ntwo", []string{`a[1]: want {"b":"x"}, got nothing`}},
		{"another kind", `{"n":1.00,"a":"1"}`, "one\ntwo", []string{`a: want [1,{"b":"x"}], got "1"`}},
		{"log", `{"n":1.00,"a":[1,{"b":"x"}]}`, "one", []string{"want.log line 2: want two, got nothing"}},
		{"no JSON", `{`, "one\ntwo", []string{"result: want JSON, got cannot be read as JSON: unexpected EOF"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse([]byte(story))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range s.Compare([]byte(c.json), c.log) {
				got = append(got, d.String())
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"only prose", "-- in.hl7 --\nMSH\n-- in.hl7 --\nMSH\n"} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("no error for %q", text)
		}
	}
}

// A story that was updated holds, and keeps its prose and its input.
func TestUpdateThenCompare(t *testing.T) {
	s, err := Parse([]byte(story))
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Update([]byte(`{"z":true}`), "three")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := again.Compare([]byte(`{"z":true}`), "three"); len(d) > 0 {
		t.Error(d)
	}
	if again.Prose != s.Prose || string(again.Message()) != string(s.Message()) {
		t.Error("prose or input changed")
	}
}

func TestRun(t *testing.T) {
	n := 0
	Run(t, "testdata", func(t *testing.T, s *Story) ([]byte, string) {
		n++
		return []byte(`{"segments":2}`), "read\n"
	})
	if n != 1 && !*update {
		t.Errorf("%d stories run", n)
	}
}
