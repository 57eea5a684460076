package fhir

import "testing"

func TestEncoding(t *testing.T) {
	const text = `{ "birthDate" : "1970" , "x":[1.0, {"b":null}], "_birthDate":{"id":"d"}, "name":[ {"given":["A\/\u00e4\n", null],
		"family":"\ud83d\ude00", "_given":[null,{"id":"g"}]} ], "multipleBirthInteger":2, "resourceType":"Patient", "extension":[{"valueDecimal":1.00,"url":"u"}], "id":"p" }`
	r, _ := Options{Lenient: true}.Parse([]byte(text))
	if r == nil {
		t.Fatal("no tree")
	}
	asCame := `{"birthDate":"1970","x":[1.0,{"b":null}],"_birthDate":{"id":"d"},"name":[{"given":["A\/\u00e4\n",null],` +
		`"family":"\ud83d\ude00","_given":[null,{"id":"g"}]}],"multipleBirthInteger":2,"resourceType":"Patient","extension":[{"valueDecimal":1.00,"url":"u"}],"id":"p"}`
	if got := string(r.Root().AppendJSON(nil)); got != asCame {
		t.Errorf("got  %s\nwant %s", got, asCame)
	}
	canonical := `{"resourceType":"Patient","id":"p","extension":[{"url":"u","valueDecimal":1.00}],` +
		`"name":[{"family":"😀","given":["A/ä\n",null],"_given":[null,{"id":"g"}]}],"birthDate":"1970","_birthDate":{"id":"d"},"multipleBirthInteger":2,"x":[1.0,{"b":null}]}`
	if got := string(r.Root().AppendCanonical(nil)); got != canonical {
		t.Errorf("got  %s\nwant %s", got, canonical)
	}
	if got := string(r.Root().At("name[0].family").AppendJSON([]byte("x="))); got != `x="\ud83d\ude00"` {
		t.Errorf("appended %s", got)
	}
	var none *Node
	if got := string(none.AppendJSON(nil)); got != "null" {
		t.Errorf("nothing is %s", got)
	}
}
