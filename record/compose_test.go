package record

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"handover"
	"handover/internal/store/storetest"
)

// content returns the current content of the resource that the handle of the
// last message meant.
func (l *ledger) content(w handover.Writes, resourceType string) map[string]any {
	l.t.Helper()
	for _, v := range w.Writes {
		if v.Type == resourceType {
			return l.current(v.Type, v.ID)
		}
	}
	for _, list := range [][]handover.Stale{w.Same, w.Older, w.Parked} {
		for _, s := range list {
			if s.Type == resourceType {
				return l.current(s.Type, s.ID)
			}
		}
	}
	l.t.Fatalf("the writes do not speak of a %s", resourceType)
	return nil
}

func (l *ledger) current(resourceType, id string) map[string]any {
	l.t.Helper()
	got, err := l.r.Read(context.Background(), handover.Everything(handover.Engine), 0, resourceType, id)
	if err != nil {
		l.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(got.Content, &out); err != nil {
		l.t.Fatal(err)
	}
	return out
}

func sqlite(t *testing.T, rules Rules) *ledger {
	return newLedger(t, open(t, storetest.SQLite(t), Config{Rules: rules}))
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestAnElementKeepsItsNewestWord(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A08", 5).patient("1", set("gender", `"female"`), set("birthDate", `"1980-01-01"`)))
	w := l.hear(message("pas", "ADT^A01", 1).patient("1", set("gender", `"male"`), set("deceased", `false`)))
	p := l.content(w, "Patient")
	want(t, "gender, said later", p["gender"], "female")
	want(t, "deceased, of which the later message was silent", p["deceased"], false)
	want(t, "birthDate", p["birthDate"], "1980-01-01")
	if len(w.Older) != 1 || !strings.Contains(w.Older[0].Reason, "gender") || strings.Contains(w.Older[0].Reason, "deceased") {
		t.Errorf("Older does not name gender alone: %+v", w.Older)
	}
	if strings.Contains(w.Older[0].Reason, "male") {
		t.Error("Older tells content")
	}
}

func TestSentTimeAndDigestDecideWhereEventTimesAreEqual(t *testing.T) {
	for _, turn := range [][2]int{{0, 1}, {1, 0}} {
		l := sqlite(t, Rules{})
		a := message("pas", "ADT^A08", 5).patient("1", set("gender", `"female"`))
		b := message("pas", "ADT^A08", 5).patient("1", set("gender", `"male"`))
		a.Digest, b.Digest = []byte{1}, []byte{2}
		both := []*said{a, b}
		w := l.hear(both[turn[0]], both[turn[1]])
		want(t, "gender of the greater digest", l.content(w, "Patient")["gender"], "male")
	}
}

func TestRemovedIsNotSilent(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1", set("gender", `"female"`)))
	w := l.hear(message("pas", "ADT^A08", 2).patient("1", gone("gender")))
	if g, ok := l.content(w, "Patient")["gender"]; ok {
		t.Errorf("gender is still %v", g)
	}
	w = l.hear(message("pas", "ADT^A08", 0).patient("1", set("gender", `"male"`)))
	if _, ok := l.content(w, "Patient")["gender"]; ok {
		t.Error("old news came back over what was removed since")
	}
}

func TestNoChangeMakesNoVersion(t *testing.T) {
	l := sqlite(t, Rules{})
	l.hear(message("pas", "ADT^A01", 1).patient("1", set("gender", `"female"`)))
	w := l.hear(message("pas", "ADT^A08", 2).patient("1", set("gender", `"female"`)))
	if len(w.Writes) != 0 || len(w.Same) != 1 || w.Same[0].Handle != "p" {
		t.Errorf("got %+v", w)
	}
}

func TestAnotherTypeOfTheSameChoiceTakesItsPlace(t *testing.T) {
	l := sqlite(t, Rules{})
	obs := func(minute int, property, value string) *said {
		return message("lab", "ORU^R01", minute).say("Observation", "o", id("", "7"), choose("value", property, value))
	}
	l.hear(obs(1, "valueQuantity", `{"value":1.50}`))
	o := l.content(l.hear(obs(2, "valueString", `"haemolysed"`)), "Observation")
	want(t, "valueString", o["valueString"], "haemolysed")
	if _, ok := o["valueQuantity"]; ok {
		t.Error("both types of value stand")
	}
}

func TestElementsStandInTheOrderOfTheDefinition(t *testing.T) {
	l := sqlite(t, Rules{})
	w := l.hear(message("pas", "ADT^A01", 1).say("Patient", "p", id("PAS", "1"),
		set("birthDate", `"1980-01-01"`), set("name", `[{"family":"A"}]`), set("identifier", `[{"value":"1"}]`)))
	c := string(w.Writes[0].Content)
	if i, n, b := strings.Index(c, "identifier"), strings.Index(c, "name"), strings.Index(c, "birthDate"); i > n || n > b {
		t.Errorf("order is wrong in %s", c)
	}
}

func TestOwnership(t *testing.T) {
	telecom := func(n string) option { return set("telecom", `[{"value":"`+n+`"}]`) }
	t.Run("others speak until the owner does", func(t *testing.T) {
		l := sqlite(t, Rules{Owns: map[string][]string{"pas": {"Patient"}}})
		w := l.hear(message("lab", "ORU^R01", 9).patient("1", set("gender", `"male"`), telecom("9")))
		want(t, "gender", l.content(w, "Patient")["gender"], "male")
		w = l.hear(message("pas", "ADT^A01", 1).patient("1", set("gender", `"female"`)))
		p := l.content(w, "Patient")
		want(t, "gender of the owner, although older", p["gender"], "female")
		if _, ok := p["telecom"]; ok {
			t.Error("what the owner is silent of stands by another's word")
		}
		w = l.hear(message("lab", "ORU^R01", 20).patient("1", set("gender", `"other"`)))
		want(t, "gender", l.content(w, "Patient")["gender"], "female")
		if len(w.Same) != 1 || !strings.Contains(w.Same[0].Reason, "another source owns: identifier, gender") {
			t.Errorf("got %+v", w)
		}
	})
	t.Run("the narrower wins", func(t *testing.T) {
		l := sqlite(t, Rules{Owns: map[string][]string{"pas": {"Patient"}, "crm": {"Patient.telecom"}}})
		l.hear(message("crm", "ADT^A31", 1).patient("1", telecom("crm")))
		w := l.hear(message("pas", "ADT^A08", 2).patient("1", telecom("pas"), set("gender", `"female"`)))
		p := l.content(w, "Patient")
		want(t, "telecom", p["telecom"], []any{map[string]any{"value": "crm"}})
		want(t, "gender", p["gender"], "female")
	})
	t.Run("precedence ranks two owners", func(t *testing.T) {
		l := sqlite(t, Rules{Owns: map[string][]string{"a": {"Patient"}, "b": {"Patient"}}, Precedence: []string{"b", "a"}})
		l.hear(message("b", "ADT^A08", 1).patient("1", set("gender", `"female"`)))
		w := l.hear(message("a", "ADT^A08", 2).patient("1", set("gender", `"male"`), set("birthDate", `"1980"`)))
		p := l.content(w, "Patient")
		want(t, "gender", p["gender"], "female")
		want(t, "birthDate, of which the first is silent", p["birthDate"], "1980")
	})
	t.Run("rules can change", func(t *testing.T) {
		l := sqlite(t, Rules{})
		l.hear(message("pas", "ADT^A08", 1).patient("1", set("gender", `"female"`)))
		l.hear(message("lab", "ORU^R01", 2).patient("1", set("gender", `"male"`)))
		l.r.Use(Rules{Owns: map[string][]string{"pas": {"Patient"}}})
		w := l.hear(message("lab", "ORU^R01", 3).patient("1", set("gender", `"male"`)))
		want(t, "gender", l.content(w, "Patient")["gender"], "female")
	})
}

func TestStatusGoesBackOnlyByCorrection(t *testing.T) {
	l := sqlite(t, Rules{})
	visit := func(event string, minute int, status string, more ...option) *said {
		return message("pas", event, minute).patient("1").encounter("V1", status, more...)
	}
	l.hear(visit("ADT^A01", 1, "in-progress"), visit("ADT^A03", 10, "finished"))
	w := l.hear(visit("ADT^A08", 20, "in-progress", set("priority", `{"text":"x"}`)))
	e := l.content(w, "Encounter")
	want(t, "status", e["status"], "finished")
	want(t, "what the status does not qualify", e["priority"], map[string]any{"text": "x"})
	if len(w.Older) != 1 || !strings.HasSuffix(w.Older[0].Reason, ": status") {
		t.Errorf("Older: %+v", w.Older)
	}
	w = l.hear(visit("ADT^A13", 15, "in-progress", corrects))
	want(t, "status after the discharge was cancelled", l.content(w, "Encounter")["status"], "in-progress")
	w = l.hear(visit("ADT^A03", 12, "finished"))
	want(t, "status after old news", l.content(w, "Encounter")["status"], "in-progress")
}

func TestAPreliminaryValueNeverStandsAsFinal(t *testing.T) {
	l := sqlite(t, Rules{})
	result := func(minute int, status, value string, more ...option) *said {
		options := append([]option{id("", "7"), set("status", `"`+status+`"`), set("value", value)}, more...)
		return message("lab", "ORU^R01", minute).say("Observation", "o", options...)
	}
	l.hear(result(2, "final", `7`))
	w := l.hear(result(3, "preliminary", `5`, set("note", `[{"text":"n"}]`)))
	o := l.content(w, "Observation")
	want(t, "status", o["status"], "final")
	want(t, "value", o["value"], 7)
	w = l.hear(result(4, "corrected", `8`, corrects))
	want(t, "corrected value", l.content(w, "Observation")["value"], 8)
	w = l.hear(result(5, "final", `7`))
	want(t, "value after the uncorrected one came again", l.content(w, "Observation")["value"], 8)
	w = l.hear(result(6, "preliminary", `1`, corrects))
	o = l.content(w, "Observation")
	want(t, "status that a correction took back", o["status"], "preliminary")
	want(t, "value", o["value"], 1)
	w = l.hear(result(7, "preliminary", `2`))
	want(t, "value", l.content(w, "Observation")["value"], 2)
}

func TestIdentities(t *testing.T) {
	t.Run("any known identifier leads to the resource, and others join it", func(t *testing.T) {
		l := sqlite(t, Rules{})
		a := l.hear(message("pas", "ADT^A01", 1).patient("1")).Writes[0].ID
		l.hear(message("pas", "ADT^A08", 2).patient("1", id("NHS", "999")))
		w := l.hear(message("lab", "ORU^R01", 3).say("Patient", "p", id("NHS", "999"), set("gender", `"female"`)))
		want(t, "id", w.Writes[0].ID, a)
		want(t, "id by the first identifier", a, handover.ResourceID(testKey, "Patient", "PAS", "1"))
	})
	t.Run("a new identifier without a new version is kept too", func(t *testing.T) {
		l := sqlite(t, Rules{})
		l.hear(message("pas", "ADT^A01", 1).say("Patient", "p", id("PAS", "1"), set("gender", `"male"`)))
		w := l.hear(message("pas", "ADT^A08", 2).say("Patient", "p", id("PAS", "1"), id("NHS", "9"), set("gender", `"male"`)))
		if len(w.Same) != 1 || len(w.Same[0].Aliases) != 1 || w.Same[0].Aliases[0].Authority != "NHS" {
			t.Fatalf("got %+v", w)
		}
		w = l.hear(message("pas", "ADT^A08", 3).say("Patient", "p", id("NHS", "9"), set("gender", `"female"`)))
		want(t, "version", w.Writes[0].Version, 2)
	})
	t.Run("the id comes from the most trusted authority", func(t *testing.T) {
		l := sqlite(t, Rules{Authorities: map[string][]string{"pas": {"NHS", "PAS"}}})
		w := l.hear(message("pas", "ADT^A01", 1).patient("1", id("NHS", "999")))
		want(t, "id", w.Writes[0].ID, handover.ResourceID(testKey, "Patient", "NHS", "999"))
	})
	t.Run("of several that are known the most trusted is taken and flagged", func(t *testing.T) {
		l := sqlite(t, Rules{Authorities: map[string][]string{"pas": {"NHS", "PAS"}}})
		l.hear(message("pas", "ADT^A01", 1).patient("1"))
		nhs := l.hear(message("pas", "ADT^A01", 1).say("Patient", "p", id("NHS", "9"), set("gender", `"male"`))).Writes[0].ID
		w := l.hear(message("pas", "ADT^A08", 2).patient("1", id("NHS", "9")))
		want(t, "id", w.Writes[0].ID, nhs)
		if len(w.Flagged) != 1 || w.Flagged[0].Handle != "p" {
			t.Errorf("Flagged: %+v", w.Flagged)
		}
	})
	t.Run("an identifier without authority belongs to its source", func(t *testing.T) {
		l := sqlite(t, Rules{})
		one := l.hear(message("a", "ORU^R01", 1).say("Specimen", "s", id("", "1"), set("status", `"available"`)))
		two := l.hear(message("b", "ORU^R01", 2).say("Specimen", "s", id("", "1"), set("status", `"available"`)))
		if one.Writes[0].ID == two.Writes[0].ID {
			t.Error("two sources' number 1 are one resource")
		}
	})
	t.Run("an order number belongs to its patient too", func(t *testing.T) {
		l := sqlite(t, Rules{})
		ask := func(minute int, patient string) string {
			w := l.hear(message("oe", "ORM^O01", minute).patient(patient).
				say("ServiceRequest", "s", order("OE", "1"), of("p"), refer("subject", "p")))
			return w.Writes[len(w.Writes)-1].ID
		}
		if ask(1, "1") == ask(2, "2") {
			t.Error("order 1 of two patients is one resource")
		}
	})
	t.Run("a scoped identifier counts within its parent", func(t *testing.T) {
		l := sqlite(t, Rules{})
		allergy := func(minute int, patient string) string {
			w := l.hear(message("pas", "ADT^A08", minute).patient(patient).
				say("AllergyIntolerance", "a", scoped("p", "nuts"), of("p"), refer("patient", "p"), set("criticality", `"low"`)))
			return l.content(w, "AllergyIntolerance")["id"].(string)
		}
		one, two := allergy(1, "1"), allergy(2, "2")
		if one == two || one != allergy(3, "1") {
			t.Error("scope is not part of the identity")
		}
	})
}

func TestReferencesBecomeIDs(t *testing.T) {
	l := sqlite(t, Rules{})
	w := l.hear(message("pas", "ADT^A01", 1).patient("1", set("name", `[{"text":"urn:handover:p"}]`)).encounter("V1", "planned"))
	want(t, "subject", l.content(w, "Encounter")["subject"], map[string]any{"reference": "Patient/" + w.Writes[0].ID})
	want(t, "a text that looks like a handle", l.content(w, "Patient")["name"], []any{map[string]any{"text": "urn:handover:p"}})
}

func TestWhatCannotBeUnderstoodDoesNothing(t *testing.T) {
	for name, m := range map[string]*said{
		"a reference to nothing": message("pas", "ADT^A01", 1).patient("1", refer("managingOrganization", "nobody")),
		"a patient that is not":  message("pas", "ADT^A01", 1).say("Encounter", "e", id("PAS", "1"), of("p")),
		"no identity":            message("pas", "ADT^A01", 1).say("Encounter", "e"),
		"a circle": message("pas", "ADT^A01", 1).
			say("Encounter", "a", scoped("b", "1")).say("Encounter", "b", scoped("a", "1")),
		"a merge of no known kind": message("pas", "ADT^A40", 1).patient("1").
			say("Patient", "q", id("PAS", "2")).merge("marry", "p", "q", ""),
		"a merge of nobody": message("pas", "ADT^A40", 1).patient("1").merge("merge", "p", "q", ""),
	} {
		l := sqlite(t, Rules{})
		_, err := l.r.Compose(context.Background(), 1, m.Assertions)
		if handover.KindOf(err) != handover.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
		if l.r.overlay.state(ref{"Patient", handover.ResourceID(testKey, "Patient", "PAS", "1")}) != nil {
			t.Errorf("%s left something behind", name)
		}
	}
}

func TestTheSameIdentifierForAnotherPatientIsParked(t *testing.T) {
	l := sqlite(t, Rules{})
	first := l.hear(message("pas", "ADT^A01", 1).patient("1").encounter("V1", "in-progress"))
	w := l.hear(message("pas", "ADT^A03", 2).patient("2").encounter("V1", "finished").
		say("Observation", "o", id("", "9"), of("p"), refer("subject", "p"), refer("encounter", "e")))
	if len(w.Parked) != 1 || w.Parked[0].Handle != "e" || w.Parked[0].ID != first.Writes[1].ID {
		t.Fatalf("Parked: %+v", w.Parked)
	}
	want(t, "status", l.content(first, "Encounter")["status"], "in-progress")
	o := l.content(w, "Observation")
	if _, ok := o["encounter"]; ok {
		t.Error("the result refers to another patient's visit")
	}
	if !slices.ContainsFunc(w.Flagged, func(s handover.Stale) bool { return s.Handle == "o" }) {
		t.Errorf("Flagged: %+v", w.Flagged)
	}
}

func TestWhatIsParkedParksWhatIsWithinIt(t *testing.T) {
	l := sqlite(t, Rules{})
	report := func(minute int, patient string, results ...string) *said {
		m := message("lab", "ORU^R01", minute).patient(patient).
			say("DiagnosticReport", "d", id("", "F1"), of("p"), refer("subject", "p"), set("status", `"final"`))
		for _, code := range results {
			m.say("Observation", code, scoped("d", code), of("p"), refer("subject", "p"), set("status", `"final"`))
		}
		return m
	}
	l.hear(report(1, "1", "a"))
	w := l.hear(report(2, "2", "a", "b"))
	if len(w.Parked) != 3 {
		t.Errorf("parked %d of report, known result and new result: %+v", len(w.Parked), w.Parked)
	}
	for _, v := range w.Writes {
		if v.Type != "Patient" {
			t.Errorf("%s was written", v.Type)
		}
	}
}

func TestSourcesSayWhoHoldsWhat(t *testing.T) {
	l := sqlite(t, Rules{Owns: map[string][]string{"pas": {"Patient"}, "crm": {"Patient.telecom"}}})
	l.hear(message("crm", "ADT^A31", 1).patient("1", set("telecom", `[{"value":"1"}]`)))
	w := l.hear(message("pas", "ADT^A08", 2).patient("1", set("gender", `"female"`), set("birthDate", `"1980"`)))
	got := w.Writes[0].Sources
	wantSources := []handover.ElementSource{{Source: "pas", From: 4}, {Element: "telecom", Source: "crm", From: 1}}
	if !slices.Equal(got, wantSources) {
		t.Errorf("got %+v, want %+v", got, wantSources)
	}
}
