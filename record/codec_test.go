package record

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/fhir"
	"handover/internal/store/storetest"
)

// FuzzState: whatever can be decoded encodes again to something that decodes to
// the same; nothing panics.
func FuzzState(f *testing.F) {
	st := &stamp{source: "pas", claim: "c", offset: 3, event: -5, sent: 9, tie: 7, correction: true}
	s := &state{
		ref: ref{"Encounter", "a"}, version: 3, owner: "c", patient: "d", origin: "pas",
		content: []byte(`{"resourceType":"Encounter","id":"a","status":"planned","_status":{"id":"1"},"x":1,"z":[1,2]}`),
		voices:  []voice{{"pas", "c", st}, {"lab", "", nil}},
		elements: []element{{"status", "", []item{{stamp: st, rank: 1, value: []byte(`"planned"`), more: &itemMore{extra: []byte(`{"id":"1"}`)}}}}, {"y", "", []item{{stamp: st, removed: true, listed: true, more: &itemMore{needs: []ref{{"A", "b"}}}}, {stamp: st, more: &itemMore{property: "yCode"}, value: []byte(`"v"`)}}},
			{"z", "A-1", []item{{stamp: st, value: []byte(`[1]`)}}}, {"z", "A-2", []item{{stamp: st, value: []byte(`[2]`)}}}},
		links:  []link{{"o", linkMerge, true, st}},
		moves:  []move{{"d", []string{"c", "d"}, st}},
		rivals: []string{"c", "d"},
		names:  []handover.Alias{{Authority: "LAB of Patient/c", Value: "1"}},
		into:   "e",
		former: []string{"f"},
	}
	f.Add(encodedState(s), s.content)
	f.Add([]byte{stateFormat}, []byte(`{}`))
	f.Fuzz(func(t *testing.T, b, content []byte) {
		one, err := decode(b, ref{"Encounter", "a"}, content)
		if err != nil {
			return
		}
		again := encodedState(one)
		two, err := decode(again, one.ref, content)
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %x", again)
		}
		if !bytes.Equal(encodedState(two), again) {
			t.Error("encoding again gives other bytes")
		}
	})
}

func TestStateSurvivesItsEncoding(t *testing.T) {
	l := sqlite(t, dayRules)
	random := rand.New(rand.NewPCG(3, 3))
	day := aDay()
	random.Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
	for _, m := range day {
		l.compose(m)
	}
	n := 0
	l.r.overlay.each(func(s *state) {
		n++
		b := encodedState(s)
		got, err := decode(b, s.ref, s.content)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encodedState(got), b) {
			t.Errorf("%s: other bytes after decoding", s.ref)
		}
		inContent := len(s.content) > 0 && len(b) < 2*len(s.content)+600
		if !inContent && s.version > 0 {
			t.Errorf("%s: %d bytes of state beside %d of content", s.ref, len(b), len(s.content))
		}
	})
	if n < 8 {
		t.Errorf("only %d states", n)
	}
}

// FuzzCanonical: canonical says the same as what it was given, is what remains
// after encoding/json has written it into a fact, and changes nothing twice.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2.50 ,"x<\u003cy\\u003c\u2028 "]}`, `"\\\u003e"`, `""`, `[ ]`, `"a b"`, `{"reference":"urn:handover:p"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := canonical(b)
		if !json.Valid(b) {
			return
		}
		if !json.Valid(got) {
			t.Fatalf("%q became %q, which is not JSON", b, got)
		}
		if !bytes.Equal(canonical(got), got) {
			t.Errorf("%q changes twice", b)
		}
		kept, err := json.Marshal(json.RawMessage(b))
		if err != nil {
			return
		}
		if !bytes.Equal(canonical(kept), got) {
			t.Errorf("%q in a fact is %q, canonically %q instead of %q", b, kept, canonical(kept), got)
		}
	})
}

