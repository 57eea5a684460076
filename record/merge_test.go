package record

import (
	"context"
	"slices"
	"testing"

	"handover"
)

func a40(minute int, survivor, loser string) *said {
	return message("pas", "ADT^A40", minute).patient(survivor).
		say("Patient", "old", id("PAS", loser)).merge("merge", "p", "old", "")
}

func patientID(number string) string { return handover.ResourceID(testKey, "Patient", "PAS", number) }

func TestMerge(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(
		message("pas", "ADT^A01", 1).patient("1", set("active", "true")),
		message("pas", "ADT^A04", 2).patient("2", set("active", "true")).encounter("V2", "in-progress"),
	)
	before := l.current("Patient", patientID("2"))
	l.hear(a40(5, "1", "2"))
	loser, survivor := l.current("Patient", patientID("2")), l.current("Patient", patientID("1"))
	want(t, "loser active", loser["active"], false)
	want(t, "survivor active", survivor["active"], true)
	linkTo := func(number, word string) any {
		return []any{map[string]any{"other": map[string]any{"reference": "Patient/" + patientID(number)}, "type": word}}
	}
	want(t, "loser link", loser["link"], linkTo("1", "replaced-by"))
	want(t, "survivor link", survivor["link"], linkTo("2", "replaces"))
	visit := handover.ResourceID(testKey, "Encounter", "PAS", "V2")
	want(t, "the reference, which stays", l.current("Encounter", visit)["subject"],
		map[string]any{"reference": "Patient/" + patientID("2")})

	// Old word about the merge changes nothing; the other way round later does.
	l.hear(message("pas", "ADT^A37", 3).patient("1").say("Patient", "old", id("PAS", "2")).merge("unlink", "p", "old", ""))
	want(t, "loser active after an older unlink", l.current("Patient", patientID("2"))["active"], false)
	l.hear(message("pas", "ADT^A37", 9).patient("1").say("Patient", "old", id("PAS", "2")).merge("unlink", "p", "old", ""))
	after := l.current("Patient", patientID("2"))
	delete(before, "meta")
	delete(after, "meta")
	want(t, "what unlinking leaves", after, before)
	if _, ok := l.current("Patient", patientID("1"))["link"]; ok {
		t.Error("the survivor is still linked")
	}
}

func TestAMergeTurnedRound(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(a40(1, "1", "2"), a40(2, "2", "1"))
	want(t, "1", l.current("Patient", patientID("1"))["active"], false)
	if a, ok := l.current("Patient", patientID("2"))["active"]; ok {
		t.Errorf("2 is active: %v", a)
	}
}

func TestAMessageUnderTheOldNumberReachesTheOldPatient(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(a40(5, "1", "2"))
	w := l.hear(message("lab", "ADT^A08", 6).patient("2", set("gender", `"female"`)))
	want(t, "id", w.Writes[0].ID, patientID("2"))
	want(t, "active", l.content(w, "Patient")["active"], false)
}

func TestALinkKeepsBoth(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A24", 1).patient("1").say("Patient", "q", id("PAS", "2")).merge("link", "p", "q", ""))
	for _, n := range []string{"1", "2"} {
		p := l.current("Patient", patientID(n))
		if _, ok := p["active"]; ok {
			t.Errorf("%s lost its activity", n)
		}
		link := p["link"].([]any)[0].(map[string]any)
		want(t, "type", link["type"], "seealso")
	}
}

func TestAVisitThatWasMerged(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1").encounter("V1", "in-progress"))
	l.hear(message("pas", "ADT^A42", 2).patient("1").encounter("V2", "in-progress").
		say("Encounter", "old", id("PAS", "V1"), of("p")).merge("merge", "e", "old", ""))
	want(t, "status", l.current("Encounter", handover.ResourceID(testKey, "Encounter", "PAS", "V1"))["status"], "entered-in-error")
	want(t, "status", l.current("Encounter", handover.ResourceID(testKey, "Encounter", "PAS", "V2"))["status"], "in-progress")
}

func a45(minute int, to, from, visit string) *said {
	return message("pas", "ADT^A45", minute).patient(to).
		say("Patient", "old", id("PAS", from)).
		say("Encounter", "e", id("PAS", visit), of("p"), refer("subject", "p")).
		merge("move", "p", "old", "e")
}

