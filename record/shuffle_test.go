package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// aDay is one patient's day: registered twice, merged, a visit that was moved,
// discharged, taken back and discharged again, results that go from preliminary
// to corrected, an order that is cancelled, things said and unsaid.
func aDay() []*said {
	lab := func(minute int, patient, status string, value string, more ...option) *said {
		options := append([]option{scoped("d", "718-7"), of("p"), refer("subject", "p"), refer("encounter", "e"),
			set("status", `"`+status+`"`), choose("value", "valueQuantity", `{"value":`+value+`,"unit":"g/dL"}`)}, more...)
		return message("lab", "ORU^R01", minute).patient(patient, set("name", `[{"family":"Labname"}]`)).
			say("Encounter", "e", id("PAS", "V1"), of("p"), refer("subject", "p")).
			say("DiagnosticReport", "d", order("LAB", "F1"), of("p"), refer("subject", "p"), set("status", `"`+status+`"`)).
			say("Observation", "o", options...)
	}
	ask := func(minute int, status string, more ...option) *said {
		options := append([]option{order("OE", "1"), of("p"), refer("subject", "p"), set("status", `"`+status+`"`)}, more...)
		return message("oe", "ORM^O01", minute).patient("1").say("ServiceRequest", "s", options...)
	}
	return []*said{
		message("pas", "ADT^A04", 0).patient("2", set("name", `[{"family":"Unknown"}]`), set("active", "true")),
		message("pas", "ADT^A01", 1).patient("2").encounter("V1", "in-progress", set("class", `{"code":"EMER"}`)),
		message("pas", "ADT^A28", 2).patient("1", set("name", `[{"family":"Example"}]`), set("gender", `"female"`)),
		message("pas", "ADT^A08", 3).patient("1", set("telecom", `[{"value":"1"}]`)).encounter("V7", "planned"),
		message("pas", "ADT^A08", 4).patient("1", gone("telecom")),
		ask(5, "active"),
		lab(6, "2", "preliminary", "7.0"),
		lab(8, "2", "final", "7.1"),
		a40(10, "1", "2"),
		lab(12, "1", "final", "7.1"),
		message("pas", "ADT^A03", 14).patient("1").encounter("V1", "finished", set("period", `{"end":"2031-03-04T12:14:00Z"}`)),
		message("pas", "ADT^A13", 15).patient("1").encounter("V1", "in-progress", corrects, gone("period")),
		message("pas", "ADT^A02", 16).patient("1").encounter("V1", "in-progress", set("class", `{"code":"IMP"}`)),
		lab(18, "2", "corrected", "7.30", corrects),
		ask(20, "revoked", corrects),
		ask(21, "active", set("priority", `"stat"`)),
		message("pas", "ADT^A08", 22).patient("3").encounter("V9", "in-progress"),
		result(23, "3", "V9", "99", "4"),
		a45(24, "1", "3", "V9"),
		result(25, "1", "V9", "99", "5"),
		message("pas", "ADT^A03", 30).patient("1").encounter("V1", "finished"),
		message("crm", "ADT^A31", 31).patient("1", set("telecom", `[{"value":"2"}]`), set("gender", `"male"`)),
		message("pas", "ADT^A11", 32).patient("1").encounter("V7", "cancelled", corrects),
		message("pas", "ADT^A24", 33).patient("1").say("Patient", "q", id("PAS", "4")).merge("link", "p", "q", ""),
		message("pas", "ADT^A37", 34).patient("1").say("Patient", "q", id("PAS", "4")).merge("unlink", "p", "q", ""),
	}
}

var dayRules = Rules{
	Owns:        map[string][]string{"pas": {"Patient", "Encounter"}, "crm": {"Patient.telecom"}},
	Authorities: map[string][]string{"pas": {"PAS"}},
}

var localReference = regexp.MustCompile(`"([A-Za-z]+)/([a-z2-7]{32})"`)

// contents returns the current content of every resource, with each id replaced
// by what identifies the resource by content, sorted.
func contents(t testing.TB, r *Record) []string {
	t.Helper()
	var list []Resource
	for _, typ := range []string{"Patient", "Encounter", "DiagnosticReport", "Observation", "ServiceRequest"} {
		page, err := r.Search(context.Background(), handover.Everything(handover.Engine), Query{Type: typ, Count: MaxCount})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Resources...)
	}
	label := map[string]string{}
	bare := func(v Resource) string {
		c := regexp.MustCompile(`"meta":\{[^}]*\},?`).ReplaceAllString(string(v.Content), "")
		return strings.Replace(c, `"id":"`+v.ID+`",`, "", 1)
	}
	for range 3 { // by content alone, then by what one refers to, then again
		next := map[string]string{}
		for _, v := range list {
			sum := sha256.Sum256([]byte(localReference.ReplaceAllStringFunc(bare(v), func(s string) string {
				return `"` + label[strings.Trim(s, `"`)] + `"`
			})))
			next[v.Type+"/"+v.ID] = v.Type + "#" + hex.EncodeToString(sum[:8])
		}
		label = next
	}
	var out []string
	for _, v := range list {
		out = append(out, localReference.ReplaceAllStringFunc(bare(v), func(s string) string {
			return `"` + label[strings.Trim(s, `"`)] + `"`
		}))
	}
	slices.Sort(out)
	return out
}

