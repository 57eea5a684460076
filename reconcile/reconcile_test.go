package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

var noon = time.Date(2031, 3, 4, 12, 0, 0, 0, time.UTC)

// patient is one that the source has spoken of.
func patient(id, number, more string) Resource {
	return Resource{
		ID: id, LastUpdated: noon.Add(-time.Hour), Said: noon.Add(-2 * time.Hour), Spoke: true, Identifiers: []string{"PAS|" + number},
		Content: []byte(`{"resourceType":"Patient","id":"` + id + `"` + more + `}`),
	}
}

func compare(t *testing.T, list string, c Config, resources ...Resource) Report {
	t.Helper()
	e, err := Read(strings.NewReader(list), "Patient")
	if err != nil {
		t.Fatal(err)
	}
	comparison := e.Compare(c)
	for _, r := range resources {
		if err := comparison.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return comparison.Report("pas")
}

// told writes a report's findings, one a line.
func told(r Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%d %s %s %s", f.Line, f.What, f.Identifier, f.ID)
		if f.Field != "" {
			fmt.Fprintf(&b, " %s=%q not %q", f.Field, f.Record, f.Extract)
		}
		if f.Detail != "" {
			b.WriteString(" (" + f.Detail + ")")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	one := patient("a", "1", `,"birthDate":"1980-02-01","gender":"male","name":[{"family":"Testperson"},{"family":"Exemplar"}]`)
	two := patient("b", "2", `,"birthDate":"1981"`)
	merged := patient("m", "3", `,"active":false,"link":[{"other":{"reference":"Patient/a"},"type":"replaced-by"}]`)
	foreign := patient("f", "4", "")
	foreign.Spoke = false
	both := patient("c", "5", "")
	both.Identifiers = append(both.Identifiers, "NHS|9")
	newest := patient("n", "7", `,"birthDate":"1990-01-01"`)
	newest.LastUpdated = noon.Add(time.Minute)
	for name, c := range map[string]struct {
		list      string
		config    Config
		record    []Resource
		want      string
		compared  int
		agree     int
		later     int
		unlimited int
	}{
		"all agree":            {list: "identifier,birthDate\n1,1980-02-01\n2,1981\n", record: []Resource{one, two}, compared: 2, agree: 2},
		"a system":             {list: "identifier\nPAS|1\nLAB|2\n", record: []Resource{one, two}, compared: 1, agree: 1, want: "3 not-in-record LAB|2 \n0 not-in-extract PAS|2 b\n"},
		"either side lacks":    {list: "identifier\n1\n8\n", record: []Resource{one, two}, compared: 1, agree: 1, want: "3 not-in-record 8 \n0 not-in-extract PAS|2 b\n"},
		"v2 dates":             {list: "identifier,birthDate\n1,19800201\n", record: []Resource{one}, compared: 1, agree: 1},
		"one of several":       {list: "identifier,name.family\n1,Exemplar\n", record: []Resource{one}, compared: 1, agree: 1},
		"another value":        {list: "identifier,name.family,gender\n1,Nobody,male\n", record: []Resource{one}, compared: 1, want: "2 differs 1 a name.family=\"Testperson, Exemplar\" not \"Nobody\"\n"},
		"an empty cell":        {list: "identifier,gender,birthDate\n1,,1980-02-01\n2,,1981\n", record: []Resource{one, two}, compared: 2, agree: 1, want: "2 differs 1 a gender=\"male\" not \"\"\n"},
		"a value it lacks":     {list: "identifier,gender\n2,female\n", record: []Resource{two}, compared: 1, want: "2 differs 2 b gender=\"\" not \"female\"\n"},
		"merged away":          {list: "identifier\n1\n3\n", record: []Resource{one, merged}, compared: 1, agree: 1, want: "3 withdrawn 3 m (it is replaced by Patient/a)\n"},
		"merged, not listed":   {list: "identifier\n1\n", record: []Resource{one, merged}, compared: 1, agree: 1},
		"of others":            {list: "identifier\n4\n", record: []Resource{foreign}, want: "2 other-source 4 f (the record has it from others only)\n"},
		"of others, too":       {list: "identifier\n1\n", record: []Resource{{ID: "x", Identifiers: []string{"LAB|1"}, Content: []byte(`{"resourceType":"Patient"}`)}, one}, compared: 1, agree: 1},
		"not of others":        {list: "identifier\n1\n", record: []Resource{one, foreign}, compared: 1, agree: 1},
		"two lines, one":       {list: "identifier\n5\nNHS|9\n", record: []Resource{both}, compared: 2, agree: 2, want: "3 one-resource NHS|9 c (line 2 leads there too)\n"},
		"one line, two":        {list: "identifier\n1\n", record: []Resource{one, patient("z", "1", "")}, compared: 1, agree: 1, want: "2 ambiguous 1 z (so has a)\n"},
		"twice":                {list: "identifier\n1\n2\n1\n", record: []Resource{one, two}, compared: 2, agree: 2, want: "4 twice 1  (line 2 has it too)\n"},
		"heard later":          {list: "identifier,birthDate\n7,1991-01-01\n", config: Config{Made: noon}, record: []Resource{newest}, compared: 1, later: 1},
		"unlisted, later":      {list: "identifier\n1\n", config: Config{Made: noon}, record: []Resource{one, newest}, compared: 1, agree: 1, later: 1},
		"said before the span": {list: "identifier\n1\n", config: Config{Since: noon.Add(-time.Hour)}, record: []Resource{one, two}, compared: 1, agree: 1},
		"said in the span":     {list: "identifier\n1\n", config: Config{Since: noon.Add(-3 * time.Hour)}, record: []Resource{one, two}, compared: 1, agree: 1, want: "0 not-in-extract PAS|2 b\n"},
		"a spreadsheet's":      {list: "\ufeffbirthDate;identifier\r\n1980-02-01;1\r\n", record: []Resource{one}, compared: 1, agree: 1},
		"few are shown":        {list: "identifier\n8\n9\n10\n", config: Config{Limit: 1}, want: "2 not-in-record 8 \n", unlimited: 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := compare(t, c.list, c.config, c.record...)
			if got := told(r); got != c.want {
				t.Errorf("findings:\n%swant:\n%s", got, c.want)
			}
			if r.Compared != c.compared || r.Agree != c.agree || r.Later != c.later {
				t.Errorf("%d compared, %d agree, %d later; want %d, %d, %d", r.Compared, r.Agree, r.Later, c.compared, c.agree, c.later)
			}
			if want := max(c.unlimited, len(r.Findings)); r.All() != want {
				t.Errorf("%d are counted, want %d", r.All(), want)
			}
		})
	}
}

// TestNumbers: numbers are equal whatever zeros they are written with.
func TestNumbers(t *testing.T) {
	e, err := Read(strings.NewReader("identifier,value.value\n1,5.10\n2,5.2\n"), "Observation")
	if err != nil {
		t.Fatal(err)
	}
	c := e.Compare(Config{})
	for _, number := range []string{"1", "2"} {
		if err := c.Add(Resource{ID: number, Spoke: true, Identifiers: []string{"LAB|" + number}, Content: []byte(`{"resourceType":"Observation","valueQuantity":{"value":5.1}}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := told(c.Report("lab")); got != "3 differs 2 2 value.value=\"5.1\" not \"5.2\"\n" {
		t.Error(got)
	}
}

func TestBadLists(t *testing.T) {
	for list, want := range map[string]string{
		"":                                         "line 1: reading the extract: it is empty",
		"number\n1\n":                              `line 1: reading the extract: column 1, "number": it is FHIRPath over a Patient`,
		"identifier,birthdate\n":                   `column 2, "birthdate"`,
		"identifier,identifier\n1,2\n":             "2 columns are named identifier; one must be",
		"gender\nmale\n":                           "0 columns are named identifier; one must be",
		"identifier,gender\n1,male\n2\n":           "line 3: reading the extract: it has not as many cells",
		"identifier,gender\n ,male\n":              "line 2: reading the extract: it has no identifier",
		"identifier\nPAS|\n":                       "line 2: reading the extract: it has no identifier",
		"identifier\n1\n\xff\n":                    "line 3: reading the extract: column 1 is no text in UTF-8",
		"identifier\n1\n2\"3\n":                    "line 3: reading the extract: a quotation mark stands where none may",
		"identifier\n" + strings.Repeat("|\n", 99): "and perhaps more",
	} {
		_, err := Read(strings.NewReader(list), "Patient")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", list, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "male") {
			t.Errorf("%.40q: the error has content: %v", list, err)
		}
	}
	if _, err := Read(strings.NewReader("identifier\n"), "Patiant"); err == nil || !strings.Contains(err.Error(), `"Patiant" is no resource type`) {
		t.Errorf("a type that is none: %v", err)
	}
	broken := errors.New("the line is cut")
	if _, err := Read(iotest.ErrReader(broken), "Patient"); !errors.Is(err, broken) {
		t.Errorf("reading failed: %v", err)
	}
}

// TestWhatHasNoValue: a column that leads to what is no value is an error, and no
// difference of all lines.
func TestWhatHasNoValue(t *testing.T) {
	e, err := Read(strings.NewReader("identifier,name\n1,x\n"), "Patient")
	if err != nil {
		t.Fatal(err)
	}
	err = e.Compare(Config{}).Add(patient("a", "1", `,"name":[{"family":"Testperson"}]`))
	if err == nil || !strings.Contains(err.Error(), "line 1, column 2: comparing the extract: name is a HumanName, which has no value of its own; name one of its elements") {
		t.Error(err)
	}
}
