package record

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

var all = handover.Everything(handover.Engine)

// hospital has three patients, of whom 1 and 2 are one, with a result a day.
func hospital(t *testing.T, at store.Place) *ledger {
	l := newLedger(t, open(t, at, Config{Now: func() time.Time { return day.AddDate(0, 1, 0) }}))
	minute := 0
	for _, p := range []string{"1", "2", "3"} {
		for d, date := range []string{"2031-03-01", "2031-03-02T23:30:00+01:00", "2031-04"} {
			minute++
			l.compose(message("lab", "ORU^R01", minute).patient(p).
				say("Observation", "o", id("", p+date), of("p"), refer("subject", "p"),
					set("identifier", fmt.Sprintf(`[{"value":"%s-%d"}]`, p, d)),
					choose("effective", "effectiveDateTime", `"`+date+`"`),
					set("code", fmt.Sprintf(`{"coding":[{"system":"http://loinc.org","code":"%d-1"},{"system":"urn:x","code":"X\"%d"}]}`, d, d))))
		}
	}
	l.compose(message("pas", "ADT^A01", 50).patient("3").encounter("V1", "finished",
		set("period", `{"start":"2031-03-04T10:00:00Z"}`)))
	l.hear(a40(60, "1", "2"))
	return l
}

func (l *ledger) search(resourceType, query string) ([]string, error) {
	l.t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		l.t.Fatal(err)
	}
	q, err := ParseQuery(resourceType, values)
	if err != nil {
		return nil, err
	}
	page, err := l.r.Search(context.Background(), all, q)
	var out []string
	for _, r := range page.Resources {
		out = append(out, label(string(r.Content)))
	}
	return out, err
}

// label is the value of the first identifier.
func label(content string) string {
	_, after, ok := strings.Cut(content, `"value":"`)
	if !ok {
		return "?"
	}
	v, _, _ := strings.Cut(after, `"`)
	return v
}

func TestSearch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := hospital(t, at)
		one, three := patientID("1"), patientID("3")
		visit := handover.ResourceID(testKey, "Encounter", "PAS", "V1")
		for _, c := range []struct{ typ, query, want string }{
			{"Patient", "", "3 1 2"}, // in the order in which they changed
			{"Patient", "identifier=2", "2"},
			{"Patient", "identifier=urn:example:pas|2,urn:example:pas|3", "2 3"},
			{"Patient", "identifier=urn:example:pas|", "1 2 3"},
			{"Patient", "identifier=urn:example:other|2", ""},
			{"Patient", "identifier=|2", ""},
			{"Patient", "_id=" + one + "," + three, "1 3"},
			{"Observation", "identifier=|1-0", "1-0"},
			{"Observation", "patient=" + three, "3-0 3-1 3-2"},
			{"Observation", "subject=Patient/" + three, "3-0 3-1 3-2"},
			{"Observation", "subject=" + three, "3-0 3-1 3-2"},
			{"Observation", "subject:Patient=" + three, "3-0 3-1 3-2"},
			{"Observation", "subject:Group=" + three, ""},
			{"Observation", "patient=" + one, "1-0 1-1 1-2 2-0 2-1 2-2"}, // by the link of the merge
			{"Observation", "patient=" + one + "&code=http://loinc.org|1-1", "1-1 2-1"},
			{"Observation", "patient=" + one + "&code=1-1,2-1&date=2031-04", "1-2 2-2"},
			{"Observation", `code=X"2`, "1-2 2-2 3-2"},
			{"Observation", "code=http://loinc.org|", "1-0 1-1 1-2 2-0 2-1 2-2 3-0 3-1 3-2"},
			{"Observation", "code=nothing", ""},
			{"Observation", "patient=" + three + "&date=2031-03", "3-0 3-1"},
			{"Observation", "patient=" + three + "&date=2031-03-02", "3-1"},
			{"Observation", "patient=" + three + "&date=2031-03-02T22:30:00Z", "3-1"},
			{"Observation", "patient=" + three + "&date=2031-03-02T22:30", "3-1"}, // the second lies within the minute
			{"Observation", "patient=" + three + "&date=ne2031-03-01", "3-1 3-2"},
			{"Observation", "patient=" + three + "&date=gt2031-03-01", "3-1 3-2"},
			{"Observation", "patient=" + three + "&date=ge2031-04-15", "3-2"}, // the month goes on after it
			{"Observation", "patient=" + three + "&date=lt2031-03-02", "3-0"},
			{"Observation", "patient=" + three + "&date=le2031-03-02", "3-0 3-1"},
			{"Observation", "patient=" + three + "&date=sa2031-03-02", "3-2"},
			{"Observation", "patient=" + three + "&date=eb2031-03-02", "3-0"},
			{"Observation", "patient=" + three + "&date=ap2031-03-03", "3-0 3-1"},
			{"Observation", "patient=" + three + "&date=ge2031-03-02&date=lt2031-04", "3-1"},
			{"Observation", "date=2031-03-01", "1-0 2-0 3-0"},
			{"Encounter", "date=2031-03-04", ""}, // no end: it may go on, so it is not within the day
			{"Encounter", "date=ge2031-03-05", "?"},
			{"Encounter", "date=lt2031-03-04", ""},
			{"Encounter", "_id=" + visit, "?"},
			{"Patient", "_lastUpdated=gt2031-03-04T12:00:18Z", "3 1 2"},
			{"Patient", "_lastUpdated=ge2031-03-04T12:00:31Z", "1 2"},
			{"Patient", "_lastUpdated=lt2031-03-04T12:00:31Z", "3"},
			{"Patient", "_lastUpdated=2031-03-04", "3 1 2"},
			{"Patient", "_sort=-_lastUpdated", "2 1 3"},
			{"Observation", "patient=" + three + "&_sort=-_lastUpdated", "3-2 3-1 3-0"},
			{"Location", "", ""},
			{"Location", "identifier=1", ""},
		} {
			got, err := l.search(c.typ, strings.ReplaceAll(strings.ReplaceAll(c.query, "+", "%2B"), `"`, "%22"))
			if err != nil || strings.Join(got, " ") != c.want {
				t.Errorf("%s?%s: got %v, want %q, %v", c.typ, c.query, got, c.want, err)
			}
		}
	})
}

