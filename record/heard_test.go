package record

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"handover"
	"handover/internal/store"
	"handover/internal/store/storetest"
)

// TestHeard: every current resource comes once, over several transactions, and what a
// source gave is known where another's word stands.
func TestHeard(t *testing.T) {
	storetest.Each(t, func(t *testing.T, at store.Place) {
		l := newLedger(t, open(t, at, Config{Rules: Rules{Owns: map[string][]string{"pas": {"Patient"}}}}))
		const many = heardAtOnce + 7
		for i := range many {
			n := fmt.Sprint(i)
			l.hear(message("pas", "ADT^A01", i).patient(n, set("identifier", `[{"system":"PAS","value":"`+n+`"}]`), set("birthDate", `"1980"`)))
		}
		l.hear(message("lab", "ORU^R01", 5000).patient("3", set("identifier", `[{"system":"LAB","value":"L3"}]`)).say("Observation", "o", id("LAB", "r"), of("p"), set("status", `"final"`)))
		l.hear(a40(6000, "1", "2"))
		heard := map[string]Heard{}
		in := func(source string, access handover.Access, resourceType string) map[string]Heard {
			heard = map[string]Heard{}
			err := l.r.Heard(context.Background(), access, 0, resourceType, source, func(h Heard) error {
				if _, twice := heard[h.ID]; twice || h.Type != resourceType {
					t.Errorf("%s/%s comes again, or does not belong", h.Type, h.ID)
				}
				heard[h.ID] = h
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return heard
		}
		if n := len(in("pas", all, "Patient")); n != many {
			t.Errorf("%d patients, want %d", n, many)
		}
		three := heard[patientID("3")]
		if !three.Spoke || !three.Said.Equal(day.Add(3*time.Minute)) || !slices.Equal(three.Identifiers, []string{"PAS|3"}) || !strings.Contains(string(three.Content), `"birthDate":"1980"`) {
			t.Errorf("of 3 the administration is heard as %v at %v with %v: %s", three.Spoke, three.Said, three.Identifiers, three.Content)
		}
		in("lab", all, "Patient")
		three = heard[patientID("3")]
		if !three.Spoke || !three.Said.Equal(day.Add(5000*time.Minute)) || !slices.Equal(three.Identifiers, []string{"PAS|3", "LAB|L3"}) {
			t.Errorf("of 3 the laboratory is heard as %v at %v with %v", three.Spoke, three.Said, three.Identifiers)
		}
		if four := heard[patientID("4")]; four.Spoke || !four.Said.IsZero() {
			t.Errorf("the laboratory never spoke of 4: %+v", four)
		}
		if n := len(in("lab", all, "Observation")); n != 1 {
			t.Errorf("%d observations, want 1", n)
		}
		if n := len(in("lab", all, "Account")); n != 0 {
			t.Errorf("%d accounts, want none", n)
		}
		nothing := handover.Access{Sees: func(handover.Row) bool { return false }}
		if n := len(in("pas", nothing, "Patient")); n != 0 {
			t.Errorf("who may see nothing is given %d", n)
		}
	})
}
