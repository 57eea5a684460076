package listed

import (
	"slices"
	"testing"
)

func TestList(t *testing.T) {
	l, err := Parse("# a note\n\nmissing Patient.* by PID[Patient] | because\nunasked A.b | other\n")
	if err != nil {
		t.Fatal(err)
	}
	for difference, want := range map[string]bool{
		"missing Patient.name.use by PID[Patient]": true,
		"missing Patient.name.use by PIDxPatient]": false,
		"missing Patient by PID[Patient]":          false,
		"unasked A.b.c":                            false,
	} {
		if got := l.Has(difference, 1); got != want {
			t.Errorf("%q: listed %v, want %v", difference, got, want)
		}
	}
	if got := l.Unused(); !slices.Equal(got, []string{"unasked A.b"}) {
		t.Errorf("unused: %q", got)
	}
}

func TestReasonIsNeeded(t *testing.T) {
	for _, text := range []string{"a", "a |", "a | "} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q has no reason and is taken", text)
		}
	}
}

func TestPage(t *testing.T) {
	l, err := Page("# P\n- `x`: no\n\n## Here\ntext\n### sub\n- `a b`, `c*`: why\n\n## There\n- `d`: no\n", "## Here")
	if err != nil {
		t.Fatal(err)
	}
	if !l.Has("a b", 1) || !l.Has("cde", 1) || l.Has("d", 1) || l.Has("x", 1) {
		t.Errorf("the wrong lines were read: %+v", l.lines)
	}
	if _, err := Page("# P\n", "## Here"); err == nil {
		t.Error("a page without the heading is taken")
	}
	if _, err := Page("\n## Here\n- `a`\n", "## Here"); err == nil {
		t.Error("an item without a reason is taken")
	}
}