func TestSearchesThatAreRefused(t *testing.T) {
	l := hospital(t, storetest.SQLite(t))
	for query, kind := range map[string]handover.Kind{
		"colour=blue":               handover.Unsupported,
		"code:text=x":               handover.Unsupported,
		"_sort=code":                handover.Unsupported,
		"_include=Observation:code": handover.Unsupported,
		"subject.name=x":            handover.Unsupported,
		"date=yesterday":            handover.Invalid,
		"date=xx2031":               handover.Invalid,
		"date=2031-02-30":           handover.Invalid,
		"date=":                     handover.Invalid,
		"code=":                     handover.Invalid,
		"code=|":                    handover.Invalid,
		"_count=-1":                 handover.Invalid,
		"_count=x":                  handover.Invalid,
		"_count=0":                  handover.Unsupported,
		"_total=some":               handover.Invalid,
		"_cursor=AAAA":              handover.Invalid,
		"patient=Group/1":           handover.Invalid,
		"patient=http://x/y/z":      handover.Invalid,
		"_lastUpdated=soon":         handover.Invalid,
		"subject:foo=1":             handover.Unsupported,
		"subject:exact=1":           handover.Unsupported,
		"patient:HumanName=1":       handover.Unsupported,
		"subject:Patient=Group/1":   handover.Invalid,
	} {
		_, err := l.search("Observation", query)
		if err == nil || handover.KindOf(err) != kind {
			t.Errorf("%s: got %v", query, err)
		}
		if e, ok := errors.AsType[*handover.Error](err); ok && !strings.HasPrefix(query, e.Where) {
			t.Errorf("%s: the place is %q", query, e.Where)
		}
	}
	_, err := ParseQuery("Patient", url.Values{"_count": {"x"}, "_total": {"x"}})
	if err == nil || !strings.Contains(err.Error(), "_count") || !strings.Contains(err.Error(), "_total") {
		t.Errorf("not every fault is reported: %v", err)
	}
}

func TestPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := hospital(t, at)
		for _, q := range []Query{
			{Type: "Observation"},
			{Type: "Observation", Sort: SortNewest},
			{Type: "Observation", Where: []Condition{{Param: "patient", Values: []string{patientID("1")}}}},
			{Type: "Observation", Where: []Condition{{Param: "patient", Values: []string{patientID("1")}}}, Sort: SortUpdated},
		} {
			whole, err := l.r.Search(context.Background(), all, q)
			if err != nil || whole.Next != "" || whole.Total != -1 {
				t.Fatalf("%+v: %v", whole, err)
			}
			q.Count, q.Total = 2, true
			var got []string
			for {
				page, err := l.r.Search(context.Background(), all, q)
				if err != nil || len(page.Resources) == 0 {
					t.Fatalf("%d resources, %v", len(page.Resources), err)
				}
				if page.Total != len(whole.Resources) {
					t.Errorf("total %d of %d", page.Total, len(whole.Resources))
				}
				for _, r := range page.Resources {
					got = append(got, r.ID)
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			var want []string
			for _, r := range whole.Resources {
				want = append(want, r.ID)
			}
			if !slices.Equal(got, want) {
				t.Errorf("by pages %v, at once %v", got, want)
			}
		}
	})
}