func result(minute int, patient, visit, number, value string) *said {
	return message("lab", "ORU^R01", minute).patient(patient).
		say("Encounter", "e", id("PAS", visit), of("p"), refer("subject", "p")).
		say("Observation", "o", id("", number), of("p"), refer("subject", "p"), refer("encounter", "e"),
			set("status", `"final"`), set("value", value))
}

func TestAMoveTakesTheVisitAndWhatRefersToIt(t *testing.T) {
	reference := func(number string) any { return map[string]any{"reference": "Patient/" + patientID(number)} }
	visit := handover.ResourceID(testKey, "Encounter", "PAS", "V1")
	obs := func(number string) string {
		return handover.ResourceID(testKey, "Observation", "source:lab", number)
	}
	for _, apply := range []bool{true, false} {
		l := sqlite(t, Rules{})
		for _, m := range []*said{
			message("pas", "ADT^A01", 1).patient("2").encounter("V1", "in-progress"),
			result(2, "2", "V1", "7", "1"),
			a45(5, "1", "2", "V1"),
			result(3, "2", "V1", "8", "1"), // happened before the move, arrives after it
			result(6, "1", "V1", "7", "2"), // the sender knows of the move
			result(7, "2", "V1", "9", "1"), // the sender does not
		} {
			w := l.compose(m)
			if len(w.Parked) > 0 {
				t.Errorf("parked: %+v", w.Parked)
			}
			if apply {
				l.apply()
			}
		}
		l.apply()
		want(t, "visit", l.current("Encounter", visit)["subject"], reference("1"))
		for _, number := range []string{"7", "8", "9"} {
			want(t, "result "+number, l.current("Observation", obs(number))["subject"], reference("1"))
		}
		want(t, "value", l.current("Observation", obs("7"))["value"], 2)
		got, err := l.r.Search(context.Background(), handover.Everything(handover.Engine),
			Query{Type: "Observation", Where: []Condition{{Param: "patient", Values: []string{patientID("1")}}}})
		if err != nil || len(got.Resources) != 3 {
			t.Errorf("found %d results of the patient, %v", len(got.Resources), err)
		}
	}
}

func TestAMergeReleasesWhatWasParked(t *testing.T) {
	for _, apply := range []bool{true, false} {
		l := sqlite(t, Rules{})
		hear := func(m *said) handover.Writes {
			w := l.compose(m)
			if apply {
				l.apply()
			}
			return w
		}
		hear(message("pas", "ADT^A01", 1).patient("2").encounter("V1", "in-progress"))
		w := hear(result(3, "1", "V1", "7", "1").say("Encounter", "late", id("PAS", "V1"), of("p"), set("status", `"finished"`)))
		if len(w.Parked) != 2 {
			t.Fatalf("Parked: %+v", w.Parked)
		}
		w = hear(a40(4, "1", "2"))
		for _, typ := range []string{"Encounter", "Observation"} {
			if !slices.ContainsFunc(w.Writes, func(v handover.Write) bool { return v.Type == typ && v.Handles == nil }) {
				t.Errorf("the merge did not write the %s", typ)
			}
		}
		l.apply()
		visit := handover.ResourceID(testKey, "Encounter", "PAS", "V1")
		want(t, "status", l.current("Encounter", visit)["status"], "finished")
		o := l.current("Observation", handover.ResourceID(testKey, "Observation", "source:lab", "7"))
		want(t, "encounter", o["encounter"], map[string]any{"reference": "Encounter/" + visit})

		hear(message("pas", "ADT^A37", 8).patient("1").say("Patient", "old", id("PAS", "2")).merge("unlink", "p", "old", ""))
		l.apply()
		want(t, "status after unlinking", l.current("Encounter", visit)["status"], "in-progress")
	}
}

func TestMergesThatSayNothingAreFlagged(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A08", 1).patient("1", id("PAS", "2")))
	for name, m := range map[string]*said{
		"itself":        a40(2, "1", "2"),
		"two types":     message("pas", "ADT^A40", 3).patient("1").encounter("V1", "planned").merge("merge", "p", "e", ""),
		"nothing moved": message("pas", "ADT^A43", 4).patient("1").say("Patient", "old", id("PAS", "3")).merge("move", "p", "old", ""),
	} {
		if w := l.hear(m); len(w.Flagged) != 1 {
			t.Errorf("%s: flagged %+v", name, w.Flagged)
		}
	}
}
