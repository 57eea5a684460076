package fhir

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuilderWritesWhatTheDefinitionsDemand(t *testing.T) {
	b, err := NewBuilder("Patient")
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range [][2]string{
		{"birthDate", "1970-01-02"},
		{"name[0].family", "Muster"},
		{"name[0].given[1]", "Zwei \"q\""},
		{"name[0].given[0]", "Eins"},
		{"name.given[0].extension[0].url", "http://example.org/x"},
		{"active", "true"},
		{"multipleBirthInteger", "2"},
		{"birthDate.extension[0].url", "http://example.org/y"},
		{"birthDate.extension[0].valueDateTime", "1970-01-02T03:04:05Z"},
		{"identifier[2].type.coding[0].code", "MR"},
		{"identifier[0].value", "1"},
		{"contained[0].resourceType", "Organization"},
		{"contained[0].id", "o1"},
		{"gender.extension.url", "http://example.org/z"},
	} {
		if err := b.Set(kv[0], kv[1]); err != nil {
			t.Errorf("Set(%s): %v", kv[0], err)
		}
	}
	if _, err := b.At("contact[0].name"); err != nil {
		t.Error(err)
	}
	want := `{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o1"}],` +
		`"identifier":[{"value":"1"},{"type":{"coding":[{"code":"MR"}]}}],"active":true,` +
		`"name":[{"family":"Muster","given":["Eins","Zwei \"q\""],"_given":[{"extension":[{"url":"http://example.org/x"}]},null]}],` +
		`"_gender":{"extension":[{"url":"http://example.org/z"}]},` +
		`"birthDate":"1970-01-02","_birthDate":{"extension":[{"url":"http://example.org/y","valueDateTime":"1970-01-02T03:04:05Z"}]},` +
		`"multipleBirthInteger":2}`
	if got := string(b.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func newBuilder(t testing.TB, typeName string) *Builder {
	t.Helper()
	b, err := NewBuilder(typeName)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBuilderRefuses(t *testing.T) {
	b := newBuilder(t, "Patient")
	if err := b.Set("deceasedBoolean", "true"); err != nil {
		t.Fatal(err)
	}
	if err := b.SetJSON("maritalStatus", []byte(`{"text":"x"}`)); err != nil {
		t.Fatal(err)
	}
	before := string(b.AppendJSON(nil))
	for _, test := range []struct{ path, text, want string }{
		{"famly", "x", "famly: Patient has no property famly"},
		{"name.famly", "x", "name.famly: HumanName has no property famly"},
		{"name", "x", "name: is HumanName, not a primitive"},
		{"gender[1]", "male", "gender[1]: gender of Patient does not repeat"},
		{"gender", "", "gender: must not be empty: leave the property out"},
		{"gender", "a\xff", "gender: is not UTF-8"},
		{"birthDate", "19700102", "birthDate: must be a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD"},
		{"active", "yes", "active: must be true or false"},
		{"deceased", "true", "deceased: Patient has no property deceased: it is a choice and needs its type, as in deceasedBoolean"},
		{"deceasedDateTime", "2020", "deceasedDateTime: deceased[x] already has a value of another type, deceasedBoolean"},
		{"maritalStatus.text", "x", "maritalStatus.text: lies in JSON that was set as a whole"},
		{"_birthDate.id", "x", "_birthDate.id: Patient has no property _birthDate"},
		{"name.id.id", "x", "name.id.id: id has neither id nor extensions"},
		{"resourceType", "Basic", "resourceType: the type of a resource cannot change"},
		{"contained.resourceType", "Nobody", "contained.resourceType: there is no resource type of that name"},
		{"name.resourceType", "Patient", "name.resourceType: HumanName is no resource"},
		{"name.", "x", "name.: not a path: expected name.name[0].name"},
		{"", "x", ": not a path: expected name.name[0].name"},
		{"name[x].family", "x", "name[x].family: not a path: expected name.name[0].name"},
		{"name[0", "x", "name[0: not a path: expected name.name[0].name"},
		{"name[0]family", "x", "name[0]family: not a path: expected name.name[0].name"},
		{"name[100000].family", "x", "name[100000].family: not a path: expected name.name[0].name"},
	} {
		if err := b.Set(test.path, test.text); err == nil || err.Error() != test.want {
			t.Errorf("Set(%s): %v\nwant %s", test.path, err, test.want)
		}
	}
	if err := b.SetJSON("name[0]", []byte(`{"family":`)); err == nil {
		t.Error("took broken JSON")
	}
	if got := string(b.AppendJSON(nil)); got != before {
		t.Errorf("what was refused left a trace: %s", got)
	}
	for _, name := range []string{"Resource", "string", "Nobody", ""} {
		if err := b.Reset(name); err == nil {
			t.Errorf("builds a %q", name)
		}
	}
}

func TestBuilderElements(t *testing.T) {
	b := newBuilder(t, "Observation")
	value, err := b.At("valueQuantity")
	if err != nil {
		t.Fatal(err)
	}
	_ = value.Set("value", "7.20")
	_ = value.Set("unit", "g/dl")
	_ = b.Set("_status", "x")
	_ = b.Set("issued.extension.url", "http://example.org/x")
	_ = b.Set("effectiveDateTime", "2020")
	_ = b.Set("effectiveDateTime.id", "e")
	_ = b.SetJSON("code", []byte(`{"text": "x"}`))
	_, _ = b.At("subject")
	var got []string
	for _, e := range b.Elements() {
		got = append(got, e.Name+" "+e.Property+" "+string(e.Value)+" "+string(e.Extra))
	}
	want := []string{
		`code code {"text": "x"} `,
		`effective effectiveDateTime "2020" {"id":"e"}`,
		`issued issued  {"extension":[{"url":"http://example.org/x"}]}`,
		`value valueQuantity {"value":7.20,"unit":"g/dl"} `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBuilderReadsWhatItHas(t *testing.T) {
	b := newBuilder(t, "Patient")
	_ = b.Set("identifier[3].value", "3")
	_ = b.Set("identifier[1].value", "1")
	id, err := b.At("identifier[1]")
	if err != nil || id.Type() != "Identifier" {
		t.Error(err)
	}
	if s, ok := id.Text("value"); !ok || s != "1" {
		t.Errorf("value is %q", s)
	}
	_, _ = b.At("identifier[7]")
	if b.Root().Len("identifier") != 4 || id.Len("extension") != 0 || b.Root().Len("name[3].given") != 0 {
		t.Error("wrong lengths")
	}
	if !b.Root().Has("identifier[3]") || b.Root().Has("identifier[2]") || b.Root().Has("gender") || b.Root().Has("a[") {
		t.Error("wrong about what is there")
	}
	b.Root().Remove("identifier[1].value")
	b.Root().Remove("name")
	if _, ok := id.Text("value"); ok || b.Root().Has("identifier[1]") {
		t.Error("removed, and there")
	}
	_ = b.Set("identifier[3].value", "drei")
	if got := string(b.AppendJSON(nil)); got != `{"resourceType":"Patient","identifier":[{"value":"drei"}]}` {
		t.Errorf("built %s", got)
	}
	kept := b.Elements()
	_ = b.Reset("HumanName")
	if got := string(b.AppendJSON(nil)); got != "{}" || string(kept[0].Value) != `[{"value":"drei"}]` {
		t.Errorf("after the reset: %s, %s", got, kept[0].Value)
	}
}

// A choice whose first value was taken back can have another type.
func TestBuilderChoiceAfterRemove(t *testing.T) {
	b := newBuilder(t, "Patient")
	_ = b.Set("deceasedBoolean", "true")
	b.Root().Remove("deceasedBoolean")
	if err := b.Set("deceasedDateTime", "2020"); err != nil {
		t.Error(err)
	}
	if got := string(b.AppendJSON(nil)); got != `{"resourceType":"Patient","deceasedDateTime":"2020"}` {
		t.Errorf("built %s", got)
	}
}

func TestBuilderListsOfPrimitives(t *testing.T) {
	b := newBuilder(t, "HumanName")
	_ = b.Set("given[4].id", "only")
	_ = b.Set("given[1]", "A")
	_, _ = b.At("given[2]")
	_ = b.Set("prefix[1].extension.url", "http://example.org/x")
	_ = b.Set("suffix", "Jr")
	want := `{"given":["A",null],"_given":[null,{"id":"only"}],"_prefix":[{"extension":[{"url":"http://example.org/x"}]}],"suffix":["Jr"]}`
	if got := string(b.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, problems := (Options{Type: "HumanName"}).Parse(b.AppendJSON(nil)); len(problems) > 0 {
		t.Error(problems)
	}
}

// FuzzBuilder: whatever is set, what is written parses without problems and
// reads back as it was set last.
func FuzzBuilder(f *testing.F) {
	f.Add("name[1].given[2]=Anna\nname[1].given[0].id=x\nactive=true\nbirthDate=2020\nbirthDate.extension.url=a:b\ndeceasedDateTime=2020\n" +
		"contained.resourceType=Observation\ncontained.valueQuantity.value=1.00")
	f.Fuzz(func(t *testing.T, script string) {
		b := newBuilder(t, "Patient")
		set := map[string]string{}
		for line := range strings.SplitSeq(script, "\n") {
			path, text, _ := strings.Cut(line, "=")
			if strings.HasSuffix(path, "resourceType") {
				_ = b.Set(path, text)
			} else if b.Set(path, text) == nil {
				set[strings.ReplaceAll(path, "[0]", "")] = text
			}
		}
		data := b.AppendJSON(nil)
		r, problems := Parse(data)
		for _, p := range problems {
			// A contained resource without a type is the one thing that can be wrong.
			if !strings.Contains(p.Text, "resourceType") && p.Text != "is an empty object: leave it out" {
				t.Errorf("%s\n%s", p, data)
			}
		}
		if !json.Valid(data) || r == nil {
			t.Fatalf("not JSON: %s", data)
		}
		for path, text := range set {
			if !strings.ContainsAny(path, "0123456789") && r.Root().At(path).Text() != text {
				t.Errorf("%s is %q, not %q\n%s", path, r.Root().At(path).Text(), text, data)
			}
		}
	})
}

func BenchmarkBuilder(b *testing.B) {
	paths := [][2]string{
		{"identifier[0].use", "usual"}, {"identifier[0].type.coding[0].system", "http://terminology.hl7.org/CodeSystem/v2-0203"},
		{"identifier[0].type.coding[0].code", "MR"}, {"identifier[0].system", "urn:oid:1.2.3"}, {"identifier[0].value", "X1"},
		{"identifier[1].type.coding[0].code", "SS"}, {"identifier[1].value", "X2"},
		{"active", "true"}, {"name[0].use", "official"}, {"name[0].family", "Muster"}, {"name[0].given[0]", "Test"},
		{"name[0].given[1]", "Anna"}, {"name[0].suffix[0]", "Jr"}, {"name[0].period.start", "2001-01-01"},
		{"telecom[0].system", "phone"}, {"telecom[0].value", "000"}, {"telecom[0].use", "home"},
		{"telecom[1].system", "email"}, {"telecom[1].value", "a@example.org"},
		{"gender", "female"}, {"birthDate", "1970-01-02"}, {"deceasedBoolean", "false"},
		{"address[0].line[0]", "1 Test Street"}, {"address[0].city", "Town"}, {"address[0].state", "ST"},
		{"address[0].postalCode", "00000"}, {"address[0].country", "XX"},
		{"maritalStatus.coding[0].code", "M"}, {"multipleBirthInteger", "1"}, {"managingOrganization.reference", "urn:handover:Organization-1"},
	}
	build, err := NewBuilder("Patient")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = build.Reset("Patient")
		for _, kv := range paths {
			if err := build.Set(kv[0], kv[1]); err != nil {
				b.Fatal(err)
			}
		}
		if len(build.Elements()) != 11 {
			b.Fatal(len(build.Elements()))
		}
	}
}
