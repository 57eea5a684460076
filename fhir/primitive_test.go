package fhir

import (
	"strings"
	"testing"
)

// Each primitive with texts that are right and texts that are wrong. Every
// right one must match the package's regular expression, and the wrong ones
// that do match it are wrong by another rule, which stands beside them.
var primitiveCases = []struct{ name, right, wrong, stricter string }{
	{"boolean", "true|false", "True|1|yes|false ", ""},
	{"integer", "0|-0|-1|2147483647|-2147483648", "01|+1|1.0|1e3|-|x", "2147483648|-2147483649"}, // 32 bits
	{"positiveInt", "1|2147483647", "0|-1|01", "2147483648"},
	{"unsignedInt", "0|1|2147483647", "-1|01", "2147483648"},
	{"decimal", "0|-0|1.00|-1.5|1e3|1E-3|1.0e+400", ".5|1.|01|+1|1e|NaN|0x1", "1e401|1e99999999999999999999"}, // computable
	{"code", "a|a b|final|text/plain; charset=utf-8", " a|a |a  b", "a\x00"},                                  // control characters
	{"string", "a| a |a\nb|ä", "", " |\n|\x01|a\x0bb"},                                                        // only white space, control characters
	{"markdown", "# a\r\n\r\nb", "", " "},
	{"uri", "http://example.org|urn:oid:1.2|#a|ä", "a b|a\n", ""},
	{"url", "http://example.org", "http://example.org/a b", ""},
	{"canonical", "http://example.org|1.0", "a b", ""},
	{"id", "a|A-1.b|0", "a_b|a b|ä|" + longText(65), ""},
	{"oid", "urn:oid:1.2.3|urn:oid:2.16.840.1.113883.4.642.4.2|urn:oid:0.0", "1.2.3|urn:oid:3.1|urn:oid:1|urn:oid:1.02|urn:oid:1.|urn:oid:1..2", ""},
	{"uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "c757873d-ec9a-4326-a141-556f43239520|urn:uuid:C757873D-ec9a-4326-a141-556f43239520|urn:uuid:c757873dec9a4326a141556f43239520aaaa", ""},
	{"date", "2020|2020-02|2020-02-29|1900-12-31|9999", "0000|20|2020-13|2020-00|2020-01-32|2020-1-1|2020-01-01T00:00:00Z|02-2020", "2019-02-29|1900-02-29|2020-04-31"}, // days that exist
	{"dateTime", "2020|2020-02|2020-02-29|2020-02-29T23:59:59Z|2020-02-29T00:00:00.123456789012+14:00|2020-12-31T23:59:60-05:30",
		"2020-02-29T10:00Z|2020-02-29T10:00:00|2020-02-29T24:00:00Z|2020-02-29T10:00:00+14:30|2020-02-29T10:00:00z|2020-02-29 10:00:00Z|2020-02-29T10:00:00.Z|2020-02-29T10:00:00+1:00",
		"2021-02-29T10:00:00Z"},
	{"instant", "2020-02-29T23:59:59Z|2020-02-29T23:59:59.123-02:00", "2020|2020-02-29|2020-02-29T23:59Z", "2021-02-29T23:59:59Z"},
	{"time", "00:00:00|23:59:59.9|12:30:60", "24:00:00|12:30|12:60:00|12:30:00Z|12:30:00.|1:00:00", ""},
	{"base64Binary", "QUJD|QUI=|QQ==|QUJD QUJD|QUJD\nQUI=", "QUJ|QU|_-AB|QUJDQ", "=QUJ|QQ==QUJD|Q===|===="}, // padding only at the end
	{"xhtml", "<div>a</div>| <div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>|<div/>", "a|<divx>|<p>a</p>|div", ""},
}

func longText(n int) string { return strings.Repeat("a", n) }

func TestPrimitives(t *testing.T) {
	res := patterns(t)
	for _, test := range primitiveCases {
		sep := "|"
		if test.name == "canonical" {
			sep = "\x00"
		}
		for _, s := range strings.Split(test.right, sep) {
			if wrong := ValidPrimitive(test.name, s); wrong != "" {
				t.Errorf("%s %q: %s", test.name, s, wrong)
			}
			if re := res[test.name]; re != nil && !re.MatchString(s) {
				t.Errorf("%s %q is not by the package's pattern", test.name, s)
			}
		}
		for i, s := range strings.Split(test.wrong+"|"+test.stricter, "|") {
			if ValidPrimitive(test.name, s) == "" {
				t.Errorf("%s %q is accepted", test.name, s)
			}
			byPattern := i < len(strings.Split(test.wrong, "|"))
			if re := res[test.name]; re != nil && byPattern && test.wrong != "" && re.MatchString(s) {
				t.Errorf("%s %q is right by the package's pattern: move it to stricter, with the reason", test.name, s)
			}
		}
	}
	if ValidPrimitive("string", longText(MaxString)) != "" || ValidPrimitive("string", longText(MaxString+1)) == "" {
		t.Error("strings end at 1 MB")
	}
	if ValidPrimitive("HumanName", "a") == "" {
		t.Error("HumanName is no primitive")
	}
}

func TestEveryPrimitiveIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, test := range primitiveCases {
		tested[test.name] = true
	}
	for name := range primitiveNames {
		if !tested[name] {
			t.Error("no cases for", name)
		}
	}
}

// FuzzPrimitives: what a check accepts, the package's pattern accepts too.
func FuzzPrimitives(f *testing.F) {
	for _, test := range primitiveCases {
		for _, s := range strings.Split(test.right+"|"+test.wrong+"|"+test.stricter, "|") {
			f.Add(test.name, s)
		}
	}
	res := patterns(f)
	f.Fuzz(func(t *testing.T, name, s string) {
		re, ok := res[name]
		if ok && ValidPrimitive(name, s) == "" && !re.MatchString(s) {
			t.Errorf("%s %q is accepted against the pattern %s", name, s, re)
		}
	})
}
