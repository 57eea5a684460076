package fhir

import (
	"strings"
	"testing"
)

// problemsOf parses and returns the problems as they print, one a line.
func problemsOf(t *testing.T, o Options, text string) string {
	t.Helper()
	r, problems := o.Parse([]byte(text))
	var b strings.Builder
	fatal := false
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
		fatal = fatal || p.Fatal
	}
	if fatal != (r == nil) {
		t.Errorf("fatal is %v, but the tree is %v", fatal, r)
	}
	return b.String()
}

func TestParseReportsEveryProblem(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"none", `{"resourceType":"Patient","active":true}`, ""},
		{"type at the end", `{"name":[{"given":["A"]}],"resourceType":"Patient"}`, ""},
		{"type with escapes", `{"resourceType":"\u0050atient","active":true}`, ""},
		{"no type", `{"id":"a"}`, "1:1: has no resourceType, which a resource must have\n"},
		{"unknown type", `{"resourceType":"Patien"}`, "1:17: resourceType must be the name of a resource type\n"},
		{"abstract type", `{"resourceType":"DomainResource"}`, "1:17: resourceType must be the name of a resource type\n"},
		{"type not a string", `{"resourceType":{"a":1}}`, "1:17: resourceType must be the name of a resource type\n"},
		{"several at once", "{\"resourceType\":\"Patient\",\n \"activ\":true,\n \"birthDate\":\"1970-02-30\",\n \"gender\":5}",
			"2:2: Patient: is a property that Patient does not have: is active meant?\n" +
				"3:14: Patient.birthDate: must be a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD\n" +
				"4:11: Patient.gender: must be a string in quotes, not a number\n"},
		{"unknown names are content", `{"resourceType":"Patient","Muster Anna":{"x":"y"}}`,
			"1:27: Patient: is a property that Patient does not have\n"},
		{"choice without type", `{"resourceType":"Patient","deceased":true}`,
			"1:27: Patient: is a property that Patient does not have: it is a choice and needs its type, as in deceasedBoolean\n"},
		{"double key", `{"resourceType":"Patient","active":true,"active":false}`, "1:41: Patient: property active is here twice\n"},
		{"double key escaped", `{"resourceType":"Patient","active":true,"\u0061ctive":false}`, "1:41: Patient: property active is here twice\n"},
		{"double type", `{"resourceType":"Patient","resourceType":"Patient"}`, "1:27: Patient: is here twice\n"},
		{"two values of a choice", `{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}`,
			"1:50: Patient: deceased[x] has values of two types\n"},
		{"choice and its own sibling", `{"resourceType":"Patient","deceasedBoolean":true,"_deceasedBoolean":{"id":"a"}}`, ""},
		{"array for one", `{"resourceType":"Patient","gender":["male"]}`, "1:36: Patient.gender: must not be an array, as the element does not repeat\n"},
		{"one for array", `{"resourceType":"Patient","name":{"family":"A"}}`, "1:34: Patient.name: must be an array, as the element may repeat\n"},
		{"array in array", `{"resourceType":"Patient","name":[[{"family":"A"}]]}`, "1:35: Patient.name[0]: must not be an array in an array\n"},
		{"empty array", `{"resourceType":"Patient","name":[]}`, "1:35: Patient.name: is an empty array: leave it out\n"},
		{"empty object", `{"resourceType":"Patient","maritalStatus":{}}`, "1:44: Patient.maritalStatus: is an empty object: leave it out\n"},
		{"empty string", `{"resourceType":"Patient","gender":""}`, "1:36: Patient.gender: must not be empty: leave the property out\n"},
		{"null", `{"resourceType":"Patient","gender":null}`, "1:36: Patient.gender: must not be null: leave the property out\n"},
		{"null among objects", `{"resourceType":"Patient","name":[null,{"family":"A"}]}`, "1:35: Patient.name[0]: must not be null: leave the item out\n"},
		{"null with extension", `{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}]}`, ""},
		{"null without sibling", `{"resourceType":"Patient","name":[{"given":["A",null]}]}`,
			"1:49: Patient.name[0].given[1]: must not be null, as it has neither value nor extension\n"},
		{"null beside null", `{"resourceType":"Patient","name":[{"given":["A",null],"_given":[{"id":"x"},null]}]}`,
			"1:49: Patient.name[0].given[1]: must not be null, as it has neither value nor extension\n"},
		{"null only in sibling", `{"resourceType":"Patient","name":[{"_given":[null,{"id":"x"}]}]}`,
			"1:46: Patient.name[0].given[0]: must not be null, as it has neither value nor extension\n"},
		{"siblings of different length", `{"resourceType":"Patient","name":[{"given":["A"],"_given":[null,{"id":"x"}]}]}`,
			"1:59: Patient.name[0].given: must have as many items as given\n"},
		{"sibling not an object", `{"resourceType":"Patient","_gender":"x"}`, "1:37: Patient.gender: must be an object, not a string in quotes\n"},
		{"sibling of a complex element", `{"resourceType":"Patient","_maritalStatus":{"id":"x"}}`,
			"1:27: Patient: is a property that Patient does not have: is maritalStatus meant?\n"},
		{"object for primitive", `{"resourceType":"Patient","gender":{"a":1}}`, "1:36: Patient.gender: must be a string in quotes, not an object\n"},
		{"primitive for object", `{"resourceType":"Patient","maritalStatus":"M"}`, "1:43: Patient.maritalStatus: must be an object, not a string in quotes\n"},
		{"boolean in quotes", `{"resourceType":"Patient","active":"true"}`, "1:36: Patient.active: must be true or false, not a string in quotes\n"},
		{"bad id", `{"resourceType":"Patient","id":"a b"}`, "1:32: Patient.id: must be an id: letters A-Z a-z, digits, '-' and '.' only\n"},
		{"in a choice", `{"resourceType":"Observation","valueQuantity":{"value":"1"}}`,
			"1:56: Observation.value.ofType(Quantity).value: must be a number, not a string in quotes\n"},
		{"in a contained resource", `{"resourceType":"Patient","contained":[{"resourceType":"Organization","active":1}]}`,
			"1:80: Patient.contained[0].active: must be true or false, not a number\n"},
		{"contained without type", `{"resourceType":"Patient","contained":[{"id":"a"}]}`,
			"1:40: Patient.contained[0]: has no resourceType, which a resource must have\n"},
		{"value in inner extension", `{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://example.org","valueDateTime":"x"}]}}`,
			"1:98: Patient.birthDate.extension[0].value.ofType(dateTime): must be a date that exists, as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz\n"},
		{"column counts characters", "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"äöü\",\"x\":1}]}",
			"1:49: Patient.name[0]: is a property that HumanName does not have\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := problemsOf(t, Options{}, test.text); got != test.want {
				t.Errorf("%s\ngot\n%swant\n%s", test.text, got, test.want)
			}
		})
	}
}

