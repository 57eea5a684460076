package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

func TestReadVersionsAndHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		ctx := context.Background()
		l := newLedger(t, open(t, at, Config{}))
		for i := range 5 {
			l.compose(message("pas", "ADT^A08", i).patient("1", set("birthDate", fmt.Sprintf(`"198%d"`, i))))
		}
		l.apply()
		now, err := l.r.Read(ctx, all, 0, "Patient", patientID("1"))
		if err != nil {
			t.Fatal(err)
		}
		if now.Version != 5 || now.Offset != 15 || !now.LastUpdated.Equal(day.Add(13*time.Second)) {
			t.Errorf("got version %d by fact %d at %s", now.Version, now.Offset, now.LastUpdated)
		}
		if !strings.Contains(string(now.Content), `"meta":{"versionId":"5","lastUpdated":"2031-03-04T12:00:13.000Z"}`) {
			t.Errorf("meta is wrong in %s", now.Content)
		}
		second, err := l.r.VRead(ctx, all, 0, "Patient", patientID("1"), 2)
		if err != nil || !strings.Contains(string(second.Content), `"birthDate":"1981"`) {
			t.Errorf("version 2: %s, %v", second.Content, err)
		}
		var versions []int64
		for after := ""; ; {
			page, err := l.r.History(ctx, all, 0, "Patient", patientID("1"), 2, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Resources {
				versions = append(versions, v.Version)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if !slices.Equal(versions, []int64{5, 4, 3, 2, 1}) {
			t.Errorf("history: %v", versions)
		}
		for what, err := range map[string]error{
			"another id":      second2(l.r.Read(ctx, all, 0, "Patient", "x")),
			"another type":    second2(l.r.Read(ctx, all, 0, "Encounter", patientID("1"))),
			"another version": second2(l.r.VRead(ctx, all, 0, "Patient", patientID("1"), 6)),
			"no history":      second2(l.r.History(ctx, all, 0, "Patient", "x", 0, "")),
		} {
			if handover.KindOf(err) != handover.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func second2[T any](_ T, err error) error { return err }

func TestAReaderSeesWhatItWaitsFor(t *testing.T) {
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := l.r.Read(ctx, all, 3, "Patient", patientID("1")); handover.KindOf(err) != handover.Unavailable {
		t.Errorf("got %v", err)
	}
	done := make(chan error)
	go func() {
		_, err := l.r.Read(context.Background(), all, 3, "Patient", patientID("1"))
		done <- err
	}()
	l.apply()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWithMeta(t *testing.T) {
	at := day
	for content, want := range map[string]string{
		`{"resourceType":"X","id":"a"}`:                           `{"resourceType":"X","id":"a","meta":{V}}`,
		`{"resourceType":"X","id":"a","status":"b"}`:              `{"resourceType":"X","id":"a","meta":{V},"status":"b"}`,
		`{"resourceType":"X","id":"a","meta":{},"s":1}`:           `{"resourceType":"X","id":"a","meta":{V},"s":1}`,
		`{"resourceType":"X","id":"a","meta":{"source":"u"}}`:     `{"resourceType":"X","id":"a","meta":{V,"source":"u"}}`,
		`{"resourceType":"X","contained":[{"id":"q"}],"id":"a"}`:  `{"resourceType":"X","contained":[{"id":"q"}],"id":"a","meta":{V}}`,
		`{"resourceType":"X"}`:                                    `{"resourceType":"X","meta":{V}}`,
		`{"resourceType":"X","id":"a","meta":{"tag":[{}]},"a":1}`: `{"resourceType":"X","id":"a","meta":{V,"tag":[{}]},"a":1}`,
	} {
		want = strings.ReplaceAll(want, "V", `"versionId":"7","lastUpdated":"2031-03-04T12:00:00.000Z"`)
		got := withMeta([]byte(content), 7, at)
		if string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", content, got, want)
		}
		if !json.Valid(got) {
			t.Errorf("not JSON: %s", got)
		}
	}
}

func TestLineage(t *testing.T) {
	l := newLedger(t, nil)
	l.r = open(t, storetest.SQLite(t), Config{Fact: l.fact})
	l.hear(
		message("pas", "ADT^A28", 1).patient("1", set("gender", `"female"`)).say("Patient", "q", id("PAS", "2"), set("gender", `"male"`)),
		message("crm", "ADT^A31", 2).patient("1", set("telecom", `[{"value":"1"}]`)),
		a40(5, "2", "1"),
	)
	ctx := context.Background()
	got, err := l.r.Lineage(ctx, all, 0, "Patient", patientID("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != 3 || got.Message != 7 || got.Written != 9 {
		t.Errorf("got %+v", got)
	}
	type short struct {
		element, source, rule string
		message, asserted     handover.Offset
	}
	var list []short
	for _, e := range got.Elements {
		s := short{e.Element, e.Source, "", e.Message, e.Asserted}
		if len(e.Origins) > 0 {
			s.rule = e.Origins[0].Rule
		}
		list = append(list, s)
	}
	wantList := []short{
		{"identifier", "crm", "rule/Patient.identifier", 4, 5},
		{"active", "pas", "merge/ADT^A40", 7, 8},
		{"telecom", "crm", "rule/Patient.telecom", 4, 5},
		{"gender", "pas", "rule/Patient.gender", 1, 2},
		{"link", "pas", "merge/ADT^A40", 7, 8},
	}
	if !slices.Equal(list, wantList) {
		t.Errorf("got  %+v\nwant %+v", list, wantList)
	}
	old, err := l.r.Lineage(ctx, all, 0, "Patient", patientID("1"), 1)
	if err != nil || len(old.Elements) != 2 || old.Elements[0].Message != 1 {
		t.Errorf("version 1: %+v, %v", old, err)
	}
	if _, err := l.r.Lineage(ctx, handover.Access{}, 0, "Patient", patientID("1"), 0); handover.KindOf(err) != handover.NotFound {
		t.Errorf("without access: %v", err)
	}
	l.entries[4].Gone = true
	if _, err := l.r.Lineage(ctx, all, 0, "Patient", patientID("1"), 0); handover.KindOf(err) != handover.Gone {
		t.Errorf("without the fact: %v", err)
	}
}

func TestWhatIsComposedLaterStaysInMemoryUntilItIsApplied(t *testing.T) {
	l := sqlite(t, Rules{})
	l.compose(message("pas", "ADT^A01", 1).patient("1", set("gender", `"male"`)))
	l.compose(message("pas", "ADT^A08", 2).patient("1", set("gender", `"female"`)))
	if err := l.r.Apply(context.Background(), l.entries[:3]); err != nil {
		t.Fatal(err)
	}
	w := l.compose(message("pas", "ADT^A08", 3).patient("1", set("birthDate", `"1980"`)))
	want(t, "version", w.Writes[0].Version, 3)
	l.apply()
	want(t, "gender", l.content(w, "Patient")["gender"], "female")
	if diffs := l.verify(); len(diffs) > 0 {
		t.Errorf("differences: %v", diffs)
	}
}
