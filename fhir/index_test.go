package fhir

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestEverySearchParameterCompiles(t *testing.T) {
	n := 0
	for typ := range Definitions().Types() {
		for _, p := range Definitions().searches[typ.Name] {
			if p.Expression == "" {
				continue
			}
			n++
			if err := p.compile(); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 1300 {
		t.Errorf("only %d parameters", n)
	}
}

func TestEveryExampleIsIndexedByEveryParameter(t *testing.T) {
	found, used := 0, map[string]bool{}
	for name, data := range examples(t) {
		r, _ := Parse(data)
		for _, p := range Definitions().SearchParameters(r.Type()) {
			values, err := r.IndexValues(p, time.UTC)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			found += len(values)
			if len(values) > 0 {
				used[p.Base+" "+p.Code] = true
			}
		}
	}
	t.Logf("%d values by %d parameters", found, len(used))
	if found < 4000 {
		t.Errorf("only %d values by %d parameters", found, len(used))
	}
}

// printed writes values so that a test can compare them on one line.
func printed(values []IndexValue) string {
	var all []string
	for _, v := range values {
		var parts []string
		add := func(format string, args ...any) {
			if s := fmt.Sprintf(format, args...); !strings.HasSuffix(s, ":") {
				parts = append(parts, s)
			}
		}
		add("token:%s", strings.Trim(v.System+"|"+v.Code, "|"))
		add("text:%s", v.Text)
		add("ref:%s", v.Reference)
		add("number:%s", v.Number)
		if v.Range != (Range{}) {
			add("from:%s", v.Range.Low.UTC().Format(time.RFC3339))
			add("to:%s", v.Range.High.UTC().Format(time.RFC3339))
		}
		for _, p := range v.Parts {
			add("(%s)", printed(p))
		}
		all = append(all, strings.Join(parts, " "))
	}
	return strings.Join(all, "; ")
}

func TestIndexValues(t *testing.T) {
	const patient = `{"resourceType":"Patient","id":"p1","meta":{"lastUpdated":"2020-01-02T03:04:05.678Z"},
		"identifier":[{"system":"urn:oid:1.2.3","value":"X1"},{"value":"X2"}],"active":true,"gender":"female",
		"name":[{"family":"Muster","given":["Anna","Test"]}],"telecom":[{"system":"phone","value":"000"},{"system":"email","value":"a@example.org"}],
		"birthDate":"1970-02","deceasedDateTime":"2020-01-01T10:00:00+02:00","managingOrganization":{"reference":"Organization/o1"},
		"address":[{"city":"Town","line":["1 Test Street"]}],"link":[{"other":{"reference":"http://example.org/fhir/Patient/p2"},"type":"seealso"}]}`
	const observation = `{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/p1/_history/2"},
		"code":{"coding":[{"system":"http://loinc.org","code":"718-7","display":"Hb"}],"text":"Hemoglobin"},
		"effectivePeriod":{"start":"2020-01-01","end":"2020-01-02"},"focus":[{"identifier":{"system":"s","value":"v"}}],
		"valueQuantity":{"value":7.20,"unit":"g/dl","system":"http://unitsofmeasure.org","code":"g/dL"},
		"component":[{"code":{"text":"c"},"valueString":"x"}]}`
	const group = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Group/g1"},
		"contained":[{"resourceType":"Patient","id":"c"}],"performer":[{"reference":"#c"}]}`
	for _, test := range []struct{ resource, code, want string }{
		{patient, "_id", "token:p1"},
		{patient, "_lastUpdated", "from:2020-01-02T03:04:05Z to:2020-01-02T03:04:05Z"},
		{patient, "identifier", "token:urn:oid:1.2.3|X1; token:X2"},
		{patient, "active", "token:true"},
		{patient, "gender", "token:http://hl7.org/fhir/administrative-gender|female"},
		{patient, "family", "text:Muster"},
		{patient, "name", "text:Muster; text:Anna; text:Test"},
		{patient, "phone", "token:000"},
		{patient, "email", "token:a@example.org"},
		{patient, "birthdate", "from:1970-02-01T00:00:00Z to:1970-03-01T00:00:00Z"},
		{patient, "death-date", "from:2020-01-01T08:00:00Z to:2020-01-01T08:00:01Z"},
		{patient, "deceased", "token:true text:true"},
		{patient, "organization", "ref:Organization/o1"},
		{patient, "address", "text:1 Test Street; text:Town"},
		{patient, "link", "ref:http://example.org/fhir/Patient/p2"},
		{patient, "general-practitioner", ""},
		{observation, "patient", "ref:Patient/p1/_history/2"},
		{observation, "subject", "ref:Patient/p1/_history/2"},
		{observation, "code", "token:http://loinc.org|718-7 text:Hb; text:Hemoglobin"},
		{observation, "date", "from:2020-01-01T00:00:00Z to:2020-01-03T00:00:00Z"},
		{observation, "focus", "token:s|v"},
		{observation, "value-quantity", "token:http://unitsofmeasure.org|g/dL text:g/dl number:7.20"},
		{observation, "code-value-quantity", "(token:http://loinc.org|718-7 text:Hb; text:Hemoglobin) (token:http://unitsofmeasure.org|g/dL text:g/dl number:7.20)"},
		{observation, "code-value-string", ""},
		{observation, "component-code", "text:c"},
		{group, "patient", ""},
		{group, "subject", "ref:Group/g1"},
	} {
		r, problems := Parse([]byte(test.resource))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		values, err := r.IndexValues(Definitions().SearchParameter(r.Type(), test.code), time.UTC)
		if got := strings.ReplaceAll(printed(values), "token: ", ""); err != nil || got != test.want {
			t.Errorf("%s %s: %v\ngot  %s\nwant %s", r.Type(), test.code, err, got, test.want)
		}
	}
}

func TestReferenceToContainedResolves(t *testing.T) {
	r, _ := Parse([]byte(`{"resourceType":"Condition","contained":[{"resourceType":"Patient","id":"c"}],"subject":{"reference":"#c"}}`))
	values, err := r.IndexValues(Definitions().SearchParameter("Condition", "patient"), time.UTC)
	if err != nil || len(values) != 1 || !values[0].Reference.Local {
		t.Errorf("%v %v", values, err)
	}
}

func BenchmarkIndexValues(b *testing.B) {
	r, _ := Parse([]byte(smallPatient))
	params := Definitions().SearchParameters("Patient")
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range params {
			if _, err := r.IndexValues(p, time.UTC); err != nil {
				b.Fatal(err)
			}
		}
	}
}