func TestParseReportsBrokenJSON(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", ``, "1:1: must be a JSON object\n"},
		{"array", `[]`, "1:1: must be a JSON object\n"},
		{"cut off", `{"resourceType":"Patient","name":[{"family":"A`, "1:47: Patient.name[0].family: ends within a string\n"},
		{"cut off after comma", `{"resourceType":"Patient",`, "1:27: Patient: expected a property name in quotes\n"},
		{"cut off in array", `{"resourceType":"Patient","name":[`, "1:35: Patient.name: ends too early: expected ']'\n"},
		{"comma before the end", `{"resourceType":"Patient","active":true,}`, "1:40: Patient: has a comma before its end\n"},
		{"comma before the end of an array", `{"resourceType":"Patient","name":[{"text":"a"},]}`, "1:47: Patient.name[0]: has a comma before its end\n"},
		{"missing comma", `{"resourceType":"Patient" "active":true}`, "1:27: Patient: expected ',' before this\n"},
		{"missing comma in array", `{"resourceType":"Patient","name":[{"text":"a"} {"text":"b"}]}`, "1:48: Patient.name[0]: expected ',' before this\n"},
		{"missing colon", `{"resourceType" "Patient"}`, "1:1: has no resourceType, which a resource must have\n1:17: expected ':' after the property name\n"},
		{"missing value", `{"resourceType":"Patient","active":}`, "1:36: Patient.active: expected a value\n"},
		{"wrong bracket", `{"resourceType":"Patient","name":[{"text":"a"]}`, "1:46: Patient.name[0]: expected ',' or '}'\n"},
		{"wrong bracket in array", `{"resourceType":"Patient","name":[{"text":"a"}}}`, "1:47: Patient.name[0]: expected ',' or ']'\n"},
		{"more after the end", `{"resourceType":"Patient","active":true} x`, "1:42: Patient: goes on after its end\n"},
		{"bare word", `{"resourceType":"Patient","active":True}`,
			"1:36: Patient.active: is not JSON: expected a string in quotes, a number, true, false, null, an object or an array\n"},
		{"leading zero", `{"resourceType":"Patient","multipleBirthInteger":01}`,
			"1:50: Patient.multipleBirth.ofType(integer): is not JSON: expected a string in quotes, a number, true, false, null, an object or an array\n"},
		{"byte order mark", "\ufeff{\"resourceType\":\"Patient\",\"active\":true}", "1:1: begins with a byte order mark, which JSON must not have\n"},
		{"not UTF-8", "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"a\xff\xfeb\xc3\"}]}", "1:45: is not UTF-8\n1:48: is not UTF-8\n"},
		{"the character U+FFFD", "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"\ufffd\"}]}", ""},
		{"control character", "{\"resourceType\":\"Patient\",\"name\":[{\"text\":\"a\tb\"}]}",
			"1:45: Patient.name[0].text: has a control character in a string, which must be escaped\n"},
		{"escaped control character", `{"resourceType":"Patient","name":[{"text":"a\u0001b"}]}`,
			"1:43: Patient.name[0].text: must hold no control characters but tab, line feed and carriage return\n"},
		{"unknown escape", `{"resourceType":"Patient","name":[{"text":"a\xb"}]}`, "1:45: Patient.name[0].text: has an unknown escape after a backslash\n"},
		{"short escape", `{"resourceType":"Patient","name":[{"text":"a\u12"}]}`, `1:45: Patient.name[0].text: has \u without four hexadecimal digits` + "\n"},
		{"half a pair", `{"resourceType":"Patient","name":[{"text":"a\ud83d"}]}`, "1:45: Patient.name[0].text: has half of a surrogate pair\n"},
		{"whole pair", `{"resourceType":"Patient","name":[{"text":"a\ud83d\ude00"}]}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := problemsOf(t, Options{}, test.text); got != test.want {
				t.Errorf("%s\ngot\n%swant\n%s", test.text, got, test.want)
			}
		})
	}
}
