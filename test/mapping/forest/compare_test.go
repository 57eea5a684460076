package forest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// grow makes resources of "Name": {json}.
func grow(t *testing.T, resources ...string) []*Resource {
	t.Helper()
	var sources []Source
	for i, text := range resources {
		var properties map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &properties); err != nil {
			t.Fatal(err)
		}
		s := Source{Name: fmt.Sprintf("R/%d", i)}
		if err := json.Unmarshal(properties["resourceType"], &s.Type); err != nil {
			t.Fatal(err)
		}
		delete(properties, "resourceType")
		for name, value := range properties {
			s.Properties = append(s.Properties, Property{name, value})
		}
		sources = append(sources, s)
	}
	all, err := Read(sources)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		r.Walk(func(_ string, leaf *Node) { leaf.FromMessage = true })
	}
	return all
}

// verdicts lists what Compare finds, without what agrees.
func verdicts(asked, there []*Resource) []string {
	var all []string
	for _, f := range Compare(asked, there) {
		if f.Verdict != There {
			all = append(all, string(f.Verdict)+" "+f.Path)
		}
	}
	slices.Sort(all)
	return all
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct{ asked, there, want []string }{
		"the same in another order": {
			[]string{`{"resourceType":"Patient","name":[{"family":"A"},{"family":"B","given":["x"]}],"gender":"male"}`},
			[]string{`{"resourceType":"Patient","gender":"male","name":[{"given":["x"],"family":"B"},{"family":"A"}]}`},
			nil,
		},
		"a value, a missing one and one too many": {
			[]string{`{"resourceType":"Patient","gender":"male","birthDate":"2000","active":true}`},
			[]string{`{"resourceType":"Patient","gender":"female","active":true,"deceasedBoolean":false}`},
			[]string{"missing Patient.birthDate", "other Patient.gender", "unasked Patient.deceasedBoolean"},
		},
		"items that belong together must stay together": {
			[]string{`{"resourceType":"Patient","name":[{"family":"A","given":["x"]},{"family":"B","given":["y"]}]}`},
			[]string{`{"resourceType":"Patient","name":[{"family":"A","given":["y"]},{"family":"B","given":["x"]}]}`},
			[]string{"other Patient.name.given", "other Patient.name.given"},
		},
		"a reference to the wrong resource": {
			[]string{`{"resourceType":"Encounter","status":"a","subject":{"reference":"R/1"}}`, `{"resourceType":"Patient","gender":"male"}`, `{"resourceType":"Patient","gender":"female"}`},
			[]string{`{"resourceType":"Encounter","status":"a","subject":{"reference":"R/2"}}`, `{"resourceType":"Patient","gender":"male"}`, `{"resourceType":"Patient","gender":"female"}`},
			[]string{"other Encounter.subject"},
		},
		"two results made one": {
			[]string{`{"resourceType":"Observation","valueString":"1"}`, `{"resourceType":"Observation","valueString":"2"}`},
			[]string{`{"resourceType":"Observation","valueString":"2"}`},
			[]string{"missing Observation resource.valueString"},
		},
		"two mentions may be one": {
			[]string{`{"resourceType":"Organization","name":"A"}`, `{"resourceType":"Organization","name":"A","active":true}`},
			[]string{`{"resourceType":"Organization","name":"A","active":true}`},
			nil,
		},
		"the extension of a primitive belongs to its item": {
			[]string{`{"resourceType":"Patient","birthDate":"2000","_birthDate":{"extension":[{"url":"u","valueString":"x"}]}}`},
			[]string{`{"resourceType":"Patient","birthDate":"2000"}`},
			[]string{"missing Patient.birthDate.extension.url", "missing Patient.birthDate.extension.valueString"},
		},
		"a resource nobody asked for": {
			nil,
			[]string{`{"resourceType":"Patient","gender":"male"}`},
			[]string{"unasked Patient resource.gender"},
		},
	} {
		if got := verdicts(grow(t, c.asked...), grow(t, c.there...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFreeIsNotDemanded(t *testing.T) {
	asked := grow(t, `{"resourceType":"Patient","gender":"male","active":true}`)
	asked[0].Named("active")[0].Free = true
	if got := verdicts(asked, grow(t, `{"resourceType":"Patient","gender":"male"}`)); !slices.Equal(got, []string{"passed Patient.active"}) {
		t.Errorf("left out: %q", got)
	}
	if got := verdicts(asked, grow(t, `{"resourceType":"Patient","gender":"male","active":true}`)); !slices.Equal(got, []string{"chosen Patient.active"}) {
		t.Errorf("chosen: %q", got)
	}
}

func TestAnyAndOr(t *testing.T) {
	asked := grow(t, `{"resourceType":"Patient","gender":"male","language":"x"}`)
	gender, language := asked[0].Named("gender")[0], asked[0].Named("language")[0]
	gender.Or = []string{"other"}
	language.Has, language.Any, language.Value = false, true, ""
	if got := verdicts(asked, grow(t, `{"resourceType":"Patient","gender":"other","language":"de"}`)); got != nil {
		t.Errorf("%q", got)
	}
	if got := verdicts(asked, grow(t, `{"resourceType":"Patient","gender":"female"}`)); !slices.Equal(got, []string{"missing Patient.language", "other Patient.gender"}) {
		t.Errorf("%q", got)
	}
}