func TestRowsThatMayNotBeSeenAreNotCountedEither(t *testing.T) {
	l := hospital(t, storetest.SQLite(t))
	ctx := context.Background()
	three := patientID("3")
	only := handover.Access{Sees: func(r handover.Row) bool { return r.Patient == three && r.Source != "" }}
	page, err := l.r.Search(ctx, only, Query{Type: "Observation", Count: 2, Total: true})
	if err != nil || page.Total != 3 || len(page.Resources) != 2 || page.Next == "" {
		t.Fatalf("%d of %d, next %q, %v", len(page.Resources), page.Total, page.Next, err)
	}
	page, err = l.r.Search(ctx, only, Query{Type: "Observation", Count: 2, After: page.Next})
	if err != nil || len(page.Resources) != 1 || page.Next != "" {
		t.Errorf("%d left, next %q, %v", len(page.Resources), page.Next, err)
	}
	if _, err := l.r.Read(ctx, only, 0, "Patient", patientID("1")); handover.KindOf(err) != handover.NotFound {
		t.Errorf("reading: %v", err)
	}
	if _, err := l.r.History(ctx, only, 0, "Patient", patientID("1"), 0, ""); handover.KindOf(err) != handover.NotFound {
		t.Errorf("history: %v", err)
	}
	page, err = l.r.Search(ctx, handover.Access{}, Query{Type: "Observation", Total: true})
	if err != nil || page.Total != 0 || len(page.Resources) != 0 {
		t.Errorf("the zero Access sees %+v, %v", page, err)
	}
}

func TestTheIndexFollowsTheVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{}))
		say := func(minute int, code, date string) *said {
			return message("lab", "ORU^R01", minute).say("Observation", "o", id("", "1"),
				set("code", `{"coding":[{"code":"`+code+`"}]}`), choose("effective", "effectiveDateTime", `"`+date+`"`))
		}
		l.compose(say(1, "a", "2031-01-01"))
		l.hear(say(2, "b", "2031-01-02")) // both versions in one batch
		l.hear(say(3, "c", "2031-01-03"))
		for query, want := range map[string]int{
			"code=a": 0, "code=b": 0, "code=c": 1, "date=2031-01-01": 0, "date=2031-01-02": 0, "date=2031-01-03": 1,
		} {
			got, err := l.search("Observation", query)
			if err != nil || len(got) != want {
				t.Errorf("%s: %d, %v", query, len(got), err)
			}
		}
		if diffs := l.verify(); len(diffs) > 0 {
			t.Errorf("differences: %v", diffs)
		}
	})
}

func TestWhatTheDatabaseCannotHoldIsStillFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{}))
		long := strings.Repeat("x", 5000)
		l.hear(message("lab", "ORU^R01", 1).say("Observation", "o", id("", "1"),
			set("code", `{"coding":[{"code":"a\u0000b"},{"code":"`+long+`"}]}`)))
		for _, code := range []string{"a\x00b", long} {
			page, err := l.r.Search(context.Background(), all, Query{Type: "Observation", Where: []Condition{{Param: "code", Values: []string{code}}}})
			if err != nil || len(page.Resources) != 1 {
				t.Errorf("a code of %d bytes: %d, %v", len(code), len(page.Resources), err)
			}
		}
	})
}

// Nothing deletes yet but a Written fact may, and the record follows it.
func TestWhatIsDeletedIsNotFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{}))
		first := message("pas", "ADT^A28", 1).patient("1")
		l.hear(first, message("pas", "ADT^A28", 2).patient("2"))
		one := patientID("1")
		l.keep(message("pas", "ADT^A29", 3).patient("1").Assertions, handover.Writes{
			Writes: []handover.Write{{Type: "Patient", ID: one, Version: 2, Handles: []string{"p"}, Patient: one}}})
		l.apply()
		for query, n := range map[string]int{"_total=accurate": 1, "_total=accurate&_id=" + one: 0, "_total=accurate&_count=1&_sort=-_lastUpdated": 1} {
			values, _ := url.ParseQuery(query)
			q, err := ParseQuery("Patient", values)
			if err != nil {
				t.Fatal(err)
			}
			page, err := l.r.Search(context.Background(), all, q)
			if err != nil || page.Total != n || len(page.Resources) != n || page.Next != "" {
				t.Errorf("%s: %d of %d, next %q, %v", query, len(page.Resources), page.Total, page.Next, err)
			}
		}
		if _, err := l.r.Read(context.Background(), all, 0, "Patient", one); handover.KindOf(err) != handover.Gone {
			t.Errorf("reading it: %v", err)
		}
		if v, err := l.r.VRead(context.Background(), all, 0, "Patient", one, 1); err != nil || v.Content == nil {
			t.Errorf("reading the version before: %v", err)
		}
		if diffs := l.verify(); len(diffs) > 0 {
			t.Errorf("differences: %v", diffs)
		}
		l.hear(message("pas", "ADT^A28", 4).patient("1", set("gender", `"male"`)))
		if v, err := l.r.Read(context.Background(), all, 0, "Patient", one); err != nil || v.Version != 3 {
			t.Errorf("said again: version %d, %v", v.Version, err)
		}
	})
}