func TestADayShuffledEndsInTheSameRecord(t *testing.T) {
	days := aDay()
	inOrder := newLedger(t, open(t, storetest.SQLite(t), Config{Rules: dayRules}))
	inOrder.hear(days...)
	wantContents := contents(t, inOrder.r)
	for _, must := range []string{`"status":"corrected"`, `"value":7.30`, `"priority":"stat"`, `"replaced-by"`, `"status":"cancelled"`,
		`"family":"Example"`, `"code":"IMP"`} {
		if !slices.ContainsFunc(wantContents, func(c string) bool { return strings.Contains(c, must) }) {
			t.Errorf("the day in order does not end with %s: the test would show little", must)
		}
	}
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 7))
		day := aDay()
		random.Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
		l := newLedger(t, open(t, store.Place{Dir: t.TempDir()}, Config{Rules: dayRules}))
		for _, m := range day {
			l.compose(m)
			if random.IntN(4) == 0 {
				l.apply()
			}
		}
		l.apply()
		got := contents(t, l.r)
		if slices.Equal(got, wantContents) {
			continue
		}
		var events []string
		for _, m := range day {
			events = append(events, fmt.Sprintf("%s %s@%s", m.Source, m.Event, m.EventTime.Format("04")))
		}
		t.Errorf("seed %d, in the order %v:", seed, events)
		compare(t, got, wantContents)
		return
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// anyDay makes up a day of three registrations of one person, who are merged in
// the end: statuses back and forth, corrections, removals, moves, unlinkings,
// three sources, in no order of sense.
func anyDay(random *rand.Rand) []*said {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	maybe := func(o option) option {
		if random.IntN(4) == 0 {
			return o
		}
		return func(*handover.ResourceAssertion) {}
	}
	var day []*said
	for minute := range 14 {
		p := pick("1", "2", "3")
		m := message(pick("pas", "lab", "crm"), "ADT^A08", minute).patient(p,
			maybe(set("gender", `"`+pick("male", "female")+`"`)), maybe(gone("gender")), maybe(set("active", pick("true", "false"))))
		switch random.IntN(6) {
		case 0:
			m.encounter("V1", pick("planned", "in-progress", "finished", "cancelled"), maybe(corrects), maybe(set("length", pick("1", "2"))))
		case 1:
			m.say("Encounter", "e", id("PAS", "V1"), of("p")).say("Observation", "o", id("LAB", pick("1", "2")), of("p"),
				refer("subject", "p"), maybe(refer("encounter", "e")), maybe(corrects),
				set("status", `"`+pick("preliminary", "final", "corrected")+`"`), maybe(set("value", pick("1", "2", "3"))), maybe(gone("value")))
		case 2:
			m.say("Patient", "q", id("PAS", pick("1", "2", "3"))).merge(pick("merge", "unlink", "link"), "p", "q", "")
		case 3:
			q := pick("1", "2", "3")
			if q != p {
				m.say("Patient", "q", id("PAS", q)).encounter("V1", "in-progress").merge("move", "p", "q", "e")
			}
		case 4:
			m.say("DiagnosticReport", "d", id("LAB", "F"), of("p"), refer("subject", "p"), maybe(set("status", `"final"`))).
				say("Observation", "o", scoped("d", pick("a", "b")), of("p"), refer("subject", "p"), set("status", `"final"`))
		}
		day = append(day, m)
	}
	return append(day, a40(100, "1", "2"), a40(101, "1", "3"))
}

func TestAnyDayShuffledEndsInTheSameRecord(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			var first []string
			for turn := range uint64(4) {
				day := anyDay(rand.New(rand.NewPCG(seed, 11)))
				if turn > 0 {
					rand.New(rand.NewPCG(seed, turn)).Shuffle(len(day), func(i, j int) { day[i], day[j] = day[j], day[i] })
				}
				l := newLedger(t, open(t, store.Place{Dir: t.TempDir()}, Config{Rules: Rules{Owns: map[string][]string{"pas": {"Encounter"}}}}))
				l.hear(day...)
				got := contents(t, l.r)
				if turn == 0 {
					first = got
				}
				if !slices.Equal(got, first) {
					t.Errorf("turn %d", turn)
					compare(t, got, first)
					return
				}
			}
		})
	}
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if at(got, i) != at(want, i) {
			t.Errorf("%d:\n got %s\nwant %s", i, at(got, i), at(want, i))
		}
	}
}
