package record

import (
	"fmt"
	"testing"

	"handover"
)

// listed says of the next of kin by these names, and that there are no others.
func listed(source string, minute int, names ...string) *said {
	options := []option{func(r *handover.ResourceAssertion) {
		r.Elements = append(r.Elements, handover.Element{Name: "contact", Part: "NK1/", Removed: true, Listed: true})
	}}
	for _, n := range names {
		options = append(options, part("contact", "NK1/"+n, `[{"gender":"`+n+`"}]`))
	}
	return message(source, "ADT^A31", minute).patient("1", options...)
}

func TestAListTakesOffWhatItDoesNotName(t *testing.T) {
	for name, c := range map[string]struct {
		day  []*said
		want []string
	}{
		"the newest list counts":             {[]*said{listed("pas", 1, "male", "female"), listed("pas", 2, "female")}, []string{"female"}},
		"a late one brings nobody back":      {[]*said{listed("pas", 2, "female"), listed("pas", 1, "male")}, []string{"female"}},
		"who is listed again is there":       {[]*said{listed("pas", 1, "male"), listed("pas", 2), listed("pas", 3, "male")}, []string{"male"}},
		"nobody":                             {[]*said{listed("pas", 1, "male", "female"), listed("pas", 2)}, nil},
		"another source's stay":              {[]*said{listed("crm", 1, "male"), listed("pas", 2, "female")}, []string{"female", "male"}},
		"what is no such part is not listed": {[]*said{message("pas", "ADT^A31", 1).patient("1", part("contact", "PD1-4", `[{"gender":"other"}]`)), listed("pas", 2)}, []string{"other"}},
	} {
		l := sqlite(t, Rules{})
		l.hear(c.day...)
		if diffs := l.verify(); diffs != nil {
			t.Errorf("%s: the facts alone give other tables: %+v", name, diffs)
		}
		var want []any
		for _, gender := range c.want {
			want = append(want, map[string]any{"gender": gender})
		}
		got, _ := l.current("Patient", patientID("1"))["contact"].([]any)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// A message that comes late is told that newer word stands, not that another
// source owns the element.
func TestAPartThatIsNoLongerListedIsOlderWord(t *testing.T) {
	l := sqlite(t, Rules{})
	w := l.hear(listed("pas", 2, "female"), listed("pas", 1, "male"))
	if len(w.Older) != 1 || w.Older[0].Reason != "newer word stands: identifier, contact" {
		t.Errorf("older: %+v", w.Older)
	}
}