// FuzzSearch: any search string is understood or refused, never a panic.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"identifier=a|b", "date=ge2031-01-01T10:00:00.123-05:00", `code=a\,b,c\|d|e`, "_count=3&_cursor=AQIC", "patient=x&_lastUpdated=2031"} {
		f.Add(s)
	}
	r := open(f, storetest.SQLite(f), Config{})
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := ParseQuery("Observation", values)
		if err != nil {
			return
		}
		s := &search{r: r, ctx: t.Context(), q: q}
		if s.plan() != nil {
			return
		}
		statement, args := s.statement(s.after, 1)
		if n := strings.Count(statement, "?"); n != len(args) {
			t.Errorf("%q: %d places and %d arguments", query, n, len(args))
		}
	})
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]string{
		"2031":                          "2031-01-01T00:00:00Z 2032-01-01T00:00:00Z",
		"2031-02":                       "2031-02-01T00:00:00Z 2031-03-01T00:00:00Z",
		"2032-02-29":                    "2032-02-29T00:00:00Z 2032-03-01T00:00:00Z",
		"2031-03-04T10:30+01:00":        "2031-03-04T09:30:00Z 2031-03-04T09:31:00Z",
		"2031-03-04T10:30:15Z":          "2031-03-04T10:30:15Z 2031-03-04T10:30:16Z",
		"2031-03-04T10:30:15-05:00":     "2031-03-04T15:30:15Z 2031-03-04T15:30:16Z",
		"2031-03-04T10:30:15.5Z":        "2031-03-04T10:30:15.5Z 2031-03-04T10:30:15.6Z",
		"2031-03-04T10:30:15.123Z":      "2031-03-04T10:30:15.123Z 2031-03-04T10:30:15.124Z",
		"2031-03-04T10:30:15.12345678Z": "2031-03-04T10:30:15.123456Z 2031-03-04T10:30:15.123457Z",
		"2016-12-31T23:59:60Z":          "2017-01-01T00:00:00Z 2017-01-01T00:00:01Z",
		"":                              "", "203": "", "2031-13": "", "2031-02-30": "", "2031-1-1": "", "2031T10:00": "",
		"2031-03-04T25:00:00Z": "", "2031-03-04T10:30:15.Z": "", "2031-03-04T10:30.5Z": "", "2031-03-04T": "",
		"2031-03-04T10:30:15.xZ": "", "2031-03-04T10:30+1": "",
	} {
		low, high, ok := span(text)
		got := ""
		if ok {
			got = at2(low) + " " + at2(high)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestRanksKnowTheStatusesOfTheDefinitions(t *testing.T) {
	for resource, elements := range ranks {
		for element, table := range elements {
			for code := range table {
				if has, known := statusCode(resource, element, code); !known || !has {
					t.Errorf("%s.%s has no code %q", resource, element, code)
				}
			}
			for _, code := range statusCodes(resource, element) {
				if table[code] == 0 && code != "unknown" {
					t.Errorf("%s.%s: %q has no rank", resource, element, code)
				}
			}
		}
	}
	want(t, "rank of a code not in the table", statusRank("Encounter", "status", []byte(`"unknown"`)), 0)
	want(t, "rank of an assertion", assertionRank(&handover.ResourceAssertion{Type: "Observation",
		Elements: []handover.Element{{Name: "status", Value: []byte(`"final"`)}}}), 3)
}

// statusCodes returns the codes of the element's required binding.
func statusCodes(resource, element string) []string {
	e := fhir.Definitions().Type(resource).Element(element)
	if e == nil {
		return nil
	}
	set := fhir.Definitions().ValueSet(e.ValueSet)
	if set == nil {
		return nil
	}
	var out []string
	for _, codes := range set.Codes {
		out = append(out, codes...)
	}
	return out
}

func statusCode(resource, element, code string) (has, known bool) {
	codes := statusCodes(resource, element)
	return slices.Contains(codes, code), len(codes) > 0
}

func at2(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

func encodedState(s *state) []byte {
	var w writer
	w.encode(s)
	return w.b
}
