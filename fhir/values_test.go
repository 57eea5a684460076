package fhir

import (
	"testing"
	"time"
)

func TestDateRange(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for _, test := range []struct{ text, low, high string }{
		{"2020", "2020-01-01T00:00:00+02:00", "2021-01-01T00:00:00+02:00"},
		{"2020-02", "2020-02-01T00:00:00+02:00", "2020-03-01T00:00:00+02:00"},
		{"2020-12", "2020-12-01T00:00:00+02:00", "2021-01-01T00:00:00+02:00"},
		{"2020-02-29", "2020-02-29T00:00:00+02:00", "2020-03-01T00:00:00+02:00"},
		{"2020-02-29T10:30:05Z", "2020-02-29T10:30:05Z", "2020-02-29T10:30:06Z"},
		{"2020-02-29T10:30:05.12-01:30", "2020-02-29T10:30:05.12-01:30", "2020-02-29T10:30:05.13-01:30"},
		{"2020-02-29T10:30:05.1234567891Z", "2020-02-29T10:30:05.123456789Z", "2020-02-29T10:30:05.12345679Z"},
		{"2020-02-29T10:30", "2020-02-29T10:30:00+02:00", "2020-02-29T10:31:00+02:00"},
		{"2020-02-29T10:30:00", "2020-02-29T10:30:00+02:00", "2020-02-29T10:30:01+02:00"},
		{"2020-02-29T10:30Z", "2020-02-29T10:30:00Z", "2020-02-29T10:31:00Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"},
	} {
		r, err := DateRange(test.text, zone)
		low, _ := time.Parse(time.RFC3339Nano, test.low)
		high, _ := time.Parse(time.RFC3339Nano, test.high)
		if err != nil || !r.Low.Equal(low) || !r.High.Equal(high) {
			t.Errorf("%s is %v to %v (%v), want %s to %s", test.text, r.Low, r.High, err, test.low, test.high)
		}
	}
	for _, text := range []string{"", "20", "0000", "2020-", "2020-13", "2020-02-30", "2020-02-29T", "2020-02-29T10", "2020-02-29T24:00Z",
		"2020-02-29T10:30:", "2020-02-29T10:30:61Z", "2020-02-29T10:30:00+15:00", "2020-02-29 10:30", "2020-02-29T10:30:00.Z", "x"} {
		if r, err := DateRange(text, zone); err == nil {
			t.Errorf("%q is %v to %v", text, r.Low, r.High)
		}
	}
}

// What a primitive's check accepts has a range.
func FuzzDateRange(f *testing.F) {
	for _, s := range []string{"2020", "2020-02-29", "2020-02-29T10:30:05.12-01:30", "2020-02-29T10:30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := DateRange(s, time.UTC)
		if ValidPrimitive("dateTime", s) == "" && err != nil {
			t.Errorf("%q is a dateTime without a range", s)
		}
		if err == nil && !r.Low.Before(r.High) {
			t.Errorf("%q is from %v to %v", s, r.Low, r.High)
		}
	})
}

func TestRangeOf(t *testing.T) {
	for element, want := range map[string]string{
		`"effectiveDateTime":"2020-01"`:                                            "2020-01-01 2020-02-01",
		`"effectiveInstant":"2020-01-01T00:00:00Z"`:                                "2020-01-01 2020-01-01",
		`"effectivePeriod":{"start":"2020-01-05"}`:                                 "2020-01-05 -",
		`"effectivePeriod":{"end":"2020-01-05"}`:                                   "- 2020-01-06",
		`"effectivePeriod":{"start":"2020-01-05","end":"x"}`:                       "none",
		`"effectivePeriod":{"id":"a"}`:                                             "none",
		`"effectiveTiming":{"event":["2020-01-05","2020-01-01","x","2020-01-03"]}`: "2020-01-01 2020-01-06",
		`"effectiveTiming":{"repeat":{"boundsPeriod":{"start":"2020-01-05"}}}`:     "2020-01-05 -",
		`"effectiveTiming":{"code":{"text":"daily"}}`:                              "none",
		`"effectiveDateTime":"x"`:                                                  "none",
		`"effective":"2020"`:                                                       "none",
	} {
		r, _ := Options{Lenient: true}.Parse([]byte(`{"resourceType":"Observation",` + element + `}`))
		got := "none"
		if span, ok := RangeOf(r.Root().Get("effective"), time.UTC); ok {
			got = day(span.Low) + " " + day(span.High)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", element, got, want)
		}
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func TestParseReference(t *testing.T) {
	for text, want := range map[string]Reference{
		"Patient/1":                                    {Type: "Patient", ID: "1"},
		"Patient/1/_history/2":                         {Type: "Patient", ID: "1", Version: "2"},
		"http://example.org/fhir/Patient/1":            {Base: "http://example.org/fhir", Type: "Patient", ID: "1"},
		"https://example.org/Patient/a.b-c/_history/7": {Base: "https://example.org", Type: "Patient", ID: "a.b-c", Version: "7"},
		"#c1": {Local: true, Fragment: "c1"},
		"#":   {Local: true},
		"urn:uuid:c757873d-ec9a-4326-a141-556f43239520": {Other: "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
		"urn:handover:Patient-1":                        {Other: "urn:handover:Patient-1"},
		"http://example.org/ValueSet":                   {Other: "http://example.org/ValueSet"},
		"Nobody/1":                                      {Other: "Nobody/1"},
		"Patient/":                                      {Other: "Patient/"},
		"Patient":                                       {Other: "Patient"},
		"/Patient/1":                                    {Other: "/Patient/1"},
		"x/Patient/1":                                   {Other: "x/Patient/1"},
		"Patient/1/_history/":                           {Other: "Patient/1/_history/"},
		"Patient/a_b":                                   {Other: "Patient/a_b"},
	} {
		got, ok := ParseReference(text)
		if !ok || got != want {
			t.Errorf("%s is %+v, want %+v", text, got, want)
		}
		if got.String() != text {
			t.Errorf("%s comes back as %s", text, got)
		}
	}
	for _, text := range []string{"", "a b", "Patient/1\n"} {
		if _, ok := ParseReference(text); ok {
			t.Errorf("%q is accepted", text)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("http://example.org/fhir/Patient/1/_history/2")
	f.Add("#x")
	f.Fuzz(func(t *testing.T, s string) {
		if ref, ok := ParseReference(s); ok && ref.String() != s {
			t.Errorf("%q comes back as %q", s, ref)
		}
	})
}

func TestParseCanonical(t *testing.T) {
	for text, want := range map[string]Canonical{
		"http://example.org/x":       {URL: "http://example.org/x"},
		"http://example.org/x|1.0":   {URL: "http://example.org/x", Version: "1.0"},
		"http://example.org/x|1.0#p": {URL: "http://example.org/x", Version: "1.0", Fragment: "p"},
		"http://example.org/x#p":     {URL: "http://example.org/x", Fragment: "p"},
		"#p":                         {Fragment: "p"},
	} {
		got := ParseCanonical(text)
		if got != want || got.String() != text {
			t.Errorf("%s is %+v, want %+v", text, got, want)
		}
	}
}
