package fhir

import "testing"

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
